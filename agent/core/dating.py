"""On which day recordings were really made that bear a date of a clock not yet set. Pure.

A machine without a clock of its own begins in 1970, in 2000 or when it was switched off, and is
told the time once the network is there. By its date alone what it recorded before would be years
old. Nothing here is needed to play it: the day keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

#: Seconds; a smaller step moves nothing to another day but what was close to midnight.
STEP = 3600.0
#: Spans that are remembered of this boot, and of earlier ones: a clock that is set again and again
#: must not fill the memory.
MOST = 32
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Misdated:
    """What is dated `first` to `last` was made so many seconds `later`; negative: earlier."""

    first: date
    last: date
    later: int

    def ends_in(self, first: date, last: date) -> bool:
        """True when what is dated `self.last` may have been made on one of these days."""
        least = timedelta(seconds=self.later) // _DAY * _DAY
        return first - self.last - _DAY <= least <= last - self.last


@dataclass(frozen=True, slots=True)
class Shown:
    """What the wall clock has shown.

    Attributes:
        boot: of the machine.
        zero: seconds since 1970 that it shows for the boot; another number once it is set.
        since: the first date that it showed with this `zero`.
        own: what it showed in this boot with another `zero`, oldest first, against this one.
        earlier: the same of earlier boots, against the last of theirs.
    """

    boot: str
    zero: float
    since: date
    own: tuple[Misdated, ...] = ()
    earlier: tuple[Misdated, ...] = ()

    @property
    def misdated(self) -> tuple[Misdated, ...]:
        """Of this boot and earlier ones."""
        return self.earlier + self.own


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
        return Shown(boot, zero, today, earlier=known.misdated[-MOST:] if known else ())
    step = zero - known.zero
    if abs(step) < STEP:
        return known
    last = (local - timedelta(seconds=step)).date()
    # a boot that goes on with the clock of the one before shares its mistake
    shared = [each for each in known.earlier if each.ends_in(known.since, last)]
    own = [replace(each, later=each.later + round(step)) for each in (*shared, *known.own)]
    right = [each for each in own if abs(each.later) < STEP]  # a mistake was taken back
    own = [each for each in own if each not in right]
    return Shown(
        boot,
        zero,
        min([today, *(each.first for each in right)]),
        (*own, Misdated(known.since, last, round(step)))[-MOST:],
        tuple(each for each in known.earlier if each not in shared),
    )


def made_on(day: date, misdated: Iterable[Misdated], today: date) -> date:
    """The latest day on which what is dated `day` may have been made, never one before `day`.

    What would have been made after `today` is a mistake that was not noticed, and says nothing.
    """
    latest = day
    for each in misdated:
        later = timedelta(seconds=each.later)
        least, most = later // _DAY * _DAY, -(-later // _DAY) * _DAY
        if each.later > 0 and each.first <= day <= each.last and least <= today - day:
            latest = max(latest, day + min(most, today - day))
    return latest
