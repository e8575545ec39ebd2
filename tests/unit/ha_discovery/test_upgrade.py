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
    (messages,) = clean(payloads_of(NOW), {}, NOW)
    assert [message.topic for message in messages] == [m.topic for m in reversed(NOW)]
    assert all(message.payload == b"" and message.retain for message in messages)


def test_cleaning_takes_out_what_earlier_versions_left_behind() -> None:
    after = discovery(DEVICE, CAMERAS[:1], "homeassistant")
    shown, last = clean(payloads_of(after), with_siren(), after)
    assert components(shown[1])["siren"] == SIREN
    assert {message.topic for message in last} == {message.topic for message in NOW}


def test_cleaning_empties_what_was_said_by_another_configuration_or_else_what_would_be() -> None:
    singles = discovery(DEVICE, CAMERAS, "homeassistant", "components")
    (said,) = clean(payloads_of(NOW), {}, singles)
    assert {message.topic for message in said} == {message.topic for message in NOW}
    (unknown,) = clean({}, {}, singles)
    assert {message.topic for message in unknown} == {message.topic for message in singles}


def test_cleaning_does_not_empty_the_messages_of_the_layout_before() -> None:
    singles = discovery(DEVICE, CAMERAS, "homeassistant", "components")
    (said,) = clean(payloads_of(NOW), payloads_of(singles), NOW)
    assert {message.topic for message in said} == {message.topic for message in NOW}


def test_another_layout_empties_the_old_messages_before_the_new_ones_come() -> None:
    singles = discovery(DEVICE, CAMERAS, "homeassistant", "components")
    for older, newer in ((NOW, singles), (singles, NOW)):
        begin, first = burial(graves(payloads_of(older), newer), newer)
        assert begin == [state(message.topic, b"") for message in older]
        assert first == list(newer)


def test_what_vanishes_with_the_layout_is_removed() -> None:
    fewer = discovery(DEVICE, CAMERAS[:1], "homeassistant", "components")
    begin, first, second = burial(graves(payloads_of(NOW), fewer), fewer)
    assert YARD not in {message.topic for message in begin}
    assert NOW[2] in first
    assert second == [state(YARD, b"")]


def test_a_single_entity_that_vanished_is_emptied() -> None:
    singles = discovery(DEVICE, CAMERAS, "homeassistant", "components")
    dead = graves(payloads_of(singles), singles[:-1])
    first, second = burial(dead, singles[:-1])
    assert first[-1].topic == singles[-1].topic
    assert second == [state(singles[-1].topic, b"")]
    assert merged(payloads_of(singles), payloads_of(singles[:-1])) == payloads_of(singles)
