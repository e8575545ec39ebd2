"""Faults of the agent's wall clock: it steps, or shows a day on which dates are strange."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from tests.resilience.fault import Fault
from tests.resilience.lab import Lab

#: From a run's beginning to its faulty part, about; a visit or two later comes the moment.
_LEAD = timedelta(seconds=9)


class _Clock(Fault):
    """The agent's wall clock steps, and steps back."""

    needs = frozenset({"clock"})
    hold = (1.0, 5.0)
    once = "clock"
    seconds: ClassVar[float]

    def inject(self, lab: Lab) -> None:
        lab.step_clock(lab.setup.ahead + self.seconds)

    def heal(self, lab: Lab) -> None:
        lab.step_clock(lab.setup.ahead)


class ClockBack(_Clock):
    name = "clock: back an hour, and forward again"
    seconds = -3600


class ClockForward(_Clock):
    name = "clock: forward a day, and back again"
    seconds = 86400


class ClockUnset(_Clock):
    name = "clock: starts in the year 2000, then is set"

    def ahead(self, now: datetime) -> float:
        return (datetime(2000, 1, 1, tzinfo=UTC) - now).total_seconds()

    def inject(self, lab: Lab) -> None:
        lab.step_clock(0)

    def heal(self, lab: Lab) -> None:
        """It stays right."""
        del lab


class _Moment(_Clock):
    """The run goes through a moment of local time; nothing has to be done for it."""

    at: ClassVar[datetime]

    def ahead(self, now: datetime) -> float:
        return (self.at - _LEAD - now).total_seconds()

    def inject(self, lab: Lab) -> None:
        del lab

    def heal(self, lab: Lab) -> None:
        del lab


class DayChange(_Moment):
    name = "clock: midnight in mid-run"
    zone = "Europe/Berlin"
    at = datetime(2026, 12, 1, 23, 0, tzinfo=UTC)


class SummerBegins(_Moment):
    name = "clock: summer time begins in mid-run"
    zone = "Europe/Berlin"
    at = datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


class SummerEnds(_Moment):
    name = "clock: summer time ends in mid-run"
    zone = "Europe/Berlin"
    at = datetime(2027, 10, 31, 1, 0, tzinfo=UTC)


ALL = (ClockBack, ClockForward, ClockUnset, DayChange, SummerBegins, SummerEnds)
