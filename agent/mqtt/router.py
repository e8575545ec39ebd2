"""Topic and bytes -> command or refusal. Pure: hostile input is refused or ignored, never raised.

For every command: an empty payload is ignored (it clears a retained message). Words are trimmed and
case-insensitive. A message with the retain flag is refused, because it may be of any age. That
holds also for a live one, because a bridge sends it at each connection.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

from agent.core.messages import HaOnline, Parsed, Received, Refused
from agent.mqtt.command_topics import MAX_TOPIC, Address, address_of, nearest
from agent.mqtt.payloads import Refusal, content_of, transaction_of
from agent.mqtt.requests import (
    LONG,
    LONGEST,
    REQUESTS,
    live_view,
    model_of,
    number,
    snooze_minutes,
    value_of,
)
from agent.mqtt.response_topic import response_topic
from agent.mqtt.sound_payloads import asks_for_a_sound, wav_of
from agent.mqtt.wording import names, short
from schemas.commands import (
    Command,
    KeepRecording,
    MarkMistake,
    PatchSettings,
    PlayBeep,
    RecordNow,
    ReplyTo,
    ResetSetting,
    Restart,
    SetSetting,
    Snooze,
    TakeOverlay,
    TakeSnapshot,
)
from schemas.settings import (
    CameraSettings,
    setting_names,
)
from schemas.topics import OPERATIONS, AgentTopics

#: Bytes of correlation data, which each answer repeats: known clients send 4 to 36.
MAX_CORRELATION = 256

PRESS = "press"
_BEEP = Address("press", "beep")
#: Home Assistant's default payloads.
BIRTH, WILL = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do and nobody to answer."""

    reason: Literal["empty", "foreign"]


def parse(
    received: Received,
    topics: AgentTopics,
    cameras: Collection[str],
    *,
    obey_retained: bool = False,
    closed: Collection[str] = (),
) -> Parsed | Refused | Ignored:
    """Understands one message; never raises for any content.

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
        wav = wav_of(received.payload) if address == _BEEP else None
        content = content_of(received.payload) if wav is None else ""
        reply = reply.model_copy(update={"transaction": transaction_of(content)})
        _refuse_retained(received, obey_live=obey_retained)
        _refuse_unknown(address, received.topic, topics, tuple(cameras))
        command = wav or _command(address, content, tuple(cameras))
    except Refusal as no:
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
        words = f"there is no topic {short(topic, MAX_TOPIC)}; the nearest is {near}"
        raise Refusal("unknown_command", words)


def _correlation(data: bytes | None) -> bytes | None:
    return None if data is None or len(data) > MAX_CORRELATION else data


def _refuse_retained(received: Received, *, obey_live: bool) -> None:
    if received.retain and not (received.live and obey_live):
        raise Refusal(
            "retained_command",
            "a message with the retain flag may be of any age and is never executed: publish"
            " commands without it; should this one come again, clear it where it is kept, with:"
            f" mosquitto_pub -r -n -t {received.topic}",
        )


# ------------------------------------------------------------------ what it means


def _command(address: Address, content: str | dict[str, Any], cameras: tuple[str, ...]) -> Command:
    if address.kind == "setting":
        return _setting(address, content)
    if address == _BEEP and asks_for_a_sound(content):
        content = {"url": content} if isinstance(content, str) else content
        address = Address("request", "sound")
    if address.kind == "press":
        return _pressed(address, content)
    if address.kind == "live":
        return live_view(str(address.camera), content)
    build = REQUESTS.get(address.name)
    if build is None:
        raise Refusal("unknown_command", f"known operations: {', '.join(OPERATIONS)}")
    if isinstance(content, str) and content not in {"", '""'}:
        raise Refusal("invalid_payload", "a request is a JSON object; {} where nothing is needed")
    fields = {} if isinstance(content, str) else content
    command = build(fields, cameras)
    if fields:
        raise Refusal("invalid_payload", f"unknown: {names(fields)}")
    return command


def _pressed(address: Address, content: str | dict[str, Any]) -> Command:
    """PRESS, or an object with a transaction and the command's other fields."""
    camera = address.camera
    if address.name == "snooze":
        minutes = snooze_minutes(content if isinstance(content, dict) else {"minutes": content})
        _press(content if isinstance(content, dict) else {})
        return Snooze(camera=camera, minutes=minutes)
    if camera is not None and address.name == "record":
        seconds = number(content, "seconds", LONG, LONGEST) if isinstance(content, dict) else LONG
        _press(content)
        return RecordNow(camera=camera, seconds=seconds)
    _press(content)
    if camera is None:
        return PlayBeep() if address.name == "beep" else Restart()
    if address.name == "overlay":
        return TakeOverlay(camera=camera)
    if address.name == "keep":
        return KeepRecording(camera=camera)
    if address.name == "mark":
        return MarkMistake(camera=camera, false_alarm=True)
    if address.name == "settings":
        names = [name for name in setting_names(CameraSettings) if name != "privacy"]
        return PatchSettings(camera=camera, values=dict.fromkeys(names))
    return TakeSnapshot(camera=camera)


def _press(content: str | dict[str, Any]) -> None:
    """PRESS, or an object that held nothing else than what was taken out of it."""
    pressed = content.casefold() == PRESS if isinstance(content, str) else not content
    if not pressed:
        raise Refusal("invalid_payload", 'send PRESS or {"transaction": …}')


def _setting(address: Address, content: str | dict[str, Any]) -> Command:
    value: object = content
    if isinstance(content, dict):
        if set(content) != {"value"}:
            raise Refusal("invalid_payload", 'send the value, or {"value": …, "transaction": …}')
        value = content["value"]
    checked = value_of(model_of(address.camera), address.name, value)
    if checked is None:
        return ResetSetting(camera=address.camera, name=address.name)
    return SetSetting(camera=address.camera, name=address.name, value=checked)
