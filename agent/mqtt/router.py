"""Topic and bytes -> command or refusal. Pure: hostile input is refused or ignored, never raised.

True for every command: an empty payload is ignored (it is how a retained message is cleared), words
are trimmed and case-insensitive, and a message with the retain flag is refused: it may be of any
age, also a live one, which a bridge hands over whenever it connects.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

from agent.core.messages import HaOnline, Parsed, Received, Refused
from agent.core.naming import is_event
from agent.mqtt.command_topics import MAX_TOPIC, Address, address_of, nearest
from agent.mqtt.response_topic import response_topic
from agent.runtime.redaction import excerpt
from schemas.base import Strict
from schemas.commands import (
    Command,
    CommandError,
    ErrorCode,
    GetEvents,
    GetStatus,
    KeepRecording,
    PatchSettings,
    PlayBeep,
    RecordNow,
    ReplyTo,
    ResetSetting,
    Restart,
    SendDiscovery,
    SetSetting,
    TakeOverlay,
    TakeSnapshot,
)
from schemas.settings import (
    BLANKS,
    RESET_WORD,
    AgentSettings,
    CameraSettings,
    SettingValue,
    check_value,
    parse_value,
    setting_names,
)
from schemas.topics import OPERATIONS, AgentTopics

#: Bounds what one message can make us parse and echo; a real command has some dozens of bytes.
MAX_PAYLOAD = 4096
#: A transaction is echoed into every answer: long enough for two UUIDs.
MAX_TRANSACTION = 100
#: Bytes of correlation data, which each answer repeats: known clients send 4 to 36.
MAX_CORRELATION = 256

PRESS = "press"
#: The id that means: the running event, else the one before.
LAST = "last"
#: Seconds of a clip on demand: the default, and the limit of `schemas.commands.RecordNow`.
LONG = 30.0
LONGEST = 300.0
#: Home Assistant's default payloads.
BIRTH, WILL = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do and nobody to answer."""

    reason: Literal["empty", "foreign"]


class _No(Exception):
    """A refusal on its way up."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.error = CommandError(code=code, message=message)


def parse(
    received: Received,
    topics: AgentTopics,
    cameras: Collection[str],
    *,
    obey_retained: bool = False,
    closed: Collection[str] = (),
) -> Parsed | Refused | Ignored:
    """Understands one message; never raises, whatever it holds.

    `obey_retained`: a live message is obeyed although it has the retain flag. `closed`: as in
    `response_topic`.
    """
    address = address_of(received.topic, topics, tuple(cameras))
    if address is None:
        return Ignored("foreign")
    if not received.payload:
        return Ignored("empty")
    reply = ReplyTo(
        noun=address.name,
        camera=address.camera,
        response_topic=response_topic(received.response_topic, topics, closed),
        correlation=_correlation(received.correlation),
    )
    try:
        content = _content(received.payload)
        reply = reply.model_copy(update={"transaction": _transaction(content)})
        _refuse_retained(received, obey_live=obey_retained)
        _refuse_unknown(address, received.topic, topics, tuple(cameras))
        command = _command(address, content, tuple(cameras))
    except _No as no:
        setting = address.name if address.kind == "setting" else None
        clear = received.topic if received.retain else None
        return Refused(no.error, reply, received.at, setting, clear)
    parsed = Parsed(command, reply, received.at)
    return replace(parsed, clear_retained=received.topic) if received.retain else parsed


def birth(received: Received, status_topic: str) -> HaOnline | None:
    """Home Assistant's birth, which it says on its status topic once it has started."""
    born = received.topic == status_topic and received.payload.strip().lower() == BIRTH
    return HaOnline(received.at) if born else None


# ------------------------------------------------------------------ where it was sent


def _refuse_unknown(
    address: Address, topic: str, topics: AgentTopics, cameras: tuple[str, ...]
) -> None:
    if address.kind == "unknown":
        near = nearest(topic, topics, cameras)
        words = f"there is no topic {_short(topic, MAX_TOPIC)}; the nearest is {near}"
        raise _No("unknown_command", words)


def _correlation(data: bytes | None) -> bytes | None:
    return None if data is None or len(data) > MAX_CORRELATION else data


