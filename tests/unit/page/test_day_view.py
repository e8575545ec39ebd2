from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

from agent.classify.geometry import LOOKS
from agent.core.messages import Detection, Reason, ZoneStay
from agent.page.day_view import bounds, clock_change, detection_of, event_at, stored_events
from agent.storage.reading import library
from schemas.page import DayEvent

BEGIN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "id": "01", "started": "2026-11-22T12:00:00Z", "started_local": "2026-11-22T13:00:00+01:00",
    "duration_s": 3.0, "files": ["clip"], "playable": True, "place": {"part": 1, "at": 2.0},
    "explanation": {"peak": {"reason": "motion", "score": 2.5, "zone": "door"}},
}  # fmt: skip


def event(seconds: float | None) -> DayEvent:
    return DayEvent(
        id="01", camera="yard", begin=BEGIN, local="12:00:00", seconds=seconds, score=1.0,
        text="", files=[], stored=True,
    )  # fmt: skip


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts the machine into a time zone."""

    def put(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield put
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "day", "change"),
    [
        ("Europe/Berlin", date(2026, 3, 29), (7200.0, 3600.0)),
        ("Europe/Berlin", date(2026, 10, 25), (10800.0, -3600.0)),
        ("Europe/Berlin", date(2026, 11, 22), None),
        ("Australia/Lord_Howe", date(2026, 10, 4), (7200.0, 1800.0)),
        ("America/St_Johns", date(2026, 3, 8), (7200.0, 3600.0)),
        ("UTC", date(2026, 3, 29), None),
    ],
)
def test_the_change_of_the_clock_is_found(
    zone: Callable[[str], None], name: str, day: date, change: tuple[float, float] | None
) -> None:
    zone(name)
    assert clock_change(*bounds(day)) == change


def test_an_event_that_still_runs_does_not_reach_into_the_future() -> None:
    now = BEGIN + timedelta(seconds=30)
    for running in (event(None), event(20.0)):
        assert event_at([running], BEGIN + timedelta(seconds=10), now) is running
        assert event_at([running], BEGIN - timedelta(seconds=1), now) is None
        assert event_at([running], now + timedelta(seconds=1), now) is None
    assert event_at([event(20.0)], BEGIN + timedelta(seconds=25), now) is None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"reason": "nonsense"},
        {"reason": "motion", "score": "much"},
        {"reason": 1},
        {"reason": "motion", "stay": 7},
        {"reason": "motion", "stay": []},
        {"reason": "motion", "stay": ["long"]},
    ],
)
def test_figures_that_are_none_are_no_detection(said: dict[str, Any]) -> None:
    assert detection_of(said) is None


@pytest.mark.parametrize("stay", [ZoneStay(9.1, 8.0), ZoneStay(0.5, came_from="lawn")])
def test_an_event_of_a_zone_that_asks_for_more_is_read_back_as_it_was_stored(
    stay: ZoneStay,
) -> None:
    was = Detection(0, 0.0, motion=True, reason=Reason.MOTION, score=2.5, zone="door", stay=stay)
    stored = {"peak": json.loads(json.dumps(was._asdict()))}
    read = json.loads(json.dumps(library._explained(stored)))
    assert detection_of(read["peak"]) == was
    events, bad = stored_events("yard", {"events": [{**GOOD, "explanation": read}]})
    assert ([it.zone for it in events], bad) == (["door"], 0)
    assert "inside for" in events[0].text


def test_lines_that_make_no_sense_are_counted_and_cost_only_themselves() -> None:
    told = {"events": [GOOD, {}, {**GOOD, "started": "x"}, {**GOOD, "files": 7}], "kept": ["01"]}
    events, bad = stored_events("yard", {**told, "false_alarms": ["01"]})
    assert bad == 3
    assert [(e.local, e.zone, e.kept, e.false_alarm, e.film_at) for e in events] == [
        ("13:00:00", "door", True, True, 2.0)
    ]


HOSTILE: list[dict[str, Any]] = [
    {"started": "0001-01-01T00:00:00+14:00"},
    {"started": "9999-12-31T23:59:59Z"},
    {"duration_s": 1e300},
    {"duration_s": 10**400},
    {"duration_s": -5.0},
    {"place": {"part": 1, "at": 10**400}},
]


def test_figures_that_nobody_can_reckon_with_cost_only_their_own_line() -> None:
    for changed in HOSTILE:
        told = {"events": [GOOD, {**GOOD, **changed}, GOOD]}
        events, bad = stored_events("yard", told)
        assert (len(events), bad) == (2, 1), changed
        assert event_at(events, BEGIN - timedelta(days=1), BEGIN) is None
    huge = {"explanation": {"peak": {"reason": "motion", "score": 10**400}}}
    events, bad = stored_events("yard", {"events": [{**GOOD, **huge}]})
    assert [event.score for event in events] == [None]


NAMED: dict[str, Any] = {
    "label": "vehicle", "sub_label": "car", "top_score": 0.81, "model": "own",
    "object_box": [0.1, 0.2, 0.3, 0.4],
}  # fmt: skip


def test_an_event_has_its_name_and_what_people_said_of_it() -> None:
    told = {"events": [{**GOOD, **NAMED}, {**GOOD, "id": "02", "label": "unknown"}, GOOD]}
    events, bad = stored_events("yard", {**told, "wrong_labels": ["01"]})
    assert bad == 0
    first, unknown, unnamed = events
    assert (first.label, first.sub_label, first.top_score) == ("vehicle", "car", 0.81)
    assert (first.object_box, first.wrong_label) == ((0.1, 0.2, 0.3, 0.4), True)
    assert (unknown.label, unknown.top_score, unknown.wrong_label) == ("unknown", None, False)
    assert unnamed.label is None


@pytest.mark.parametrize(
    "nonsense",
    [{"label": 7}, {"top_score": 10**400}, {"object_box": [1, 2]}, {"object_box": "box"}],
)
def test_a_name_that_makes_no_sense_costs_the_name_only(nonsense: dict[str, Any]) -> None:
    events, bad = stored_events("yard", {"events": [{**GOOD, **NAMED, **nonsense}]})
    assert (bad, events[0].label, events[0].object_box) == (0, None, None)


def test_the_page_shows_the_wider_square_that_the_classifier_looks_at() -> None:
    script = (files("agent.page") / "static" / "day.js").read_text("utf-8")
    boxes, part = LOOKS[-1]
    assert f"const BOXES = {boxes:g}, PART = {part:g};" in script
