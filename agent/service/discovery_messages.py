"""Home Assistant's device payloads for this configuration."""

from __future__ import annotations

from agent import __version__
from agent.service.device_facts import address_of_camera, kind_of_camera, page_address
from agent.service.startup import model_name
from ha_discovery.device import AgentDevice, CameraDevice, discovery
from schemas.camera_config import CameraConfig
from schemas.config import Config
from schemas.messages import Publish
from schemas.topics import AgentTopics


def announced(config: Config, topics: AgentTopics) -> list[Publish]:
    """The messages for Home Assistant: none if `home_assistant.discovery` is off."""
    return discovery_messages(config, topics) if config.home_assistant.discovery else []


def discovery_messages(config: Config, topics: AgentTopics) -> list[Publish]:
    """Home Assistant's device payloads, the agent's first."""
    device = AgentDevice(
        topics,
        config.agent.name or in_letters(topics.agent_id),
        __version__,
        page=page_address(config.page),
        beeps=config.beep.enabled,
    )
    panel = config.home_assistant.arming == "alarm_control_panel"
    cameras = [
        CameraDevice(
            n,
            display_name(n, c),
            kind_of_camera(c.source),
            alarm_panel=panel,
            named=model_name(config, n) is not None,
            profile=c.detection.profile,
            heard=c.audio.level,
            scheduled=bool(config.rules_of(n)),
            address=address_of_camera(c.source),
            area=c.area,
        )
        for n, c in config.cameras.items()
    ]
    home = config.home_assistant
    return discovery(device, cameras, home.prefix, home.discovery_format)


def display_name(camera_id: str, camera: CameraConfig) -> str:
    """What people call the camera."""
    return camera.name or in_letters(camera_id)


def in_letters(identity: str) -> str:
    """An id as people would write it."""
    return identity.replace("_", " ").capitalize()
