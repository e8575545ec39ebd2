"""The discovery messages: of the agent, and of each of its cameras.

Usually there is one for each device. For readers that know no device message there is one for each
entity, with the same content.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ha_discovery.agent_entities import agent_components
from ha_discovery.camera_entities import camera_components
from ha_discovery.components import Component, Maker
from schemas.messages import Publish, state
from schemas.topics import AgentTopics, component_topic, device_id

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
        page: where browsers reach the page; None: there is none.
        beeps: it has a speaker.
    """

    topics: AgentTopics
    name: str
    version: str
    url: str | None = None
    page: str | None = None
    beeps: bool = True


@dataclass(frozen=True, slots=True)
class CameraDevice:
    """A camera as a device of its own, reached through the agent."""

    camera_id: str
    name: str
    model: str = CAMERA_MODEL
    alarm_panel: bool = False  # arm by an alarm panel instead of a switch
    named: bool = False  # a classifier names its events
    profile: str = "robust"  # of its detector: what does nothing in it is not shown
    heard: bool = False  # its sound is measured
    scheduled: bool = False  # the clock switches something of it
    address: str | None = None  # host and port; None: it has none
    area: str | None = None  # where it is, as a suggestion


#: One message for each device, or one for each entity.
Layout = Literal["device", "components"]


def discovery(
    device: AgentDevice, cameras: Sequence[CameraDevice], prefix: str, layout: Layout = "device"
) -> list[Publish]:
    """The retained discovery messages; the agent's first, because the cameras refer to it."""
    devices = [_agent(device, prefix), *(_camera(device, camera, prefix) for camera in cameras)]
    if layout == "device":
        return devices
    return [one for message in devices for one in _single(message, prefix)]


def _single(message: Publish, prefix: str) -> list[Publish]:
    """A device's message as one for each entity."""
    content = json.loads(message.payload)
    components: dict[str, dict[str, Any]] = content.pop("cmps")
    owner = content["dev"]["ids"][0]
    return [
        _message(component_topic(prefix, component.pop("p"), owner, key), {**content, **component})
        for key, component in components.items()
    ]


def _agent(device: AgentDevice, prefix: str) -> Publish:
    topics = device.topics
    make = Maker(topics.base, topics.agent_id, topics.health)
    about = {"name": device.name, "mf": MANUFACTURER, "mdl": AGENT_MODEL, "sw": device.version}
    about |= {} if device.page is None else {"cu": device.page}
    ids = [device_id(topics.base, topics.agent_id)]
    components = agent_components(make, topics, beeps=device.beeps)
    return _payload(device, topics.discovery(prefix), {"ids": ids, **about}, components)


def _camera(device: AgentDevice, camera: CameraDevice, prefix: str) -> Publish:
    topics = device.topics
    of_camera = topics.camera(camera.camera_id)
    make = Maker(topics.base, topics.agent_id, of_camera.health, camera.camera_id)
    about = {
        "ids": [device_id(topics.base, topics.agent_id, camera.camera_id)],
        "name": camera.name,
        "mf": MANUFACTURER,
        "mdl": camera.model,
        "sw": device.version,
        "via_device": device_id(topics.base, topics.agent_id),
    }
    page = None if device.page is None else f"{device.page}?camera={camera.camera_id}"
    more = {"mdl_id": camera.address, "sa": camera.area, "cu": page}
    about |= {key: value for key, value in more.items() if value is not None}
    components = camera_components(
        make,
        of_camera,
        alarm_panel=camera.alarm_panel,
        named=camera.named,
        profile=camera.profile,
        heard=camera.heard,
        scheduled=camera.scheduled,
        beeps=device.beeps,
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
    return _message(topic, content)


def _message(topic: str, content: dict[str, Any]) -> Publish:
    return state(topic, json.dumps(content, ensure_ascii=False, separators=(",", ":")))