def _refuse_retained(received: Received, *, obey_live: bool) -> None:
    if received.retain and not (received.live and obey_live):
        raise _No(
            "retained_command",
            "a message with the retain flag may be of any age and is never executed: publish"
            " commands without it; should this one come again, clear it where it is kept, with:"
            f" mosquitto_pub -r -n -t {received.topic}",
        )


# ------------------------------------------------------------------ what was sent


def _content(payload: bytes) -> str | dict[str, Any]:
    """A trimmed word, or a JSON object."""
    if len(payload) > MAX_PAYLOAD:
        raise _No("invalid_payload", f"{len(payload)} bytes; at most {MAX_PAYLOAD} are read")
    try:
        text = payload.decode().strip(BLANKS)
    except UnicodeDecodeError:
        raise _No("invalid_payload", "the payload is not UTF-8") from None
    if not text.startswith("{"):
        return text
    try:
        document: dict[str, Any] = json.loads(text, parse_constant=_no_constant)
        json.dumps(document, ensure_ascii=False).encode()  # lone surrogates are no text
    except (ValueError, RecursionError) as error:
        raise _No("invalid_payload", excerpt(f"no JSON object: {error}", 200)) from None
    return document


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def _transaction(content: str | dict[str, Any]) -> str | int | None:
    if isinstance(content, str):
        return None
    value = content.pop("transaction", None)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _No("invalid_payload", "transaction must be a text or a whole number")
    if len(str(value)) > MAX_TRANSACTION:
        raise _No("invalid_payload", f"transaction has more than {MAX_TRANSACTION} characters")
    return value


# ------------------------------------------------------------------ what it means

_Fields = dict[str, Any]


def _command(address: Address, content: str | dict[str, Any], cameras: tuple[str, ...]) -> Command:
    if address.kind == "setting":
        return _setting(address, content)
    if address.kind == "press":
        return _pressed(address, content)
    build = _REQUESTS.get(address.name)
    if build is None:
        raise _No("unknown_command", f"known operations: {', '.join(OPERATIONS)}")
    if isinstance(content, str) and content not in {"", '""'}:
        raise _No("invalid_payload", "a request is a JSON object; {} where nothing is needed")
    fields = {} if isinstance(content, str) else content
    command = build(fields, cameras)
    if fields:
        raise _No("invalid_payload", f"unknown: {_names(fields)}")
    return command


def _pressed(address: Address, content: str | dict[str, Any]) -> Command:
    """PRESS, or an object that holds what the command knows besides a transaction."""
    camera = address.camera
    if camera is not None and address.name == "record":
        seconds = _seconds(content) if isinstance(content, dict) else LONG
        _press(content)
        return RecordNow(camera=camera, seconds=seconds)
    _press(content)
    if camera is None:
        return PlayBeep() if address.name == "beep" else Restart()
    if address.name == "overlay":
        return TakeOverlay(camera=camera)
    if address.name == "keep":
        return KeepRecording(camera=camera)
    if address.name == "settings":
        return PatchSettings(camera=camera, values=dict.fromkeys(setting_names(CameraSettings)))
    return TakeSnapshot(camera=camera)


def _seconds(fields: _Fields) -> float:
    value = fields.pop("seconds", LONG)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= LONGEST:
        raise _No("out_of_range", f"seconds must be a number 1..{LONGEST:g}, not {_short(value)}")
    return float(value)


def _press(content: str | dict[str, Any]) -> None:
    """PRESS, or an object that held nothing else than what was taken out of it."""
    pressed = content.casefold() == PRESS if isinstance(content, str) else not content
    if not pressed:
        raise _No("invalid_payload", 'send PRESS or {"transaction": …}')


def _setting(address: Address, content: str | dict[str, Any]) -> Command:
    value: object = content
    if isinstance(content, dict):
        if set(content) != {"value"}:
            raise _No("invalid_payload", 'send the value, or {"value": …, "transaction": …}')
        value = content["value"]
    checked = _value(_model(address.camera), address.name, value)
    if checked is None:
        return ResetSetting(camera=address.camera, name=address.name)
    return SetSetting(camera=address.camera, name=address.name, value=checked)


