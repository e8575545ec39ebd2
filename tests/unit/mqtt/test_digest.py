"""Counts and best pictures of the last hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.digest import MOST, digest

SINCE = datetime(2028, 2, 28, 8, 0, tzinfo=UTC)


def motion(name: str, kind: str, minutes: float = 5.0, **more: object) -> dict[str, Any]:
    at = (SINCE + timedelta(minutes=minutes)).isoformat()
    return {"event_type": f"motion_{kind}", "id": name, "started_at": at, "label": None, **more}


def clip(name: str, kind: str = "saved", path: str | None = "", **more: object) -> dict[str, Any]:
    at = (SINCE + timedelta(minutes=5)).isoformat()
    path = f"door/2028-02-28/events/080500_{name}.mp4" if path == "" else path
    return {
        "event_type": f"recording_{kind}",
        "motion_id": name,
        "started_at": at,
        "path": path,
        **more,
    }


def test_each_event_counts_once_with_the_last_name_it_got() -> None:
    door = [
        motion("A", "started"),
        motion("A", "classified", label="vehicle"),
        motion("A", "ended", label="person", peak_score=4.0),
        motion("B", "started"),
        motion("C", "suppressed"),
        motion("D", "ended", minutes=-1),
    ]
    yard = [motion("E", "ended", label="animal")]
    found = digest({"door": (door, []), "yard": (yard, [])}, SINCE, 24.0)
    assert (found["events"], found["cameras"]) == (3, {"door": 2, "yard": 1})
    assert found["labels"] == {"person": 1, "unnamed": 1, "animal": 1}
    assert (found["best"], found["more"]) == ([], False)


def test_the_best_are_persons_first_and_only_those_whose_picture_is_stored() -> None:
    door = [
        motion("A", "ended", peak_score=9.0),
        motion("B", "ended", label="person", top_score=0.7),
        motion("C", "ended", label="person", top_score=0.9),
        motion("D", "ended", label="animal", top_score=1.0),
        motion("E", "ended", label="person", top_score=1.0),
    ]
    clips = [clip(name) for name in "ABCD"] + [clip("E", "failed", None)]
    found = digest({"door": (door, clips)}, SINCE, 24.0)
    assert [best["id"] for best in found["best"]] == ["C", "B", "D"]
    assert found["best"][0]["picture"] == "door/2028-02-28/events/080500_C.jpg"
    assert (found["saved"], found["failed"]) == (4, 1)


def test_a_flood_says_that_there_were_more() -> None:
    door = [motion(str(number), "ended") for number in range(MOST)]
    assert digest({"door": (door, [])}, SINCE, 24.0)["more"] is True
    door[0] = motion("0", "ended", minutes=-1)
    assert digest({"door": (door, [])}, SINCE, 24.0)["more"] is False


NONSENSE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "event_type", "started_at", "ts", "label", "path", "motion_id", "top_score"]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=10,
)


@given(st.lists(NONSENSE, max_size=5), st.lists(NONSENSE, max_size=5))
def test_damaged_messages_are_left_out(motions: list[Any], recordings: list[Any]) -> None:
    door = ([*motions, motion("A", "ended")], [*recordings, clip("A")])
    assert digest({"door": door}, SINCE, 24.0)["events"] >= 1
