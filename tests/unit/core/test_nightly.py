"""When the test of the night is due, also on the nights on which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.core.nightly import LATE, due, next_time

BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "at", "expected"),
    [
        ("2026-11-29T02:29", "03:30", "2026-11-29T02:30"),  # 03:29 there
        ("2026-11-29T02:30", "03:30", "2026-11-30T02:30"),  # now is not the next time
        ("2026-11-29T23:30", "00:10", "2026-11-30T23:10"),  # it is tomorrow there already
        ("2026-10-25T00:00", "02:30", "2026-10-25T00:30"),  # twice that night: the first one
        ("2026-10-25T00:31", "02:30", "2026-10-26T01:30"),
        ("2026-03-29T00:00", "02:30", "2026-03-29T01:30"),  # not that night: by the old clock
        ("2028-02-29T12:00", "03:30", "2028-03-01T02:30"),
    ],
)
def test_the_next_time_is_local(now: str, at: str, expected: str) -> None:
    assert next_time(at, moment(now), BERLIN) == moment(expected)


def test_it_is_due_once_a_day() -> None:
    now, planned, times = moment("2026-10-23T12:00"), None, []
    for _ in range(4 * 24 * 60):
        is_due, planned = due("02:30", planned, now, BERLIN)
        times += [now] if is_due else []
        now += timedelta(minutes=1)
    assert [it.strftime("%d %H:%M") for it in times] == [
        "24 00:30",
        "25 00:30",
        "26 01:30",
        "27 01:30",
    ]


def test_what_a_clock_that_was_put_forward_has_left_out_is_not_made_up_for() -> None:
    _, planned = due("03:30", None, moment("1970-01-01T00:00"), BERLIN)
    is_due, planned = due("03:30", planned, moment("2026-11-29T12:00"), BERLIN)
    assert (is_due, planned) == (False, moment("2026-11-30T02:30"))
    is_due, _ = due("03:30", planned, planned + LATE, BERLIN)
    assert is_due


def test_a_clock_that_was_put_back_does_not_put_the_test_off_for_years() -> None:
    _, planned = due("03:30", None, moment("2040-01-01T00:00"), BERLIN)
    assert due("03:30", planned, moment("2026-11-29T12:00"), BERLIN) == (
        False,
        moment("2026-11-30T02:30"),
    )
