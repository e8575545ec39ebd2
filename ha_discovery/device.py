"""The device payloads: one for the agent, one for each of its cameras."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ha_discovery.agent_entities import agent_components
from ha_discovery.camera_entities import camera_components
from ha_discovery.components import Component, Maker
from schemas.messages import Publish, state
from schemas.topics import AgentTopics, device_id

MANUFACTURER = "Surveillance agent"
AGENT_MODEL = "Edge agent"
CAMERA_MODEL = "Camera"


@dataclass(frozen=True, slots=True)
class AgentDevice:
    """The agent as a device.

    Attributes:
        topics: base topic and id.
        name: what people call it.
        version: of the software.
        url: of the project's documentation; None leaves it out.
    """

    topics: AgentTopics
    name: str
    version: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class CameraDevice:
    """A camera as a device of its own, reached through the agent."""

    camera_id: str
    name: str
    model: str = CAMERA_MODEL
    alarm_panel: bool = False  # arm by an alarm panel instead of a switch
    named: bool = False  # a classifier names its events


def discovery(device: AgentDevice, cameras: Sequence[CameraDevice], prefix: str) -> list[Publish]:
    """The retained device payloads; the agent's first, because the cameras refer to it."""
    return [_agent(device, prefix), *(_camera(device, camera, prefix) for camera in cameras)]


def _agent(device: AgentDevice, prefix: str) -> Publish:
    topics = device.topics
    make = Maker(topics.base, topics.agent_id)
    about = {"name": device.name, "mf": MANUFACTURER, "mdl": AGENT_MODEL, "sw": device.version}
    ids = [device_id(topics.base, topics.agent_id)]
    return _payload(
        device, topics.discovery(prefix), {"ids": ids, **about}, agent_components(make, topics)
    )


def _camera(device: AgentDevice, camera: CameraDevice, prefix: str) -> Publish:
    topics = device.topics
    make = Maker(topics.base, topics.agent_id, camera.camera_id)
    about = {
        "ids": [device_id(topics.base, topics.agent_id, camera.camera_id)],
        "name": camera.name,
        "mf": MANUFACTURER,
        "mdl": camera.model,
        "via_device": device_id(topics.base, topics.agent_id),
    }
    of_camera = topics.camera(camera.camera_id)
    components = camera_components(
        make, of_camera, alarm_panel=camera.alarm_panel, named=camera.named
    )
    return _payload(device, topics.discovery(prefix, camera.camera_id), about, components)


def _payload(
    device: AgentDevice, topic: str, about: dict[str, Any], components: list[Component]
) -> Publish:
    """Home Assistant drops the whole payload for one unknown key outside of `cmps`."""
    origin = {"name": "surveillance-agent", "sw": device.version}
    content = {
        "dev": about,
        "o": origin if device.url is None else {**origin, "url": device.url},
        "avty": [{"t": device.topics.availability}],
        "qos": 1,
        "cmps": {component.key: component.entry() for component in components},
    }
    return state(topic, json.dumps(content, ensure_ascii=False, separators=(",", ":")))
