"""On which day recordings were really made that bear a date of a clock not yet set. Pure.

A machine without a clock of its own begins in 1970, in 2000 or when it was switched off, and is
told the time once the network is there. By its date alone what it recorded before would be years
old. Nothing here is needed to play it: the day keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

#: Seconds; a smaller step moves nothing to another day but what was close to midnight.
STEP = 3600.0
#: Steps that are remembered: a clock that is set again and again must not fill the memory.
MOST = 32


@dataclass(frozen=True, slots=True)
class Misdated:
    """What is dated `first` to `last` may have been made as late as on `made`."""

    first: date
    last: date
    made: date


@dataclass(frozen=True, slots=True)
class Shown:
    """What the wall clock has shown.

    Attributes:
        boot: of the machine.
        zero: seconds since 1970 that it shows for the boot; another number once it is set.
        since: the first date that it showed with this `zero`.
        misdated: oldest first, of earlier boots as well.
    """

    boot: str
    zero: float
    since: date
    misdated: tuple[Misdated, ...] = ()


def look(known: Shown | None, boot: str, at: float, local: datetime) -> Shown:
    """What was shown up to now; the very same object while nothing is new.

    Args:
        known: what was shown before, also by an earlier process.
        boot: the machine's present one.
        at: seconds since it, with those for which the machine was suspended: no clock was set then.
        local: the wall clock, aware, where the cameras hang.
    """
    zero, today = local.timestamp() - at, local.date()
    if known is None or known.boot != boot:
        return Shown(boot, zero, today, known.misdated if known else ())
    step = zero - known.zero
    if abs(step) < STEP:
        return known
    misdated = known.misdated
    if step > 0:
        last = (local - timedelta(seconds=step)).date()
        misdated = (*misdated, Misdated(known.since, last, today))[-MOST:]
    return Shown(boot, zero, today, misdated)


def made_on(day: date, misdated: Iterable[Misdated]) -> date:
    """The latest day on which what is dated `day` may have been made, never one before `day`."""
    return max([day, *(each.made for each in misdated if each.first <= day <= each.last)])
