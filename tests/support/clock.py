"""Clocks for tests: none of them shows the day on which the tests run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.runtime.clock import SystemClock, Waitable

START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


class FakeClock:
    """Moves only when somebody waits on it or a test says so.

    Starts at 1000.0 s, 2026-11-22 07:00 UTC.
    """

    def __init__(self, at: float = 1000.0, utc: datetime = START) -> None:
        self._at = at
        self._utc = utc
        self._suspended = 0.0

    def monotonic(self) -> float:
        return self._at

    def since_boot(self) -> float:
        return self._at + self._suspended

    def utc(self) -> datetime:
        return self._utc

    def wait(self, stop: Waitable, seconds: float) -> bool:
        if not stop.is_set():
            self.advance(max(0.0, seconds))
        return stop.is_set()

    def advance(self, seconds: float) -> None:
        """Lets time pass, on both clocks."""
        self._at += seconds
        self._utc += timedelta(seconds=seconds)

    def step_utc(self, seconds: float) -> None:
        """Steps the wall clock alone, as NTP or a hand would."""
        self._utc += timedelta(seconds=seconds)

    def suspend(self, seconds: float) -> None:
        """The machine sleeps for so long."""
        self._suspended += seconds
        self._utc += timedelta(seconds=seconds)


class SetClock(SystemClock):
    """The machine's clock, its wall clock set to a moment: time passes as it does outside."""

    def __init__(self, utc: datetime) -> None:
        self._utc = utc
        self._made = self.monotonic()

    def utc(self) -> datetime:
        return self._utc + timedelta(seconds=self.monotonic() - self._made)
