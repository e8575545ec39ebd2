"""A subscriber that holds every message of the agent against the committed schemas.

The judge is the library `jsonschema`: it knows nothing of the models that the messages came from.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from paho.mqtt import client as paho
from paho.mqtt.subscribeoptions import SubscribeOptions

from schemas.channels import CHANNELS, Channel
from schemas.settings import AgentSettings, CameraSettings, setting_names
from schemas.tools import export
from tests.support.agent_mqtt import Ear

MAGIC = {"image/jpeg": b"\xff\xd8", "image/png": b"\x89PNG\r\n\x1a\n"}
#: `mqtt.max_image_kb`: what the test runs' configuration allows.
LARGEST_PICTURE = 500_000
LARGEST_HEALTH = 16_384  # Home Assistant does not record more attributes


class Observer(Ear):
    """An `Ear` on everything below one base topic; `complaints` is what was wrong."""

    def __init__(self, port: int, base: str = "surveillance", **login: str) -> None:
        self.complaints: list[str] = []
        self.judged = 0
        super().__init__(port, f"{base}/#", "homeassistant/#", **login)

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        # with the retain flag as it was published
        wanted = SubscribeOptions(qos=1, retainAsPublished=True)
        client.subscribe([(name, wanted) for name in self._filters])

    def _on_message(self, client: object, userdata: object, message: paho.MQTTMessage) -> None:
        if not message.topic.startswith("homeassistant/"):
            found = objections(message.topic, bytes(message.payload), retained=message.retain)
            self.complaints += found
            self.judged += 1
        super()._on_message(client, userdata, message)


def objections(topic: str, payload: bytes, *, retained: bool) -> list[str]:
    """What is wrong with one message; [] when all is well."""
    channel = channel_of(topic)
    if channel is None:
        return [f"{topic}: no channel"]
    if channel.command or (retained and channel.retained and not payload):
        return []  # an empty one takes what was retained away
    found = []
    if retained != channel.retained:
        found.append(f"{topic}: retained is {retained}")
    if channel.media in MAGIC:
        if not payload.startswith(MAGIC[channel.media]):
            found.append(f"{topic}: no {channel.media}: {payload[:8]!r}")
        if len(payload) > LARGEST_PICTURE:
            found.append(f"{topic}: {len(payload)} bytes")
    elif channel.model is not None:
        if len(payload) > LARGEST_HEALTH and channel.retained:
            found.append(f"{topic}: {len(payload)} bytes")
        errors = _validator(channel.model.__name__).iter_errors(json.loads(payload))
        found += [f"{topic}: {error.json_path}: {error.message}" for error in errors]
    elif channel.words and payload.decode() not in channel.words:
        found.append(f"{topic}: {payload!r}")
    return found


def channel_of(topic: str) -> Channel | None:
    """The channel that a topic belongs to."""
    return next((c for pattern, c in _patterns() if pattern.fullmatch(topic)), None)


@dataclass(frozen=True)
class _Places:
    """What a placeholder may stand for."""

    setting: str = "|".join({*setting_names(CameraSettings), *setting_names(AgentSettings)})

    def pattern(self, name: str) -> str:
        return f"(?:{self.setting})" if name == "setting" else "[a-z0-9_]+"


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], Channel]]:
    places = _Places()
    return [
        (re.compile(re.sub(r"{(\w+)}", lambda m: places.pattern(m[1]), channel.topic)), channel)
        for channel in CHANNELS
    ]


@lru_cache(maxsize=32)
def _validator(model: str) -> Draft202012Validator:
    """Of the committed file, which is what users read."""
    name = next(name for name, of in export.MODELS.items() if of.__name__ == model)
    schema: dict[str, Any] = json.loads((export.FOLDER / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
