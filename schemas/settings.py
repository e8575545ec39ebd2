"""What may be changed at run time, from Home Assistant or by any MQTT client.

The limits stand here once: commands are checked with them, Home Assistant's numbers show them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError, computed_field

from schemas.base import Strict, UtcTime

#: The seed's limits, as percent of its 640x480 picture: 250 and 50,000 of 307,200 pixels.
SEED_MIN_CHANGED = 0.0814
SEED_MAX_CHANGED = 16.28

#: Seconds of an event before it is ended, unless the configuration says otherwise.
LONGEST_EVENT = 600.0

SettingValue = bool | int | float | str

#: The places of `sensitivity`, and `pixel_threshold` and `min_changed` behind each.
PLACES: Mapping[str, tuple[int, float]] = MappingProxyType(
    {"low": (80, 0.25), "normal": (50, SEED_MIN_CHANGED), "high": (35, 0.05)}
)
Place = Literal["low", "normal", "high"]
#: What `sensitivity` says while the numbers are none of a place; nobody can set it.
CUSTOM: Final = "custom"
Sensitivity = Literal["low", "normal", "high", "custom"]
#: The settings that a profile of the detector has no use for: they are not shown.
_IDLE: Mapping[str, frozenset[str]] = MappingProxyType({"robust": frozenset({"max_changed"})})

PixelThreshold = Annotated[int, Field(ge=1, le=255, description="grey levels a pixel must change")]
Percent = Annotated[float, Field(ge=0.0, le=100.0)]


def idle_settings(profile: str) -> frozenset[str]:
    """The settings that do nothing in this profile of the detector."""
    return _IDLE.get(profile, frozenset())


def place_of(pixel_threshold: int, min_changed: float) -> Sensitivity:
    """The place of `sensitivity` with these numbers, or `custom`."""
    numbers = pixel_threshold, min_changed
    places: tuple[Place, ...] = ("low", "normal", "high")
    return next((place for place in places if PLACES[place] == numbers), CUSTOM)


def numbers_behind(values: Mapping[str, SettingValue | None]) -> dict[str, SettingValue | None]:
    """The same with the numbers instead of `sensitivity`; a number that is named, too, wins."""
    if "sensitivity" not in values:
        return dict(values)
    place = values["sensitivity"]
    threshold, least = (None, None) if place is None else PLACES[str(place)]
    others = {name: value for name, value in values.items() if name != "sensitivity"}
    return {"pixel_threshold": threshold, "min_changed": least, **others}


def check_limits(min_changed: float, max_changed: float) -> None:
    """Says whether the minimum is below the maximum, so that motion is possible; in percent.

    Raises:
        ValueError: it is not.
    """
    if max_changed <= min_changed:
        raise ValueError(
            f"max_changed ({max_changed:g} %) must be above min_changed ({min_changed:g} %)"
        )


class CameraSettings(Strict):
    """Run-time settings of one camera."""

    armed: bool = Field(True, description="judge frames, make events")
    privacy: bool = Field(
        False, description="no session with the camera: fetch, judge, record and show nothing"
    )
    pixel_threshold: PixelThreshold = 50
    min_changed: Annotated[
        float, Field(ge=0.0, le=100.0, description="% of unmasked pixels: more is motion")
    ] = SEED_MIN_CHANGED
    max_changed: Annotated[
        float,
        Field(ge=0.0, le=100.0, description="%: this or more is no motion; not in profile robust"),
    ] = SEED_MAX_CHANGED
    post_frames: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="judged frames to the event's end; the last one with motion is the first",
        ),
    ] = 10
    max_event_seconds: Annotated[
        float,
        Field(
            ge=0.0,
            le=86400.0,
            description="an event that lasts longer is ended, the next may begin; 0: none is",
        ),
    ] = LONGEST_EVENT
    clear_delay: Annotated[
        float, Field(ge=0.0, le=600.0, description="seconds that motion stays ON after an event")
    ] = 0.0
    record_on_motion: bool = Field(True, description="record events into the store")
    beep_on_motion: bool = Field(True, description="beep when an event starts")
    publish_scores: bool = Field(False, description="publish the score of each judged frame")
    monitoring_interval: Annotated[
        float, Field(ge=0.0, le=86400.0, description="seconds between monitoring pictures, 0: none")
    ] = 900.0
    live_interval: Annotated[
        float,
        Field(ge=0.0, le=3600.0, description="seconds between live pictures at rest, 0: none"),
    ] = 10.0

    @computed_field(  # type: ignore[prop-decorator]
        description="pixel_threshold and min_changed in one; custom: they are none of its places"
    )
    @property
    def sensitivity(self) -> Sensitivity:
        """The place of both numbers."""
        return place_of(self.pixel_threshold, self.min_changed)

    def changed(self, values: Mapping[str, object], profile: str) -> CameraSettings:
        """The settings with other values of their fields.

        Args:
            values: by name.
            profile: of the detector.

        Raises:
            ValueError: a value is none, or no motion fits between the limits.
        """
        fields = {name: getattr(self, name) for name in CameraSettings.model_fields}
        settings = CameraSettings.model_validate({**fields, **values})
        if "max_changed" not in idle_settings(profile):
            check_limits(settings.min_changed, settings.max_changed)
        return settings


class AgentSettings(Strict):
    """Run-time settings of the agent itself."""

    beep_enabled: bool = Field(True, description="the speaker may beep")


Origin = Literal["default", "file", "command"]


class Provenance(Strict):
    """Where a value came from, and since when (commands only)."""

    origin: Origin
    since: UtcTime | None = None


class StoredValue(Strict):
    """One value that a command set, as kept in the settings file."""

    value: bool | int | float
    since: UtcTime


class StoredSettings(Strict):
    """The settings file: only what commands changed; everything else follows the configuration."""

    v: Literal[1] = 1
    agent: dict[str, StoredValue] = Field(default_factory=dict)
    cameras: dict[str, dict[str, StoredValue]] = Field(default_factory=dict)


TRUE_WORDS = frozenset({"on", "true", "1", "yes"})
FALSE_WORDS = frozenset({"off", "false", "0", "no"})
#: The payload that gives a setting back to the configuration.
RESET_WORD = "reset"


def setting_names(model: type[Strict]) -> tuple[str, ...]:
    """The names of a settings model, in order."""
    return (*model.model_fields, *model.model_computed_fields)


@cache
def limits(model: type[Strict], name: str) -> dict[str, Any]:
    """`type`, `minimum`, `maximum`, `default` of a setting, out of the model's JSON Schema.

    Of a setting with words, `enum`: all that it may say.
    """
    properties = model.model_json_schema(mode="serialization")["properties"]
    schema: dict[str, Any] = properties[name]
    return schema


def allowed_text(model: type[Strict], name: str) -> str:
    """The allowed values of a setting in words, for refusals: `a whole number 1..255`."""
    schema = limits(model, name)
    if schema["type"] == "boolean":
        return "ON or OFF"
    if schema["type"] == "string":
        *most, last = _words(schema)
        return f"{', '.join(most)} or {last}"
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    return f"{kind} {schema['minimum']:g}..{schema['maximum']:g}"


def _words(schema: Mapping[str, Any]) -> list[str]:
    """The words that a command may set."""
    return [word for word in schema["enum"] if word != CUSTOM]


#: What may stand around a command's word; Python takes other scripts' blanks for such, too.
BLANKS = " \t\r\n"
#: Longer ones are no setting's.
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?|-?\.[0-9]{1,20}")


def parse_value(model: type[Strict], name: str, text: str) -> SettingValue:
    """Reads a setting's value from a command's text.

    Raises:
        ValueError: with the allowed range in words.
    """
    text = text.strip(BLANKS)
    word = text.casefold()
    refusal = f"{name} must be {allowed_text(model, name)}, not {text[:40]!r}"
    if limits(model, name)["type"] == "boolean":
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        raise ValueError(refusal)
    if limits(model, name)["type"] == "string":
        return check_value(model, name, word)
    try:
        return check_value(model, name, number_of(word))
    except ValueError:
        raise ValueError(refusal) from None


def number_of(word: str) -> int | float:
    """A number as people write it: digits, with a minus and a point where there is one.

    Python would read more: `4_0`, `+4`, `1e3`, `inf`, digits of other scripts.

    Raises:
        ValueError: it is written in another way.
    """
    if not _NUMBER.fullmatch(word):
        raise ValueError(f"{word[:40]!r} is no number")
    number = float(word)
    return int(number) if number.is_integer() else number


def check_value(model: type[Strict], name: str, value: object) -> SettingValue:
    """Checks a value that already has a type (JSON), against one setting's own limits.

    Raises:
        ValueError: with the allowed range in words.
    """
    schema = limits(model, name)
    refusal = f"{name} must be {allowed_text(model, name)}, not {str(value)[:40]!r}"
    if schema["type"] == "string":
        if not isinstance(value, str) or value not in _words(schema):
            custom = f": {CUSTOM} is what it says of other numbers" if value == CUSTOM else ""
            raise ValueError(refusal + custom)
        return value
    field = model.model_fields[name]
    wants_bool = schema["type"] == "boolean"
    annotation: Any = field.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(
        Annotated[annotation, *field.metadata] if field.metadata else annotation,
    )
    if wants_bool != isinstance(value, bool) or isinstance(value, str):
        raise ValueError(refusal)
    try:
        result: SettingValue = adapter.validate_python(value)
    except ValidationError:
        raise ValueError(refusal) from None
    return result


def show_value(value: SettingValue) -> str:
    """A setting's value as its state topic says it: ON/OFF, `50`, `0.0814`, `high`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return f"{value:.10g}"


def provenance_of(since: datetime | None, *, in_file: bool) -> Provenance:
    """Where a value comes from, given when a command set it and whether the file names it."""
    if since is not None:
        return Provenance(origin="command", since=since)
    return Provenance(origin="file" if in_file else "default")
