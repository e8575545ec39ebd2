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
        doubted: what it showed in boots that nobody was sure of, and how much later that was at
            most; to be believed once this clock turns out to be another one, or sure.
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
        own = (*known.own, *known.doubted)[-MOST:]
        return replace(known, until=now, sure=True, own=own, doubted=())
    return known if known.sure or now - known.until < STEP else replace(known, until=now)


def _begun(known: Shown, boot: str, zero: float, local: datetime) -> Shown:
    """The first look in a boot.

    What was shown before was made before it began. By how much its clock is ahead of the last one
    that nobody was sure of, by so much that one may have been late; or it was right, and the
    machine was off for so long.
    """
    now, today = local.timestamp(), local.date()
    if known.sure:
        return Shown(boot, zero, today, now, earlier=known.misdated[-MOST:])
    ahead = now - known.until
    last = datetime.fromtimestamp(known.until, local.tzinfo).date()
    doubted = _moved((*known.doubted, *known.own), ahead)
    doubted.append(Misdated(known.since, last, round(ahead)))
    most = tuple(doubted[-MOST:])
    return Shown(boot, zero, today, now, own=known.own, doubted=most, earlier=known.earlier)


def _set(known: Shown, zero: float, local: datetime, *, sure: bool) -> Shown:
    step = zero - known.zero
    own = _moved((*known.own, *known.doubted), step)
    right = [each for each in own if abs(each.later) < STEP]  # a mistake was taken back
    last = (local - timedelta(seconds=step)).date()
    own = [*(each for each in own if each not in right), Misdated(known.since, last, round(step))]
    return Shown(
        known.boot,
        zero,
        min([local.date(), *(each.first for each in right)]),
        local.timestamp(),
        sure,
        own=tuple(own[-MOST:]),
        earlier=known.earlier,
    )


def _moved(spans: Iterable[Misdated], step: float) -> list[Misdated]:
    return [replace(each, later=each.later + round(step)) for each in spans]


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
