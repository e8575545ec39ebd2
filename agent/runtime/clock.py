"""The one place that reads time. Shells hold a `Clock`; cores get `now` as an argument."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from typing import Protocol


class Waitable(Protocol):
    """What a clock can wait on: `threading.Event` and its like."""

    def wait(self, timeout: float | None = None) -> bool:
        """Waits at most `timeout` seconds; True when set."""
        ...

    def is_set(self) -> bool:
        """True once set."""
        ...


class Clock(Protocol):
    """Time as shells see it."""

    def monotonic(self) -> float:
        """Seconds that only go forward; for durations and deadlines."""
        ...

    def since_boot(self) -> float:
        """Seconds that only go forward, also while the machine is suspended."""
        ...

    def utc(self) -> datetime:
        """The wall clock, aware, UTC; it may jump."""
        ...

    def wait(self, stop: Waitable, seconds: float) -> bool:
        """Waits until `stop` is set (True) or the seconds have passed (False)."""
        ...


class SystemClock:
    """The machine's own clock."""

    #: Seconds of CLOCK_MONOTONIC; no call of ours around it, since each frame asks for it.
    monotonic = staticmethod(time.monotonic)

    def since_boot(self) -> float:
        """Seconds of CLOCK_BOOTTIME; where there is none, of CLOCK_MONOTONIC."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def utc(self) -> datetime:
        """Now, aware, UTC."""
        return datetime.now(UTC)

    def wait(self, stop: Waitable, seconds: float) -> bool:
        """Waits until `stop` is set or the seconds have passed."""
        return stop.wait(max(0.0, seconds))


def thread_seconds() -> float:
    """CPU seconds that the calling thread has used so far: a cost, no time of day."""
    return time.thread_time()


#: Larger than `struct timex` of any Linux (208 bytes on 64-bit machines, adjtimex(2)).
_TIMEX_BYTES = 512
#: What adjtimex(2) returns for a clock that nobody has set.
_TIME_ERROR = 5
#: Looked up once: to open the C library each time took a tenth of the time of the store's thread.
adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)


def clock_is_synchronised() -> bool:
    """True when the kernel says that a time service keeps the wall clock right.

    False also where it cannot be asked (not Linux, forbidden): who deletes by date has to be sure.
    """
    if adjtimex is None:
        return False
    return 0 <= int(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))) < _TIME_ERROR
