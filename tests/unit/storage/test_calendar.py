"""The setting of the clock is remembered over restarts, and never ends anything."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agent.core.dating import Misdated, made_on
from agent.storage.calendar import Calendar, misdated_of
from tests.support.clock import START, FakeClock

BEGAN = datetime(2000, 1, 1, tzinfo=UTC)
STEP = (START - BEGAN).total_seconds()
SINCE_SET = (Misdated(date(2000, 1, 1), date(2000, 1, 1), int(STEP)),)
ENDLESS = (
    '{"boot": "b", "zero": 0, "since": "2026-11-22", "own": [],'
    ' "earlier": [["2026-11-22", "2026-11-22", Infinity]]}'
)


def test_an_agent_that_was_down_when_the_clock_was_set_learns_of_it(tmp_path: Path) -> None:
    clock = FakeClock(utc=BEGAN)
    assert Calendar(tmp_path / "state", clock, UTC).look() == BEGAN.date()
    clock.step_utc(STEP)
    calendar = Calendar(tmp_path / "state", clock, UTC)
    assert calendar.look() == START.date()
    assert calendar.misdated == misdated_of(tmp_path / "state") == SINCE_SET


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"boot": 1, "zero": null}', "\0", '{"boot":', ENDLESS]
)
def test_a_damaged_file_is_said_and_written_anew(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "clock.json").write_text(text)
    calendar = Calendar(tmp_path, FakeClock(), UTC)
    assert "clock.json cannot be read" in caplog.text
    assert calendar.look() == START.date()
    caplog.clear()
    assert misdated_of(tmp_path) == ()
    assert caplog.text == ""


def test_without_a_file_it_is_remembered_as_long_as_the_agent_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "clock.json").mkdir()
    clock = FakeClock(utc=BEGAN)
    with caplog.at_level(logging.INFO):
        calendar = Calendar(tmp_path, clock, UTC)
        calendar.look()
        clock.step_utc(STEP)
        calendar.look()
    assert calendar.misdated == SINCE_SET
    assert "clock.json cannot be written" in caplog.text
    assert "the clock was set" in caplog.text


def test_a_mistake_that_is_taken_back_is_forgotten_over_a_restart(tmp_path: Path) -> None:
    clock, year = FakeClock(), 365 * 86_400.0
    Calendar(tmp_path, clock, UTC).look()
    clock.advance(20 * 86_400.0)
    clock.step_utc(year)
    Calendar(tmp_path, clock, UTC).look()
    assert made_on(START.date(), misdated_of(tmp_path), date(2028, 1, 1)) > date(2027, 1, 1)
    clock.advance(60.0)
    clock.step_utc(-year)
    calendar = Calendar(tmp_path, clock, UTC)
    calendar.look()
    assert calendar.misdated == misdated_of(tmp_path)
    assert made_on(START.date(), calendar.misdated, date(2028, 1, 1)) == START.date()


def test_a_machine_that_sleeps_sets_no_clock(tmp_path: Path) -> None:
    clock = FakeClock()
    calendar = Calendar(tmp_path, clock, UTC)
    calendar.look()
    clock.suspend(8 * 3600.0)
    calendar.look()
    assert calendar.misdated == ()


def test_what_could_not_be_written_is_tried_again_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "clock.json").mkdir()
    clock = FakeClock()
    calendar = Calendar(tmp_path, clock, UTC)
    for _ in range(300):
        calendar.look()
        clock.advance(1.0)
    assert caplog.text.count("cannot be written") == 1
    (tmp_path / "clock.json").rmdir()
    clock.advance(60.0)
    calendar.look()
    assert (tmp_path / "clock.json").is_file()
