"""The setting of the clock is remembered over restarts, and never ends anything."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.clock_corrections import Misdated, made_on
from agent.runtime.host import boot_id
from agent.storage.store.clock_file import Calendar, as_json, from_json, misdated_of
from tests.support.clock import START, FakeClock

BEGAN = datetime(2000, 1, 1, tzinfo=UTC)
STEP = (START - BEGAN).total_seconds()
SINCE_SET = (Misdated(date(2000, 1, 1), date(2000, 1, 1), int(STEP)),)
WHOLE = (
    '{"boot": "b", "zero": 0.0, "since": "2026-11-22", "until": 1.0, "sure": true, "own": [],'
    ' "doubted": [], "earlier": [["2026-11-22", "2026-11-22", 86400]]}'
)


def unsure() -> bool:
    """What the kernel says of a clock that nobody has set."""
    return False


def test_an_agent_that_was_down_when_the_clock_was_set_learns_of_it(tmp_path: Path) -> None:
    clock = FakeClock(utc=BEGAN)
    assert Calendar(tmp_path / "state", clock, UTC, unsure).look() == BEGAN.date()
    clock.step_utc(STEP)
    calendar = Calendar(tmp_path / "state", clock, UTC, unsure)
    assert calendar.look() == START.date()
    assert calendar.misdated == misdated_of(tmp_path / "state") == SINCE_SET


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"boot": 1, "zero": null}', "\0", '{"boot":']
    + [
        WHOLE.replace("86400", later)
        for later in ("Infinity", "NaN", "1e99", "1e11", "null", '"1"e')
    ]
    + [
        WHOLE.replace("0.0", zero)
        for zero in ("Infinity", "NaN", "-1e99", "-62135593200", "1e12", "null")
    ]
    + [WHOLE.replace("1.0", until) for until in ("Infinity", "NaN", "1e12", "null")],
)
def test_a_damaged_file_is_said_and_written_anew(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "clock.json").write_text(text)
    calendar = Calendar(tmp_path, FakeClock(), UTC, unsure)
    assert "clock.json cannot be read" in caplog.text
    assert calendar.look() == START.date()
    caplog.clear()
    assert misdated_of(tmp_path) == ()
    assert caplog.text == ""


NUMBERS = (
    st.floats()
    | st.integers()
    | st.floats(-1e9, 1e11)
    | st.integers(-(10**11), 10**11)
    | st.sampled_from([-62135593200, 86399999913600, -86399999913600, 253402300799, 10**400])
)
SPANS = st.lists(st.tuples(st.dates().map(str), st.dates().map(str), NUMBERS), max_size=3)


@given(
    numbers=st.tuples(NUMBERS, NUMBERS),
    since=st.dates().map(str),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    spans=st.tuples(SPANS, SPANS, SPANS),
    tz=st.sampled_from(["America/New_York", "Asia/Tokyo", "UTC"]),
    day=st.dates(),
)
def test_no_numbers_in_the_file_ever_raise(
    numbers: tuple[float, float],
    since: str,
    flags: tuple[bool, bool, bool],
    spans: tuple[list[Any], list[Any], list[Any]],
    tz: str,
    day: date,
) -> None:
    same_boot, was_sure, is_sure = flags
    own, doubted, earlier = spans
    content = {
        "boot": boot_id() if same_boot else "another",
        "zero": numbers[0],
        "since": since,
        "until": numbers[1],
        "sure": was_sure,
        "own": own,
        "doubted": doubted,
        "earlier": earlier,
    }
    with TemporaryDirectory() as folder:
        (Path(folder) / "clock.json").write_text(json.dumps(content))
        clock = FakeClock()
        calendar = Calendar(Path(folder), clock, ZoneInfo(tz), lambda: is_sure)
        for step in (0.0, STEP, -STEP):
            clock.step_utc(step)
            today = calendar.look()
            made_on(day, calendar.misdated, today)
            assert from_json(as_json(calendar.misdated)) == calendar.misdated


def test_without_a_file_it_is_remembered_as_long_as_the_agent_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "clock.json").mkdir()
    clock = FakeClock(utc=BEGAN)
    with caplog.at_level(logging.INFO):
        calendar = Calendar(tmp_path, clock, UTC, unsure)
        calendar.look()
        clock.step_utc(STEP)
        calendar.look()
    assert calendar.misdated == SINCE_SET
    assert "clock.json cannot be written" in caplog.text
    assert "the clock was set" in caplog.text


def test_a_mistake_that_is_taken_back_is_forgotten_over_a_restart(tmp_path: Path) -> None:
    clock, year = FakeClock(), 365 * 86_400.0
    Calendar(tmp_path, clock, UTC, unsure).look()
    clock.advance(20 * 86_400.0)
    clock.step_utc(year)
    Calendar(tmp_path, clock, UTC, unsure).look()
    assert made_on(START.date(), misdated_of(tmp_path), date(2028, 1, 1)) > date(2027, 1, 1)
    clock.advance(60.0)
    clock.step_utc(-year)
    calendar = Calendar(tmp_path, clock, UTC, unsure)
    calendar.look()
    assert calendar.misdated == misdated_of(tmp_path)
    assert made_on(START.date(), calendar.misdated, date(2028, 1, 1)) == START.date()


def test_a_machine_that_sleeps_sets_no_clock(tmp_path: Path) -> None:
    clock = FakeClock()
    calendar = Calendar(tmp_path, clock, UTC, unsure)
    calendar.look()
    clock.suspend(8 * 3600.0)
    calendar.look()
    assert calendar.misdated == ()


def test_what_could_not_be_written_is_tried_again_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "clock.json").mkdir()
    clock = FakeClock()
    calendar = Calendar(tmp_path, clock, UTC, unsure)
    for _ in range(300):
        calendar.look()
        clock.advance(1.0)
    assert caplog.text.count("cannot be written") == 1
    (tmp_path / "clock.json").rmdir()
    clock.advance(60.0)
    calendar.look()
    assert (tmp_path / "clock.json").is_file()


def test_a_whole_file_is_understood(tmp_path: Path) -> None:
    (tmp_path / "clock.json").write_text(WHOLE)
    assert misdated_of(tmp_path) == (Misdated(date(2026, 11, 22), date(2026, 11, 22), 86_400),)


def test_the_kernel_is_asked_until_it_calls_the_clock_right_which_is_remembered(
    tmp_path: Path,
) -> None:
    clock, said, asked = FakeClock(), [False, True], 0

    def synchronised() -> bool:
        nonlocal asked
        asked += 1
        return said[asked - 1]

    calendar = Calendar(tmp_path, clock, UTC, synchronised)
    for _ in range(5):
        calendar.look()
    again = Calendar(tmp_path, clock, UTC, synchronised)
    again.look()
    assert asked == len(said)


def test_where_boots_have_no_names_a_setting_is_noticed_as_long_as_the_agent_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.storage.store.clock_file.boot_id", lambda: "")
    clock = FakeClock(9e5, BEGAN)
    calendar = Calendar(tmp_path, clock, UTC, unsure)
    calendar.look()
    clock.step_utc(STEP)
    calendar.look()
    assert calendar.misdated == SINCE_SET
    Calendar(tmp_path, FakeClock(5.0), UTC, unsure).look()
    assert misdated_of(tmp_path) == SINCE_SET


def test_the_file_is_written_when_something_is_new_and_a_setting_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, sure = FakeClock(), False
    calendar = Calendar(tmp_path, clock, UTC, lambda: sure)
    written = []
    with caplog.at_level(logging.INFO):
        for second in range(3 * 3_600):
            sure = second >= 2 * 3_600 + 60
            calendar.look()
            written.append((tmp_path / "clock.json").stat().st_mtime_ns)
            clock.advance(1.0)
        assert caplog.text == ""
        clock.step_utc(STEP)
        calendar.look()
        calendar.look()
    assert len(set(written)) == 4  # at first, each hour, and when it is sure
    assert caplog.text.count("the clock was set") == 1
