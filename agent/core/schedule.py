"""What the clock switches: rules, a time zone, a place and now -> what is in force, until when.

Pure. A rule sets values at a local time of some days, or as much before or after sunrise or sunset.
Each value holds until a rule sets another one.

A time that the clock is put forward over comes when it is put forward. A time that comes twice
counts the first time. Where the sun does not rise or set on a day, its rules skip that day. So in
the polar night what sunset has set holds on, and on the polar day what sunrise has set. That holds
with offsets, too: of a day that is shorter than they are (`sunrise+00:30`, `sunset-00:30`) only the
end counts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple

from schemas.schedule_config import DAYS, Rule, clock_time, sun_time
from schemas.settings import SettingValue

#: Days before and after now that are looked at, one after the other until a time is found. The
#: last one is more than the longest night of the poles.
_REACH = (2, 9, 200)
_SECOND = timedelta(seconds=1)
#: Further apart no time of the sun overtakes another one: offsets have at most 6 hours.
_APART = timedelta(hours=12)

Sun = Literal["sunrise", "sunset"]


class Location(NamedTuple):
    """Degrees; north and east are positive."""

    latitude: float
    longitude: float


class Point(NamedTuple):
    """A moment at which a setting gets a value; the later of two of a moment wins.

    Attributes:
        at: UTC.
        order: of two at the same moment: the local time that was meant, then the place in the list.
        value: from then on.
        sun: sunrise or sunset that is meant, and the offset; None: a time of the clock.
    """

    at: datetime
    order: tuple[datetime, int]
    value: SettingValue
    sun: tuple[datetime, timedelta] | None = None


class Planned(NamedTuple):
    """What a schedule says about one setting.

    Attributes:
        value: by the last point; None: there was none.
        since: of that point, UTC.
        until: when another value comes, UTC; None: not within some months.
        next_at: the next point, also one of the same value: it ends what a command has set.
    """

    value: SettingValue | None
    since: datetime | None
    until: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of one camera.

    Attributes:
        rules: as configured.
        location: for the rules of the sun.
        zone: None: the zone of the process.
    """

    rules: tuple[Rule, ...] = ()
    location: Location | None = None
    zone: tzinfo | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The settings that the rules set."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.values))

    def in_force(self, name: str, now: datetime) -> Planned:
        """What holds of a setting at an aware moment."""
        rules = [(n, rule) for n, rule in enumerate(self.rules) if name in rule.values]
        found = Planned(None, None, None, None)
        for reach in _REACH:
            found = self._look(rules, name, now, reach)
            if found.value is not None and found.until is not None:
                break
            settled = not any(rule.of_the_sun for _, rule in rules)
            if settled and reach > len(DAYS):
                break  # a week has shown all that there is
        return found

    def _look(
        self, rules: Iterable[tuple[int, Rule]], name: str, now: datetime, reach: int
    ) -> Planned:
        today = now.astimezone(self.zone).date()
        days = [today + timedelta(days=n) for n in range(-reach, reach + 1)]
        points = _without_overtaken(
            Point(at, (meant, n), rule.values[name], sun)
            for n, rule in rules
            for day in days
            if DAYS[day.weekday()] in rule.days
            for at, meant, sun in self._moments(rule, day)
        )
        past = [point for point in points if point.at <= now]
        coming = points[len(past) :]
        last = past[-1] if past else None
        value = last.value if last else None
        # of several at one moment only the last one counts
        ends = {point.at: point.value for point in coming}
        return Planned(
            value,
            last.at if last else None,
            next((at for at, other in ends.items() if other != value), None),
            coming[0].at if coming else None,
        )

    def _moments(
        self, rule: Rule, day: date
    ) -> Iterator[tuple[datetime, datetime, tuple[datetime, timedelta] | None]]:
        """When a rule comes on a local day, in UTC, the local time that was meant, and the sun."""
        meant = clock_time(rule.at)
        if meant is not None:
            local = datetime.combine(day, meant)
            yield _utc_of(local, self.zone), local, None
            return
        sun = sun_time(rule.at)
        if sun is None or self.location is None:
            return
        event, offset = sun
        for near in (day - timedelta(days=1), day, day + timedelta(days=1)):
            at = _sun(event, self.location, near)
            if at is not None and at.astimezone(self.zone).date() == day:
                moment = at + offset
                local = moment.astimezone(self.zone).replace(tzinfo=None, fold=0)
                yield moment, local, (at, offset)


def _without_overtaken(given: Iterable[Point]) -> list[Point]:
    """In order, without each sunrise whose point comes after that of its own sunset, and so on."""
    points = sorted(given)
    times = [point.at for point in points]
    kept = []
    for point in points:
        near = points[bisect_left(times, point.at - _APART) : bisect_right(times, point.at)]
        if point.sun is None or not any(_overtakes(other, point) for other in near):
            kept.append(point)
    return kept


def _overtakes(other: Point, point: Point) -> bool:
    if other.sun is None or point.sun is None:
        return False
    between, apart = other.sun[0] - point.sun[0], point.sun[1] - other.sun[1]
    return timedelta(0) < between <= apart


def _utc_of(local: datetime, zone: tzinfo | None) -> datetime:
    """The first moment at which clocks showed this, or were put forward over it."""
    early, late = sorted(_aware(local, zone, fold) for fold in (0, 1))
    if _shown(early, zone) == local:
        return early
    if _shown(late, zone) == local:
        return late
    while late - early > _SECOND:  # the clock is put forward between them
        middle = early + (late - early) // 2
        early, late = (middle, late) if _shown(middle, zone) < local else (early, middle)
    return late.replace(microsecond=0)


def _aware(local: datetime, zone: tzinfo | None, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _shown(moment: datetime, zone: tzinfo | None) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=4096)
def _sun(event: Sun, location: Location, day: date) -> datetime | None:
    """Sunrise or sunset of a UTC day; None: there is none there and then."""
    from astral import Observer
    from astral.sun import sunrise, sunset

    tell = sunrise if event == "sunrise" else sunset
    try:
        at = tell(Observer(location.latitude, location.longitude, 0.0), day, tzinfo=UTC)
    except ValueError:
        return None
    return at.replace(microsecond=0)
