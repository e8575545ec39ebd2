"""The configuration of what the clock switches: `location:` and `schedule:`."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.base import Strict, quoted
from schemas.settings import Place, SettingValue

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
#: Words for several days.
_SEVERAL: dict[str, tuple[Day, ...]] = {
    "daily": DAYS,
    "weekdays": DAYS[:5],
    "weekend": DAYS[5:],
}
#: What a rule may set, by the names of the settings.
SCHEDULED = ("armed", "privacy", "beep_on_motion", "sensitivity")
#: Hours; a longer offset is another time of the day.
LONGEST_OFFSET = 6
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\Z", re.ASCII)
_SUN = re.compile(r"(sunrise|sunset)(?:\s*([+-])\s*(\d{1,2}):(\d{2}))?\Z", re.ASCII)
_TIMES = 'write a time in quotes: `"22:00"`, `sunrise`, `sunset-00:30` or `sunrise+1:15`'


class Location(Strict):
    """`location:`, for sunrise and sunset; the agent tells nobody."""

    latitude: float = Field(ge=-90, le=90, description="degrees, north is positive: `52.52`")
    longitude: float = Field(ge=-180, le=180, description="degrees, east is positive: `13.40`")


def clock_time(at: str) -> time | None:
    """The local time of a rule; None: it follows the sun."""
    found = _CLOCK.match(at)
    return time(int(found[1]), int(found[2])) if found else None


def sun_time(at: str) -> tuple[Literal["sunrise", "sunset"], timedelta] | None:
    """Which event of the sun a rule follows, and how much later; None: it names a time."""
    found = _SUN.match(at)
    if found is None:
        return None
    offset = timedelta(hours=int(found[3] or 0), minutes=int(found[4] or 0))
    event: Literal["sunrise", "sunset"] = "sunrise" if found[1] == "sunrise" else "sunset"
    return event, -offset if found[2] == "-" else offset


def _a_time(value: object) -> object:
    """YAML 1.1 reads `22:00` without quotes as 1320, and `07:30` as text."""
    if isinstance(value, int) and not isinstance(value, bool) and 60 <= value < 24 * 60:
        meant = f'"{value // 60:02}:{value % 60:02}"'
        raise ValueError(f"{value} is no time; did you mean {meant}? {_TIMES}")
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is no time: {_TIMES}")  # noqa: TRY004  pydantic's
    return " ".join(value.split()).lower()


def _known_time(value: str) -> str:
    clock, sun = _CLOCK.match(value), _SUN.match(value)
    if clock is not None and int(clock[1]) < 24 and int(clock[2]) < 60:
        return value
    if sun is not None and int(sun[4] or 0) < 60:
        found = sun_time(value)
        if found is not None and abs(found[1]) <= timedelta(hours=LONGEST_OFFSET):
            return value
        raise ValueError(f"{value!r}: an offset has at most {LONGEST_OFFSET} hours")
    raise ValueError(f"{value[:40]!r} is no time: {_TIMES}")


def _some_days(value: object) -> object:
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _SEVERAL:
            return _SEVERAL[word]
        value = [part for part in re.split(r"[\s,]+", word) if part]
    if not isinstance(value, list | tuple) or not value:
        known = ", ".join((*DAYS, *_SEVERAL))
        raise ValueError(f"{quoted(value)} names no days: write a list of {known}")
    words = [str(day).strip().lower() for day in value]
    if wrong := next((day for day in words if day not in DAYS), None):
        known = ", ".join(DAYS)
        raise ValueError(f"{quoted(wrong)} is no day: a list has {known}")
    return tuple(day for day in DAYS if day in words)


class Rule(Strict):
    """One time of a `schedule:`, and what it sets until another one sets it."""

    at: Annotated[
        str,
        BeforeValidator(_a_time),
        AfterValidator(_known_time),
        Field(
            description='local time in quotes: `"22:00"`; or `sunrise`, `sunset`, each with an'
            " offset: `sunset-00:30`"
        ),
    ]
    days: Annotated[
        tuple[Day, ...],
        BeforeValidator(_some_days),
        Field(description="list of `mon` to `sun`, or `daily`, `weekdays`, `weekend`"),
    ] = DAYS
    armed: bool | None = None
    privacy: bool | None = Field(None, description="privacy mode: the agent fetches nothing")
    beep_on_motion: bool | None = None
    sensitivity: Place | None = None

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: object) -> object:
        if isinstance(given, dict) and "at" not in given:
            raise ValueError(f"`at` is missing: {_TIMES}")
        return given

    @model_validator(mode="after")
    def _sets_something(self) -> Rule:
        if not self.values:
            raise ValueError(f"sets nothing: add one of {', '.join(SCHEDULED)}")
        return self

    def __repr__(self) -> str:
        """As a line of the configuration."""
        days = "" if self.days == DAYS else f"days: [{', '.join(self.days)}], "
        sets = ", ".join(f"{name}: {str(it).lower()}" for name, it in self.values.items())
        return f'{{at: "{self.at}", {days}{sets}}}'

    @property
    def values(self) -> dict[str, SettingValue]:
        """What it sets, by the names of the settings."""
        found = {name: getattr(self, name) for name in SCHEDULED}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def of_the_sun(self) -> bool:
        """Whether it needs `location:`."""
        return sun_time(self.at) is not None


Rules = Annotated[tuple[Rule, ...], Field(max_length=100)]
