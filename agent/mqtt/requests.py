"""What a request wants: the fields of a JSON object -> a command, or a refusal. Pure.

Each function takes what it knows out of `fields`; what is left over is refused by the router.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from agent.core.store_names import is_event
from agent.mqtt.payloads import Refusal
from agent.mqtt.sound_payloads import play_of
from agent.mqtt.wording import names, nearest_setting, short
from schemas.base import Strict
from schemas.commands import (
    LIVE,
    Command,
    CommandError,
    Explain,
    GetDigest,
    GetEvents,
    GetStatus,
    KeepRecording,
    MarkMistake,
    PatchSettings,
    PlayBeep,
    Propose,
    RecordNow,
    ResetSetting,
    RunSelfTest,
    SendDiscovery,
    SetSetting,
    ShowLive,
    Silence,
    Snooze,
    TakeOverlay,
    TakeSnapshot,
    live_seconds,
)
from schemas.modes import LONGEST_SNOOZE
from schemas.settings import (
    BLANKS,
    RESET_WORD,
    AgentSettings,
    CameraSettings,
    SettingValue,
    check_value,
    number_of,
    parse_value,
    setting_names,
)
from schemas.topics import SELF_TEST

#: The id that means: the running event, else the one before.
LAST = "last"
#: Of a moment that is asked for.
MAX_MOMENT = 40
#: Seconds of a clip on demand: the default, and the limit of `schemas.commands.RecordNow`.
LONG = 30.0
LONGEST = 300.0
#: Of a JSON object that is read.
Fields = dict[str, Any]


def live_view(camera: str, content: str | dict[str, Any]) -> Command:
    """ON, OFF, a number of seconds, or an object with `seconds`."""
    fields = {"seconds": live_seconds(content)} if isinstance(content, str) else content
    command = ShowLive(camera=camera, seconds=number(fields, "seconds", *LIVE))
    if fields:
        raise Refusal("invalid_payload", f"unknown: {names(fields)}")
    return command


def number(fields: Fields, name: str, default: float, most: float, least: float = 1.0) -> float:
    """A number between limits; taken out of the fields."""
    value = fields.pop(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        words = f"{name} must be a number {least:g}..{most:g}, not {short(value)}"
        raise Refusal("out_of_range", words)
    return float(value)


def snooze_minutes(fields: Fields) -> int:
    """How long a snooze is to last; taken out of the fields."""
    value = fields.pop("minutes", None)
    with suppress(ValueError):
        value = number_of(value.strip(BLANKS)) if isinstance(value, str) else value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_SNOOZE:
        words = f"minutes must be a whole number 0..{LONGEST_SNOOZE}, 0 ends it"
        raise Refusal("out_of_range", f"{words}; not {short(value)}")
    return value


def model_of(camera: str | None) -> type[Strict]:
    """Whose settings they are; camera None: the agent's."""
    return AgentSettings if camera is None else CameraSettings


def value_of(model: type[Strict], name: str, value: object) -> SettingValue | None:
    """The value as the setting's own type; None gives it back to the configuration."""
    if value is None or (isinstance(value, str) and value.strip().casefold() == RESET_WORD):
        return None
    try:
        if isinstance(value, str):
            return parse_value(model, name, value)
        return check_value(model, name, value)
    except ValueError as error:
        raise Refusal("out_of_range", str(error)) from None


def _camera(fields: Fields, cameras: tuple[str, ...]) -> str:
    name = fields.pop("camera", None)
    if name is None and len(cameras) == 1:
        return cameras[0]
    if not isinstance(name, str) or name not in cameras:
        said = "camera is missing" if name is None else f"there is no camera {short(name)}"
        raise Refusal("invalid_payload", f"{said}; cameras: {', '.join(cameras)}")
    return name


def _snooze(fields: Fields, cameras: tuple[str, ...]) -> Command:
    camera = _camera(fields, cameras) if fields.get("camera") is not None else None
    fields.pop("camera", None)
    return Snooze(camera=camera, minutes=snooze_minutes(fields))


def _arm(fields: Fields, cameras: tuple[str, ...]) -> Command:
    camera = _camera(fields, cameras)
    value = value_of(CameraSettings, "armed", fields.pop("value", ""))
    if value is None:
        return ResetSetting(camera=camera, name="armed")
    return SetSetting(camera=camera, name="armed", value=value)


def _play(fields: Fields, _cameras: tuple[str, ...]) -> Command:
    command = play_of(fields)
    if isinstance(command, CommandError):
        raise Refusal(command.code, command.message)
    return command


