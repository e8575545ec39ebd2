"""No test brings a fixed day to the machine's clock: it would be red on some other day."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
WHERE_CLOCKS_ARE_MADE = {TESTS / "support" / name for name in ("clock.py", "wallclock.py")}
DAY = re.compile(r"\b20\d\d-\d\d-\d\d\b")
#: The machine's clock, and the processes that have it.
REAL = {"SystemClock", "RunningMqtt", "House"}
#: Recordings of a fixed day, made by `tests.support`.
DATED = {"STARTED", "event", "events", "whole_event"}
MADE = {"tests.support.recordings", "tests.support.stored_events"}


def clocks(code: ast.AST) -> Iterator[str]:
    """The names by which it reads the machine's wall clock."""
    for node in ast.walk(code):
        match node:
            case ast.Name(id=name) if name in REAL:
                yield name
            case ast.Attribute(value=ast.Name(id="time"), attr="time"):
                yield "time.time"
            case ast.Attribute(
                value=ast.Name(id="datetime" | "date"), attr="now" | "today" as name
            ):
                yield name


def days(code: ast.AST) -> Iterator[str]:
    """The fixed days that it brings."""
    for node in ast.walk(code):
        match node:
            case ast.Constant(value=str(text)) if DAY.search(text):
                yield text
            case ast.Call(
                func=ast.Name(id="datetime" | "date"), args=[ast.Constant(value=int(year)), *_]
            ) if year > 2000:
                yield str(year)
            case ast.ImportFrom(module=str(module), names=names) if module in MADE:
                yield from (name.name for name in names if name.name in DATED)


@pytest.mark.parametrize(
    ("text", "real", "fixed"),
    [
        ("worker(SystemClock(), datetime(2026, 11, 22))", 1, 1),
        ("from tests.support.recordings import STARTED\nage = datetime.now(UTC) - STARTED", 1, 1),
        ("House(folder, 1883)\nassert 'yard/2026-11-22' in topics", 1, 1),
        ("from tests.support.recordings import played\ntime.time()", 1, 0),
        ("SetClock(datetime(2026, 11, 22, tzinfo=UTC))\ntime.monotonic()", 0, 1),
    ],
)
def test_clocks_and_days_are_found(text: str, real: int, fixed: int) -> None:
    code = ast.parse(text)
    assert bool([*clocks(code)]) == real
    assert bool([*days(code)]) == fixed


def test_no_file_has_the_machines_clock_and_a_fixed_day() -> None:
    both = {}
    for path in sorted({*TESTS.rglob("*.py")} - WHERE_CLOCKS_ARE_MADE):
        code = ast.parse(path.read_text())
        if (real := {*clocks(code)}) and (fixed := {*days(code)}):
            both[str(path.relative_to(TESTS))] = f"{sorted(real)} with {sorted(fixed)}"
    assert not both, "use SetClock or FakeClock of tests.support.clock"
