from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.page.archive import detection_of, event_at, stored_events
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


def test_an_event_that_still_runs_does_not_reach_into_the_future() -> None:
    now = BEGIN + timedelta(seconds=30)
    for running in (event(None), event(20.0)):
        assert event_at([running], BEGIN + timedelta(seconds=10), now) is running
        assert event_at([running], BEGIN - timedelta(seconds=1), now) is None
        assert event_at([running], now + timedelta(seconds=1), now) is None
    assert event_at([event(20.0)], BEGIN + timedelta(seconds=25), now) is None


@pytest.mark.parametrize(
    "said", [{}, {"reason": "nonsense"}, {"reason": "motion", "score": "much"}, {"reason": 1}]
)
def test_figures_that_are_none_are_no_detection(said: dict[str, Any]) -> None:
    assert detection_of(said) is None


def test_lines_that_make_no_sense_are_counted_and_cost_only_themselves() -> None:
    told = {"events": [GOOD, {}, {**GOOD, "started": "x"}, {**GOOD, "files": 7}], "kept": ["01"]}
    events, bad = stored_events("yard", told, {"01"})
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
        events, bad = stored_events("yard", told, ())
        assert (len(events), bad) == (2, 1), changed
        assert event_at(events, BEGIN - timedelta(days=1), BEGIN) is None
    huge = {"explanation": {"peak": {"reason": "motion", "score": 10**400}}}
    events, bad = stored_events("yard", {"events": [{**GOOD, **huge}]}, ())
    assert [event.score for event in events] == [None]
