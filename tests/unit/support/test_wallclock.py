"""A command on another day, and its children."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.needs import need
from tests.support.wallclock import seconds_ahead

NOW = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)
#: A process that asks for the day, and has a child of its own ask for it.
ASKING = (
    "import datetime, subprocess, sys, time;"
    "print(datetime.datetime.now(datetime.UTC).date(), time.monotonic(), flush=True);"
    "sys.exit(subprocess.call(['date', '-u', '+%F']))"
)


@pytest.mark.parametrize(
    ("when", "ahead"),
    [
        ("+75", timedelta(days=75)),
        ("2026-11-30", timedelta(days=1, hours=6)),
        ("2026-11-30T06:00", timedelta(days=1)),
        ("2026-11-30T06:00+02:00", timedelta(hours=22)),
        ("2025-11-29T06:00Z", timedelta(days=-365)),
    ],
)
def test_when_is_days_from_now_or_a_moment(when: str, ahead: timedelta) -> None:
    assert seconds_ahead(when, NOW) == ahead.total_seconds()


@pytest.fixture
def compiler() -> None:
    need("" if shutil.which("cc") else "no C compiler is installed")


@pytest.mark.parametrize("when", ["", "75", "+", "tomorrow", "2026-02-30"])
def test_what_is_no_day_is_refused(when: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|invalid literal|out of range"):
        seconds_ahead(when, NOW)


@pytest.mark.usefixtures("compiler")
def test_a_command_and_its_children_have_that_day_and_no_other_clock_moves() -> None:
    run = [sys.executable, "-m", "tests.support.wallclock", "2028-02-29"]
    here = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    asked = subprocess.run(
        [*run, sys.executable, "-c", ASKING], env=here, capture_output=True, text=True, check=True
    )
    day, monotonic, child = asked.stdout.split()
    assert (day, child) == ("2028-02-29", "2028-02-29")
    assert abs(float(monotonic) - time.monotonic()) < 3600


@pytest.mark.usefixtures("compiler")
def test_the_exit_status_is_the_commands() -> None:
    run = [sys.executable, "-m", "tests.support.wallclock", "+1", "sh", "-c", "exit 7"]
    assert subprocess.run(run, check=False).returncode == 7