def _patch(fields: Fields, cameras: tuple[str, ...]) -> Command:
    values = fields.pop("values", None)
    if not isinstance(values, dict) or not values:
        raise Refusal("invalid_payload", 'values must be an object such as {"armed": true}')
    own = fields.get("camera") is None and set(values) <= set(setting_names(AgentSettings))
    fields.pop("camera", None) if own else None
    camera = None if own else _camera(fields, cameras)
    model = model_of(camera)
    known = setting_names(model)
    unknown = [name for name in values if name not in known]
    if unknown:
        raise Refusal(
            "invalid_payload", "; ".join(nearest_setting(name, known) for name in unknown[:5])
        )
    checked = {name: value_of(model, name, value) for name, value in values.items()}
    return PatchSettings(camera=camera, values=checked)


def _events(fields: Fields, cameras: tuple[str, ...]) -> Command:
    since = fields.pop("since", None)
    if isinstance(since, bool) or not isinstance(since, int) or not 0 <= since < 2**63:
        raise Refusal("invalid_payload", "since must be a whole number: the last seq you have")
    return GetEvents(camera=_camera(fields, cameras), since=since)


def _digest(fields: Fields, cameras: tuple[str, ...]) -> Command:
    hours = number(fields, "hours", 24.0, 168.0)
    camera = _camera(fields, cameras) if "camera" in fields else None
    return GetDigest(camera=camera, hours=hours)


def _keep(fields: Fields, cameras: tuple[str, ...]) -> Command:
    event = fields.pop("id", LAST)
    if not isinstance(event, str) or not (event == LAST or is_event(event)):
        raise Refusal("invalid_payload", f"id must be the id of an event, or {LAST}")
    keep = fields.pop("keep", True)
    if not isinstance(keep, bool):
        raise Refusal("invalid_payload", "keep must be true or false")
    camera = _camera(fields, cameras)
    return KeepRecording(camera=camera, id=None if event == LAST else event, keep=keep)


def _mark(fields: Fields, cameras: tuple[str, ...]) -> Command:
    event = fields.pop("event", LAST)
    if not isinstance(event, str) or not (event == LAST or is_event(event)):
        raise Refusal("invalid_payload", f"event must be the id of an event, or {LAST}")
    said = [name for name in ("false_alarm", "wrong_label") if name in fields]
    if len(said) != 1 or not isinstance(value := fields.pop(said[0]), bool):
        raise Refusal("invalid_payload", "false_alarm or wrong_label must be true or false")
    camera, id_ = _camera(fields, cameras), None if event == LAST else event
    if said == ["wrong_label"]:
        return MarkMistake(camera=camera, event=id_, wrong_label=value)
    return MarkMistake(camera=camera, event=id_, false_alarm=value)


def _explain(fields: Fields, cameras: tuple[str, ...]) -> Command:
    at = fields.pop("at", None)
    if not isinstance(at, str) or not at.strip() or len(at) > MAX_MOMENT:
        raise Refusal("invalid_payload", "at must be a time: 14:03, or 2026-11-29T14:03")
    return Explain(camera=_camera(fields, cameras), at=at)


def _self_test(fields: Fields, cameras: tuple[str, ...]) -> Command:
    """Whose settings they are."""
    """How long a snooze is to last; taken out of the fields."""
    """A number between limits; taken out of the fields."""
    return RunSelfTest(camera=_camera(fields, cameras) if "camera" in fields else None)


REQUESTS: dict[str, Callable[[Fields, tuple[str, ...]], Command]] = {
    "snapshot": lambda fields, cameras: TakeSnapshot(camera=_camera(fields, cameras)),
    "overlay": lambda fields, cameras: TakeOverlay(camera=_camera(fields, cameras)),
    "record": lambda fields, cameras: RecordNow(
        seconds=number(fields, "seconds", LONG, LONGEST), camera=_camera(fields, cameras)
    ),
    "live": lambda fields, cameras: live_view(_camera(fields, cameras), fields),
    "beep": lambda _fields, _cameras: PlayBeep(),
    "sound": _play,
    "silence": lambda _fields, _cameras: Silence(),
    "arm": _arm,
    "snooze": _snooze,
    "settings": _patch,
    "status": lambda _fields, _cameras: GetStatus(),
    "discovery": lambda _fields, _cameras: SendDiscovery(),
    "events": _events,
    "digest": _digest,
    "keep": _keep,
    "mark": _mark,
    "propose": lambda fields, cameras: Propose(camera=_camera(fields, cameras)),
    "explain": _explain,
    SELF_TEST: _self_test,
}
