"""Waiting for real threads and processes: for a condition, with a deadline, never a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
#: Seconds after which what a test waits for will not come: far more than a busy machine needs. With
#: twenty processes for each core, an agent needed 58 s to begin.
#: Speed is never tested by a shorter one; what would be slow is made to take for ever instead.
PATIENCE = 180.0
#: So many waits of a process that ran out are proof enough: the later ones get `SHORT` seconds. So
#: also a run in which nothing comes any more has an end, and says what failed.
ENOUGH, SHORT = 3, 20.0
_vain = 0


def wait_until(
    what: str, condition: Callable[[], T | None], seconds: float = PATIENCE, every: float = 0.01
) -> T:
    """The condition's first true value; fails the test, saying what did not happen."""
    global _vain  # noqa: PLW0603  of the process
    patient = seconds >= PATIENCE
    seconds = min(seconds, SHORT) if patient and _vain >= ENOUGH else seconds
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            _vain += patient
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)
    return value


def gone(pid: int) -> bool:
    """True when the process is no more, or only its entry is left for its parent to read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
