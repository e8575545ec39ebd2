"""What of a schedule may not be what was meant, for `check-config` and the log."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.config import Config
from schemas.schedule_config import Rule

#: Degrees of latitude from which on there are days on which the sun does not rise or not set.
_POLAR = 65.7


def schedule_notes(config: Config, *, clock_sure: bool) -> list[str]:
    """Values that nothing takes back, a sun that stays away, a clock that may be wrong."""
    places = {"schedule": config.schedule}
    places |= {f"cameras.{n}.schedule": it.schedule or () for n, it in config.cameras.items()}
    told = [note for place, rules in places.items() for note in _for_ever(place, rules)]
    ruled = [rule for rules in places.values() for rule in rules]
    location = config.location
    if location is not None and abs(location.latitude) > _POLAR:
        if any(rule.of_the_sun for rule in ruled):
            told.append(
                f"location.latitude {location.latitude:g}: on some days the sun does not rise or"
                " not set there; sunrise and sunset are skipped then, and what was set before stays"
            )
    elif location is not None and not any(rule.of_the_sun for rule in ruled):
        told.append("location does nothing: no schedule names sunrise or sunset")
    if ruled and not clock_sure:
        told.append(
            "the clock is not synchronised now: schedules wait for it; see agent.trust_clock"
        )
    return told


def _for_ever(place: str, rules: Iterable[Rule]) -> list[str]:
    """Settings that always get the same value."""
    values: dict[str, set[object]] = {}
    for rule in rules:
        for name, value in rule.values.items():
            values.setdefault(name, set()).add(value)
    return [
        f"{place} sets {name} to nothing but {str(next(iter(given))).lower()}: no other time takes"
        " it back; only a command does, until the next time"
        for name, given in values.items()
        if len(given) == 1
    ]