def _model(camera: str | None) -> type[Strict]:
    return AgentSettings if camera is None else CameraSettings


def _value(model: type[Strict], name: str, value: object) -> SettingValue | None:
    """The value as the setting's own type; None gives it back to the configuration."""
    if value is None or (isinstance(value, str) and value.strip().casefold() == RESET_WORD):
        return None
    try:
        if isinstance(value, str):
            return parse_value(model, name, value)
        return check_value(model, name, value)
    except ValueError as error:
        raise _No("out_of_range", str(error)) from None


# ------------------------------------------------------------------ request/<operation>
# Each takes what it knows out of `fields`; what is left over is refused.


def _camera(fields: _Fields, cameras: tuple[str, ...]) -> str:
    name = fields.pop("camera", None)
    if name is None and len(cameras) == 1:
        return cameras[0]
    if not isinstance(name, str) or name not in cameras:
        said = "camera is missing" if name is None else f"there is no camera {_short(name)}"
        raise _No("invalid_payload", f"{said}; cameras: {', '.join(cameras)}")
    return name


def _arm(fields: _Fields, cameras: tuple[str, ...]) -> Command:
    camera = _camera(fields, cameras)
    value = _value(CameraSettings, "armed", fields.pop("value", ""))
    if value is None:
        return ResetSetting(camera=camera, name="armed")
    return SetSetting(camera=camera, name="armed", value=value)


def _patch(fields: _Fields, cameras: tuple[str, ...]) -> Command:
    values = fields.pop("values", None)
    if not isinstance(values, dict) or not values:
        raise _No("invalid_payload", 'values must be an object such as {"armed": true}')
    own = fields.get("camera") is None and set(values) <= set(setting_names(AgentSettings))
    fields.pop("camera", None) if own else None
    camera = None if own else _camera(fields, cameras)
    model = _model(camera)
    known = setting_names(model)
    unknown = [name for name in values if name not in known]
    if unknown:
        raise _No("invalid_payload", "; ".join(_nearest(name, known) for name in unknown[:5]))
    checked = {name: _value(model, name, value) for name, value in values.items()}
    return PatchSettings(camera=camera, values=checked)


def _events(fields: _Fields, cameras: tuple[str, ...]) -> Command:
    since = fields.pop("since", None)
    if isinstance(since, bool) or not isinstance(since, int) or not 0 <= since < 2**63:
        raise _No("invalid_payload", "since must be a whole number: the last seq you have")
    return GetEvents(camera=_camera(fields, cameras), since=since)


def _keep(fields: _Fields, cameras: tuple[str, ...]) -> Command:
    event = fields.pop("id", LAST)
    if not isinstance(event, str) or not (event == LAST or is_event(event)):
        raise _No("invalid_payload", f"id must be the id of an event, or {LAST}")
    keep = fields.pop("keep", True)
    if not isinstance(keep, bool):
        raise _No("invalid_payload", "keep must be true or false")
    camera = _camera(fields, cameras)
    return KeepRecording(camera=camera, id=None if event == LAST else event, keep=keep)


_REQUESTS: dict[str, Callable[[_Fields, tuple[str, ...]], Command]] = {
    "snapshot": lambda fields, cameras: TakeSnapshot(camera=_camera(fields, cameras)),
    "overlay": lambda fields, cameras: TakeOverlay(camera=_camera(fields, cameras)),
    "record": lambda fields, cameras: RecordNow(
        seconds=_seconds(fields), camera=_camera(fields, cameras)
    ),
    "beep": lambda _fields, _cameras: PlayBeep(),
    "arm": _arm,
    "settings": _patch,
    "status": lambda _fields, _cameras: GetStatus(),
    "discovery": lambda _fields, _cameras: SendDiscovery(),
    "events": _events,
    "keep": _keep,
}


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    return f"there is no setting {_short(name)}; {hint}"


def _names(fields: _Fields) -> str:
    return ", ".join(_short(name) for name in list(fields)[:5])


def _short(value: object, longest: int = 40) -> str:
    return f"{excerpt(str(value), longest)!r}"
