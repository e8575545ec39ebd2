"""Zones that ask for more than motion: dwell, and where it came from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.core.messages import Reason, ZoneStay
from agent.vision.zone_stays import Ruling, Stays
from schemas.zones import Zone

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
RATE = 4.0  # judged frames a second, exact in binary
GAP = 3
PORCH = {"porch": Zone(polygon=SQUARE, dwell=2.0)}
GATE = {
    "street": Zone(polygon=SQUARE, mode="watch"),
    "gate": Zone(polygon=SQUARE, came_from="street"),
}


def reasons(zones: dict[str, Zone], *frames: str, gap: int = GAP) -> list[str]:
    """What becomes of one blob a frame, which is in the zones named; an empty word: no blob."""
    stays = Stays(zones)
    said = []
    for number, names in enumerate(frames):
        rulings = stays.update(number / RATE, [names.split()] if names else [], gap)
        said.append(rulings[0].reason.value if rulings else "")
    return said


def test_motion_counts_after_so_many_seconds_inside() -> None:
    assert reasons(PORCH, *["porch"] * 10) == ["dwell"] * 8 + ["motion"] * 2


def test_who_leaves_begins_anew_and_who_pauses_shortly_does_not() -> None:
    pauses = ["porch", "", "porch", "porch", "porch", "porch", "porch", "porch", "porch"]
    assert reasons(PORCH, *pauses)[-1] == "motion"
    leaves = ["porch", "", "", "", *["porch"] * 5]
    assert set(reasons(PORCH, *leaves)[4:]) == {"dwell"}


def test_motion_counts_only_where_it_came_from_the_other_zone() -> None:
    assert reasons(GATE, "street", "street", "gate", "gate") == [
        "direction", "direction", "motion", "motion",
    ]  # fmt: skip
    assert reasons(GATE, "gate", "street", "street") == ["direction"] * 3
    assert reasons(GATE, "gate", "gate") == ["direction"] * 2


def test_who_was_in_the_other_zone_long_ago_did_not_come_from_there() -> None:
    assert reasons(GATE, "street", "", "", "gate")[-1] == "direction"
    assert reasons(GATE, "street", "", "gate")[-1] == "motion"


def test_who_begins_in_both_zones_at_once_came_from_neither() -> None:
    stays = Stays(GATE)
    assert [it.reason for it in stays.update(0.0, [["gate"], ["street"]], GAP)] == [
        Reason.DIRECTION,
        Reason.DIRECTION,
    ]


def test_dwell_and_direction_go_together() -> None:
    zones = {**GATE, "gate": Zone(polygon=SQUARE, came_from="street", dwell=0.5)}
    said = reasons(zones, "street", "gate", "gate", "gate")
    assert said == ["direction", "dwell", "dwell", "motion"]


def test_a_zone_that_asks_for_more_decides_whatever_zones_lie_over_it() -> None:
    zones = {**PORCH, "garden": Zone(polygon=SQUARE)}
    assert reasons(zones, "garden porch", "garden") == ["dwell", "motion"]


def test_it_says_the_zone_and_how_long_something_has_been_inside() -> None:
    stays = Stays(PORCH)
    stays.update(10.0, [["porch"]], GAP)
    (ruling,) = stays.update(10.5, [["porch"]], GAP)
    assert ruling == Ruling(Reason.DWELL, "porch", ZoneStay(0.5, 2.0))


def test_nothing_of_a_session_that_is_over_counts() -> None:
    stays = Stays(PORCH)
    stays.update(0.0, [["porch"]], GAP)
    stays.forget()
    (ruling,) = stays.update(0.25, [["porch"]], GAP)
    assert ruling.stay == ZoneStay(0.0, 2.0)


def test_only_zones_that_ask_for_more_need_it() -> None:
    assert Stays(PORCH).needed
    assert not Stays({"garden": Zone(polygon=SQUARE)}).needed


MOVES = st.lists(st.lists(st.sampled_from(["porch", "street", "gate", "garden"]), max_size=3))


@given(MOVES, st.integers(1, 5), st.integers(1, 12))
def test_what_counts_was_inside_for_long_enough_without_a_pause(
    moves: list[list[str]], gap: int, quarters: int
) -> None:
    """Against a rule that looks back over all frames."""
    zones = {**GATE, "porch": Zone(polygon=SQUARE, dwell=quarters / RATE)}
    zones["garden"] = Zone(polygon=SQUARE)
    stays = Stays(zones)
    for now, blobs in enumerate(moves):
        rulings = stays.update(now / RATE, [[it] for it in blobs], gap)
        for name, ruling in zip(blobs, rulings, strict=True):
            began = _began(moves, name, now, gap)
            if name == "porch":
                assert (ruling.reason is Reason.MOTION) == (now - began >= quarters)
            elif name == "gate":
                before = [n for n in range(max(0, began - gap + 1), began) if "street" in moves[n]]
                assert (ruling.reason is Reason.MOTION) == bool(before)
            else:
                assert (ruling.reason is Reason.MOTION) == (name == "garden")


def _began(moves: list[list[str]], name: str, now: int, gap: int) -> int:
    """The first frame of the stay that goes on in frame `now`."""
    first = now
    for n in range(now, -1, -1):
        if name in moves[n] and first - n < gap:
            first = n
    return first
