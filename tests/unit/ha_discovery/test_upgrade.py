from __future__ import annotations

import json
from typing import Any

from ha_discovery.device import AgentDevice, CameraDevice, discovery
from ha_discovery.upgrade import Payloads, burial, clean, graves, merged, payloads_of
from schemas.messages import Publish, state
from schemas.topics import AgentTopics

DEVICE = AgentDevice(AgentTopics("surveillance", "pi"), "Pi", "1.0")
CAMERAS = [CameraDevice("door", "Door"), CameraDevice("yard", "Yard")]
NOW = discovery(DEVICE, CAMERAS, "homeassistant")
DOOR = "homeassistant/device/surveillance__pi__door/config"
YARD = "homeassistant/device/surveillance__pi__yard/config"
SIREN = {"p": "siren", "uniq_id": "surveillance__pi__door__siren", "cmd_t": "t"}


def components(message: Publish) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.payload)["cmps"]
    return found


def with_siren() -> Payloads:
    before = payloads_of(NOW)
    before[DOOR]["cmps"]["siren"] = SIREN
    return before


def test_what_is_published_is_remembered_whole() -> None:
    memory = payloads_of(NOW)
    assert list(memory) == [message.topic for message in NOW]
    assert memory[DOOR]["cmps"]["motion"]["p"] == "binary_sensor"
    assert json.loads(json.dumps(memory)) == memory


def test_the_same_version_and_the_first_one_bury_nothing() -> None:
    assert graves(payloads_of(NOW), NOW) == {}
    assert graves({}, NOW) == {}
    assert burial({}, NOW) == [NOW]


def test_a_vanished_entity_is_shown_once_more_then_buried_then_forgotten() -> None:
    dead = graves(with_siren(), NOW)
    assert dead[DOOR]["cmps"] == {"siren": SIREN}
    first, second, third = burial(dead, NOW)
    assert [message.topic for message in first] == [message.topic for message in NOW]
    assert components(first[1])["siren"] == SIREN
    assert [message.topic for message in second] == [DOOR]
    assert components(second[0])["siren"] == {"p": "siren"}
    assert third == [NOW[1]]
    assert all(message.retain for step in (first, second, third) for message in step)


def test_an_entity_of_another_platform_is_taken_out_before_it_comes_back() -> None:
    before = payloads_of(NOW)
    before[DOOR]["cmps"]["status"] = {"p": "binary_sensor", "uniq_id": "u"}
    first, second, third = burial(graves(before, NOW), NOW)
    assert components(first[1])["status"]["p"] == "binary_sensor"
    assert components(second[0])["status"] == {"p": "binary_sensor"}
    assert components(third[0])["status"]["p"] == "sensor"


def test_a_camera_that_is_gone_is_shown_once_more_and_emptied() -> None:
    after = discovery(DEVICE, CAMERAS[:1], "homeassistant")
    first, second = burial(graves(payloads_of(NOW), after), after)
    assert first == [*after, NOW[2]]
    assert second == [state(YARD, b"")]


def test_discovery_switched_off_takes_everything_out() -> None:
    first, second = burial(graves(payloads_of(NOW), []), [])
    assert first == NOW
    assert {message.topic for message in second} == {message.topic for message in NOW}
    assert all(message.payload == b"" for message in second)


def test_what_two_versions_left_behind_is_added_up() -> None:
    older: Payloads = {DOOR: {"cmps": {"a": {"p": "sensor"}}}, YARD: {"cmps": {}}}
    newer: Payloads = {DOOR: {"cmps": {"b": {"p": "switch"}}}}
    both = merged(older, newer)
    assert both[DOOR]["cmps"] == {"a": {"p": "sensor"}, "b": {"p": "switch"}}
    assert YARD in both


def test_a_camera_that_comes_back_is_not_buried() -> None:
    assert graves(merged({YARD: payloads_of(NOW)[YARD]}, {}), NOW) == {}


def test_cleaning_empties_the_cameras_before_the_agent_and_keeps_the_emptiness() -> None:
    (messages,) = clean({}, NOW)
    assert [message.topic for message in messages] == [m.topic for m in reversed(NOW)]
    assert all(message.payload == b"" and message.retain for message in messages)


def test_cleaning_takes_out_what_earlier_versions_left_behind() -> None:
    after = discovery(DEVICE, CAMERAS[:1], "homeassistant")
    *_, last = clean(graves(with_siren(), after), after)
    assert {message.topic for message in last} == {message.topic for message in NOW}
