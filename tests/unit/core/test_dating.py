"""A clock that begins in the past and is set later; what it named counts as of the setting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from agent.core.dating import MOST, Misdated, Shown, look, made_on

BEGAN = datetime(2000, 1, 1, tzinfo=UTC)
SET = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def booted(at: float = 20.0) -> Shown:
    return look(None, "boot", at, BEGAN + timedelta(seconds=at))


def test_a_clock_that_only_runs_says_nothing_new() -> None:
    shown = booted()
    later = look(shown, "boot", 90_020.0, BEGAN + timedelta(seconds=90_021))
    assert later is shown
    assert later.misdated == ()


def test_what_was_dated_before_the_clock_was_set_counts_as_of_that_day() -> None:
    shown = look(booted(), "boot", 100_000.0, SET)
    assert shown.misdated == (Misdated(date(2000, 1, 1), date(2000, 1, 2), SET.date()),)
    assert made_on(date(2000, 1, 2), shown.misdated) == SET.date()
    assert made_on(date(2000, 1, 3), shown.misdated) == date(2000, 1, 3)
    assert look(shown, "boot", 100_001.0, SET) is shown


def test_it_is_remembered_over_boots_and_a_new_boot_is_no_step() -> None:
    shown = look(booted(), "boot", 100.0, SET)
    again = look(shown, "next boot", 5.0, BEGAN)
    assert again.misdated == shown.misdated
    assert len(look(again, "next boot", 60.0, SET + HOUR).misdated) == 2


def test_a_clock_set_back_makes_nothing_older() -> None:
    shown = look(None, "boot", 20.0, SET)
    back = look(shown, "boot", 30.0, SET - 24 * HOUR)
    assert back.misdated == ()
    assert back.since == (SET - 24 * HOUR).date()


def test_a_day_never_gets_older_than_its_name() -> None:
    misdated = (Misdated(date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 10)),)
    assert made_on(date(2026, 11, 20), misdated) == date(2026, 11, 20)


def test_a_clock_that_is_set_for_ever_fills_no_memory() -> None:
    shown = booted()
    for hours in range(1, 200):
        shown = look(shown, "boot", 20.0, BEGAN + hours * 2 * HOUR)
    assert len(shown.misdated) == MOST
