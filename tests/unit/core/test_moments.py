"""Moments as people write them, also around the nights on which the clock is changed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.moments import AROUND, moment_of, moments

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)  # 13:00 in Berlin


def utc(text: str, now: datetime = NOON) -> list[str]:
    return [it.at.strftime("%m-%d %H:%M:%S") for it in moments(text, now, BERLIN)]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("12:03", "11-29 11:03:00"),
        ("14:03", "11-28 13:03:00"),  # today it is still to come: yesterday's is meant
        ("9:03", "11-29 08:03:00"),
        (" 12:03:20 ", "11-29 11:03:20"),
        ("2026-11-29T14:03", "11-29 13:03:00"),
        ("2026-11-29 14:03", "11-29 13:03:00"),
        ("2026-11-29T14:03Z", "11-29 14:03:00"),
        ("2026-11-29T14:03:07+05:00", "11-29 09:03:07"),
    ],
)
def test_a_time_is_read(text: str, at: str) -> None:
    assert utc(text) == [at]


def test_a_minute_is_looked_at_whole_and_a_second_with_what_is_around_it() -> None:
    (minute,) = moments("12:03", NOON, BERLIN)
    assert minute.end - minute.begin == timedelta(minutes=1)
    assert minute.begin == minute.at
    (second,) = moments("12:03:20", NOON, BERLIN)
    assert (second.at - second.begin, second.end - second.at) == (AROUND, AROUND)
    assert (second.local, second.offset) == ("2026-11-29 12:03:20", "+01:00")


def test_a_local_time_that_came_twice_is_two_moments() -> None:
    found = moments("2026-10-25T02:30", NOON, BERLIN)
    assert [(it.at.hour, it.offset) for it in found] == [(0, "+02:00"), (1, "+01:00")]
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # of the second one nothing has been yet
    assert utc("02:30", between) == ["10-25 00:30:00"]
    assert utc("2026-10-25T02:30+01:00") == ["10-25 01:30:00"]


def test_a_local_time_that_was_skipped_is_refused_and_not_moved() -> None:
    with pytest.raises(ValueError, match="put forward over that time"):
        moments("2026-03-29T02:30", NOON, BERLIN)
    morning = datetime(2026, 3, 29, 9, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="put forward over that time"):
        moments("02:30", morning, BERLIN)
    night = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # 01:30: the day before is meant
    assert utc("02:30", night) == ["03-28 01:30:00"]


@pytest.mark.parametrize(
    "text",
    ["", "x", "14", "25:00", "12:60", "2026-11-29", "2026-13-01T10:00", "1403", "9999-12-31T23:59",
     "0001-01-01T00:00", "2026-11-29T14:03+99:00", "٣:٠٣", "14:03:99", "noon" * 50],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_an_example_or_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment: "):
        moments(text, NOON, BERLIN)


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    with suppress(ValueError):
        assert 1 <= len(moments(text, NOON, BERLIN)) <= 2


@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001  local on purpose
def test_every_moment_that_is_found_is_what_clocks_there_showed(local: datetime) -> None:
    local = local.replace(microsecond=0)
    try:
        found = moments(local.isoformat(), NOON, BERLIN)
    except ValueError:
        gone = local.replace(tzinfo=BERLIN).astimezone(UTC).astimezone(BERLIN)
        assert gone.replace(tzinfo=None) != local
        return
    for moment in found:
        shown = moment.at.astimezone(BERLIN).replace(tzinfo=None)
        assert shown == local
        assert moment_of(moment.at, BERLIN) == moment
