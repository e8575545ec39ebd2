from __future__ import annotations

import json
from typing import Any

from ha_discovery.device import AgentDevice, CameraDevice, discovery
from ha_discovery.upgrade import clean, published, tombstones
from schemas.messages import Publish, state
from schemas.topics import AgentTopics

DEVICE = AgentDevice(AgentTopics("surveillance", "pi"), "Pi", "1.0")
CAMERAS = [CameraDevice("door", "Door"), CameraDevice("yard", "Yard")]
NOW = discovery(DEVICE, CAMERAS, "homeassistant")
DOOR = "homeassistant/device/surveillance__pi__door/config"


def components(message: Publish) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.payload)["cmps"]
    return found


def test_what_is_published_is_remembered_with_its_platforms() -> None:
    memory = published(NOW)
    assert list(memory) == [message.topic for message in NOW]
    assert memory[DOOR]["motion"] == "binary_sensor"
    assert json.loads(json.dumps(memory)) == memory


def test_the_same_version_buries_nothing() -> None:
    assert tombstones(published(NOW), NOW) == []


def test_the_first_version_buries_nothing() -> None:
    assert tombstones({}, NOW) == []


def test_a_vanished_entity_is_taken_out_by_its_platform_alone() -> None:
    before = published(NOW)
    before[DOOR]["siren"] = "siren"
    (message,) = tombstones(before, NOW)
    assert message.topic == DOOR
    assert message.retain
    assert components(message)["siren"] == {"p": "siren"}
    assert {k: v for k, v in components(message).items() if k != "siren"} == components(NOW[1])


def test_an_entity_of_another_platform_is_taken_out_before_it_comes_back() -> None:
    before = published(NOW)
    before[DOOR]["status"] = "binary_sensor"
    (message,) = tombstones(before, NOW)
    assert components(message)["status"] == {"p": "binary_sensor"}


def test_a_camera_that_is_gone_is_emptied() -> None:
    before = published(NOW)
    after = discovery(DEVICE, CAMERAS[:1], "homeassistant")
    gone = "homeassistant/device/surveillance__pi__yard/config"
    assert tombstones(before, after) == [state(gone, b"")]


def test_cleaning_empties_the_cameras_before_the_agent_and_keeps_the_emptiness() -> None:
    messages = clean(NOW)
    assert [message.topic for message in messages] == [m.topic for m in reversed(NOW)]
    assert all(message.payload == b"" and message.retain for message in messages)
