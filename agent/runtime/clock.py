"""The one place that reads time. Shells hold a `Clock`; cores get `now` as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
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

    def utc(self) -> datetime:
        """The wall clock, aware, UTC; it may jump."""
        ...

    def wait(self, stop: Waitable, seconds: float) -> bool:
        """Waits until `stop` is set (True) or the seconds have passed (False)."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Now, aware, UTC."""
        return datetime.now(UTC)

    def wait(self, stop: Waitable, seconds: float) -> bool:
        """Waits until `stop` is set or the seconds have passed."""
        return stop.wait(max(0.0, seconds))


def thread_seconds() -> float:
    """CPU seconds that the calling thread has used so far: a cost, no time of day."""
    return time.thread_time()


class TimeBase:
    """Turns a frame's monotonic time into UTC; re-anchored at each event start.

    Between anchors a step of the wall clock moves nothing: durations inside an event stay true.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.anchor()

    def anchor(self) -> None:
        """Takes the wall clock of now as the reference."""
        self._at = self._clock.monotonic()
        self._utc = self._clock.utc()

    def utc(self, at: float) -> datetime:
        """UTC of the monotonic time `at`."""
        return self._utc + timedelta(seconds=at - self._at)
