"""When a snooze ends: no notifications and no beep until then; events and recordings go on. Pure.

The end is a time of the wall clock. While that may be wrong the monotonic clock counts the minutes.
So no step of the clock makes a snooze longer than it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.modes import SnoozeState, StoredSnooze


@dataclass(frozen=True, slots=True)
class Snoozed:
    """A snooze that runs.

    Attributes:
        minutes: as they were asked for.
        until: UTC by the wall clock.
        end_at: monotonic seconds at which it ends in any case.
        sure: `until` was reckoned with a clock that was right.
    """

    minutes: int
    until: datetime
    end_at: float
    sure: bool

    def stored(self) -> StoredSnooze:
        """As it is kept."""
        return StoredSnooze(minutes=self.minutes, until=self.until, sure=self.sure)


def begun(minutes: int, at: float, utc: datetime, *, sure: bool) -> Snoozed | None:
    """A snooze from now on; 0 minutes: none."""
    if minutes == 0:
        return None
    until = (utc + timedelta(minutes=minutes)).replace(microsecond=0)
    return Snoozed(minutes, until, at + 60.0 * minutes, sure)


def kept(stored: StoredSnooze | None, at: float, utc: datetime) -> Snoozed | None:
    """What is left of a snooze of an earlier process; None: nothing."""
    if stored is None:
        return None
    left = min((stored.until - utc).total_seconds(), 60.0 * stored.minutes)
    return Snoozed(stored.minutes, stored.until, at + left, stored.sure) if left > 0 else None


def looked(snooze: Snoozed | None, at: float, utc: datetime, *, sure: bool) -> Snoozed | None:
    """The snooze after a look at the clock; None: it is over. The same object: nothing is new.

    Args:
        snooze: it runs; None: there is none.
        at: monotonic seconds.
        utc: the wall clock.
        sure: the wall clock is right.
    """
    if snooze is None or at >= snooze.end_at:
        return None
    if not sure:
        return snooze
    if not snooze.sure:
        left = timedelta(seconds=snooze.end_at - at)
        return replace(snooze, until=(utc + left).replace(microsecond=0), sure=True)
    return None if utc >= snooze.until else snooze


def of_camera(snooze: Snoozed | None) -> SnoozeState:
    """As it is said."""
    if snooze is None:
        return SnoozeState(until=None, minutes=0)
    return SnoozeState(until=snooze.until, minutes=snooze.minutes)


def of_all(snoozes: Iterable[Snoozed | None]) -> SnoozeState:
    """Until when all cameras are snoozed: the earliest end; none, where one camera is not."""
    running = list(snoozes)
    if not running or None in running:
        return of_camera(None)
    return of_camera(min((it for it in running if it is not None), key=lambda it: it.until))
