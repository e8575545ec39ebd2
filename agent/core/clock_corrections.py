"""Finds the real day of recordings that were made before the clock was set. Pure.

A machine without a battery for its clock starts in 1970, in 2000, or at the time when it was
switched off. It learns the time when the network is there. What it recorded before has a wrong
date. By that date it would be years old, and retention would delete it immediately. So retention
asks this module for the real day. The folder of the day keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

#: Seconds; a smaller step moves nothing to another day but what was close to midnight.
STEP = 3600.0
#: Spans that are remembered of this boot, and of earlier ones: a clock that is set again and again
#: must not fill the memory. A boot that nobody is sure of adds one, and each setting.
MOST = 400
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Misdated:
    """Recordings dated `first` to `last` were made `later` seconds later; negative: earlier."""

    first: date
    last: date
    later: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What the wall clock has shown.

    Attributes:
        boot: of the machine.
        zero: seconds since 1970 that it shows for the boot; another number once it is set.
        since: the first date that it showed with this `zero`.
        until: what it showed last, in seconds since 1970; no longer followed once it is sure.
        sure: the kernel has called it right.
        own: what it showed with another `zero`, oldest first, against this one.
        doubted: what it showed in boots that nobody was sure of, with all that is `own`, and how
            much later that was at most: to be believed instead of that once this clock turns out
            to be another one, or sure. Empty if this is the first such boot.
        earlier: what is known of boots before a sure clock, against the last of theirs.
    """

    boot: str
    zero: float
    since: date
    until: float
    sure: bool = False
    own: tuple[Misdated, ...] = ()
    doubted: tuple[Misdated, ...] = ()
    earlier: tuple[Misdated, ...] = ()

    @property
    def misdated(self) -> tuple[Misdated, ...]:
        """Of this boot and earlier ones."""
        return self.earlier + self.own


def look(
    known: Shown | None, boot: str, at: float, local: datetime, *, sure: bool = False
) -> Shown:
    """What was shown up to now; the very same object while nothing is new.

    Args:
        known: what was shown before, also by an earlier process.
        boot: the machine's present one.
        at: seconds since it, with those for which the machine was suspended: no clock was set then.
        local: the wall clock, aware, where the cameras hang.
        sure: the kernel calls it right.
    """
    now = local.timestamp()
    zero = now - at
    if known is None:
        known = Shown(boot, zero, local.date(), now)
    elif known.boot != boot:
        known = _begun(known, boot, zero, local)
    step = zero - known.zero
    if abs(step) >= STEP:
        return _set(known, zero, local, sure=sure)
    if sure and not known.sure:
        return replace(known, until=now, sure=True, own=known.doubted or known.own, doubted=())
    return known if known.sure or now - known.until < STEP else replace(known, until=now)


def _begun(known: Shown, boot: str, zero: float, local: datetime) -> Shown:
    """The first look in a boot.

    Recordings of earlier boots were made before this boot began. This boot's clock is ahead of the
    last unsure clock by some time. Either that clock was late by this time, or it was right, and
    the machine was off for this time.
    """
    now, today = local.timestamp(), local.date()
    if known.sure:
        return Shown(boot, zero, today, now, earlier=_few(known.misdated))
    ahead = now - known.until
    last = datetime.fromtimestamp(known.until, local.tzinfo).date()
    doubted = _moved(known.doubted or known.own, ahead)
    few = _few([*doubted, Misdated(known.since, last, round(ahead))])
    return Shown(boot, zero, today, now, own=known.own, doubted=few, earlier=known.earlier)


def _set(known: Shown, zero: float, local: datetime, *, sure: bool) -> Shown:
    step = zero - known.zero
    own = _moved(known.doubted or known.own, step)
    right = [each for each in own if abs(each.later) < STEP]  # a mistake was taken back
    last = (local - timedelta(seconds=step)).date()
    own = [*(each for each in own if each not in right), Misdated(known.since, last, round(step))]
    return Shown(
        known.boot,
        zero,
        min([local.date(), *(each.first for each in right)]),
        local.timestamp(),
        sure,
        own=_few(own),
        earlier=known.earlier,
    )


def _moved(spans: Iterable[Misdated], step: float) -> list[Misdated]:
    return [replace(each, later=each.later + round(step)) for each in spans]


def _few(spans: Iterable[Misdated]) -> tuple[Misdated, ...]:
    """At most `MOST`: the two closest ones become one, which is as late as the later one.

    What is forgotten would count as too old and be deleted; what is moved too far is kept longer.
    """
    few = list(spans)
    if len(few) > MOST:
        few.sort(key=lambda each: (each.first, each.last, each.later))
    while len(few) > MOST:
        apart = [abs(one.later - other.later) for one, other in pairwise(few)]
        at = apart.index(min(apart))
        one, other = few[at : at + 2]
        both = Misdated(one.first, max(one.last, other.last), max(one.later, other.later))
        few[at : at + 2] = [both]
    return tuple(few)


def made_on(day: date, misdated: Iterable[Misdated], today: date) -> date:
    """The latest day on which what is dated `day` may have been made, never one before `day`.

    What would have been made after `today` is a mistake that was not noticed, and says nothing.
    """
    latest = day
    for each in misdated:
        if each.later <= 0 or not each.first <= day <= each.last:
            continue
        later = timedelta(seconds=each.later)
        least, most = later // _DAY * _DAY, -(-later // _DAY) * _DAY
        if least <= today - day:
            latest = max(latest, day + min(most, today - day))
    return latest
