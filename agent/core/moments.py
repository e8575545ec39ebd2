"""Moments as people write them: `14:03`, `14:03:20`, `2026-11-29T14:03`, with or without an offset.

Pure. A time without an offset is local. On the night when summer time ends some times come twice:
then there are two moments. On the night when it begins some times do not exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

#: What is looked at around a moment that was given to the second.
AROUND = timedelta(seconds=5)
#: Years in which calendars and clocks agree everywhere.
_YEARS = range(1971, 9999)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\Z", re.ASCII)
_DAY_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_TO_THE_SECOND = re.compile(r"[T ]\d\d:\d\d:\d\d", re.ASCII)
_EXAMPLES = "write 14:03, 14:03:20, 2026-11-29T14:03 or 2026-11-29T14:03:20+01:00"


@dataclass(frozen=True, slots=True)
class Moment:
    """Some seconds that were asked for.

    Attributes:
        at: the time that was given, UTC.
        begin: where the look begins, UTC.
        end: where it ends, not included, UTC.
        local: the time as people there read it: `2026-11-29 14:03:00`.
        offset: local time minus UTC: `+01:00`.
    """

    at: datetime
    begin: datetime
    end: datetime
    local: str
    offset: str


def moments(text: str, now: datetime, zone: tzinfo | None = None) -> tuple[Moment, ...]:
    """What a text means; two moments where the local time came twice, the earlier one first.

    Args:
        text: a time of the day is the last such time that is not in the future.
        now: aware.
        zone: where the local time is; None: the zone of the process.

    Raises:
        ValueError: the text is no time, or that time did not exist; says why.
    """
    text = text.strip()
    try:
        found = _read(text, now, zone)
    except (NoSuchTime, OverflowError) as error:
        why = "the clock was put forward over that time"
        why = why if isinstance(error, NoSuchTime) else "no clock goes so far"
        raise ValueError(f"{text[:40]!r} is no moment: {why}") from None
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no moment: {_EXAMPLES}") from None
    return found


def moment_of(at: datetime, zone: tzinfo | None = None) -> Moment:
    """The seconds around a known moment; `at` is aware."""
    return _moment(at.astimezone(UTC), zone, exact=True)


class NoSuchTime(ValueError):
    """The clock was put forward over that time."""


def _read(text: str, now: datetime, zone: tzinfo | None) -> tuple[Moment, ...]:
    if (parts := _TIME.match(text)) is not None:
        return _last(parts, now, zone)
    if not _DAY_AND_TIME.match(text):
        raise ValueError
    given = datetime.fromisoformat(text)
    if given.year not in _YEARS:
        raise OverflowError
    exact = _TO_THE_SECOND.search(text) is not None
    if given.tzinfo is not None:
        return (_moment(given.astimezone(UTC), zone, exact=exact),)
    return _local(given, zone, exact=exact)


def _last(parts: re.Match[str], now: datetime, zone: tzinfo | None) -> tuple[Moment, ...]:
    hour, minute, second = int(parts[1]), int(parts[2]), int(parts[3] or 0)
    here = now.astimezone(zone).replace(tzinfo=None, fold=0, microsecond=0)
    today = here.replace(hour=hour, minute=minute, second=second)
    found: tuple[Moment, ...] = ()
    for day in (today, today - timedelta(days=1)):
        try:
            found = _local(day, zone, exact=parts[3] is not None)
        except NoSuchTime:
            if day <= here:
                raise
        if past := tuple(it for it in found if it.at <= now):
            return past
    return found


def _local(given: datetime, zone: tzinfo | None, *, exact: bool) -> tuple[Moment, ...]:
    """The moments at which local clocks showed this.

    Raises:
        NoSuchTime: none did.
    """
    found = []
    for fold in (0, 1):
        aware = given.replace(tzinfo=zone, fold=fold)
        utc = aware.astimezone(UTC)
        shows = utc.astimezone(zone).replace(tzinfo=None, fold=0)
        if shows == given and utc not in found:
            found.append(utc)
    if not found:
        raise NoSuchTime("the clock was put forward over that time")
    return tuple(_moment(utc, zone, exact=exact) for utc in sorted(found))


def _moment(utc: datetime, zone: tzinfo | None, *, exact: bool) -> Moment:
    local = utc.astimezone(zone)
    begin, end = (utc - AROUND, utc + AROUND) if exact else (utc, utc + timedelta(minutes=1))
    naive = local.replace(tzinfo=None)
    offset = local.isoformat().removeprefix(naive.isoformat())
    return Moment(utc, begin, end, naive.isoformat(" ", "seconds"), offset)
