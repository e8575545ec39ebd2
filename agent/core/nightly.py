"""When something that is wanted each day at a local time is due. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

#: A clock that was put forward over the time of today: it is not made up for after this long.
LATE = timedelta(minutes=10)
#: The next time is never further away; a clock that was put back makes it be.
_A_DAY = timedelta(hours=26)


def next_time(at: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """The next time, in UTC, at which the local clock shows `at`.

    On the day when a time comes twice it is the first one. On the day when it does not exist it is
    the same time by the clock of before.

    Args:
        at: `03:30`.
        now: aware.
        zone: where the local time is; None: the zone of the process.
    """
    wanted = time.fromisoformat(at)
    today = now.astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):
        local = datetime.combine(day, wanted, zone)  # without a zone it is the process's
        found = local.astimezone(UTC)
        if found > now:
            return found
    return (datetime.combine(today + timedelta(days=2), wanted, zone)).astimezone(UTC)


def due(
    at: str, planned: datetime | None, now: datetime, zone: tzinfo | None = None
) -> tuple[bool, datetime]:
    """Whether it is due now, and when it is the next time.

    Args:
        at: the local time.
        planned: the next time as it was said last; None: it was never.
        now: aware UTC.
        zone: as in `next_time`.
    """
    if planned is None or planned - now > _A_DAY:
        return False, next_time(at, now, zone)
    if now < planned:
        return False, planned
    return now - planned <= LATE, next_time(at, now, zone)
