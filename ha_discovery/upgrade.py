"""Leaving no ghosts: what was published before and is no longer there is taken out.

Home Assistant keeps a component that a later payload leaves out. It goes when it is published once
with its platform and nothing else; after that the payload is published clean, so that the broker
keeps no tombstone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.messages import Publish, state

#: Discovery topic -> component key -> platform: what the agent has to remember between versions.
Published = dict[str, dict[str, str]]


def published(payloads: Iterable[Publish]) -> Published:
    """What these payloads put into Home Assistant; to be kept for the next start."""
    return {message.topic: _platforms(_content(message)) for message in payloads}


def tombstones(
    previous: Mapping[str, Mapping[str, str]], current: Sequence[Publish]
) -> list[Publish]:
    """What has to be published, in order, before `current`; empty when nothing vanished.

    Cameras that are gone are emptied; a device that lost components (or had their platform changed)
    is published with tombstones for them.
    """
    now = published(current)
    gone = [state(topic, b"") for topic in previous if topic not in now]
    buried = []
    for message in current:
        platforms = now[message.topic]
        vanished = {
            key: {"p": platform}
            for key, platform in previous.get(message.topic, {}).items()
            if platforms.get(key) != platform
        }
        if vanished:
            content = _content(message)
            content["cmps"] = {**content["cmps"], **vanished}
            raw = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            buried.append(state(message.topic, raw))
    return gone + buried


def clean(payloads: Sequence[Publish]) -> list[Publish]:
    """Removes the devices and their entities: retained empties, the cameras before the agent."""
    return [state(message.topic, b"") for message in reversed(payloads)]


def _content(message: Publish) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(message.payload)
    return content


def _platforms(content: Mapping[str, Any]) -> dict[str, str]:
    return {key: component["p"] for key, component in content["cmps"].items()}
