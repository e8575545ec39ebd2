"""Days left, and the order in which days go."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from agent.core.retention import StoredFile, days_left, plan

TODAY = date(2026, 11, 22)
YESTERDAY = date(2026, 11, 21)
OLDER = date(2026, 11, 20)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("room", "per_day", "days"),
    [
        (1000, {}, None),
        (1000, {TODAY: 250}, None),  # who knows when today recording began
        (1000, {TODAY: 250, YESTERDAY: 500}, 2.0),
        (1000, {TODAY: 0, YESTERDAY: 500}, 4.0),
        (1000, {date(2026, 11, 1): 9999}, None),
        (-5, {TODAY: 250, YESTERDAY: 500}, 0.0),
    ],
)
def test_days_left_are_counted_at_todays_rate(
    room: int, per_day: dict[date, int], days: float | None
) -> None:
    assert days_left(room, per_day, NOON) == days


def test_a_day_that_has_just_begun_is_no_burst() -> None:
    midnight = datetime(2026, 11, 22, 0, 1, tzinfo=UTC)
    assert days_left(2400, {TODAY: 10}, midnight) is None
    assert days_left(2400, {TODAY: 10, YESTERDAY: 240}, midnight) == pytest.approx(9.6, rel=0.01)


def test_within_a_day_its_file_goes_first_and_the_manifest_last() -> None:
    names = [
        "events/081501_E.mp4",
        "events.jsonl",
        "notes.jsonl",
        "monitoring/081501.jpg",
        "2026-11-20.mp4",
    ]
    files = [StoredFile(date(2026, 11, 20), f"front/2026-11-20/{name}", 1) for name in names]
    files.append(StoredFile(TODAY, "front/2026-11-22/2026-11-22.mp4", 1))
    decided = plan(files, TODAY, 4, clock_trusted=True)
    assert decided.delete == ()
    assert [file.path.removeprefix("front/2026-11-20/") for file in decided.for_room] == [
        "2026-11-20.mp4",
        "events/081501_E.mp4",
        "monitoring/081501.jpg",
        "events.jsonl",
        "notes.jsonl",
    ]


def test_today_and_the_newest_day_never_go_for_room() -> None:
    days = (date(2026, 11, 19), date(2026, 11, 20))
    files = [StoredFile(day, f"front/{day}/{day}.mp4", 1) for day in days]
    decided = plan(files, TODAY, 9, clock_trusted=True)
    assert [file.day for file in decided.for_room] == [days[0]]
    assert plan(files, TODAY, 9, clock_trusted=False).for_room == ()
