from __future__ import annotations

import itertools
import json
import os
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from agent.core.event_label import Label
from agent.core.messages import CameraCode, StoreCode
from ha_discovery.agent_entities import STORE_STATES
from ha_discovery.camera_entities import CAMERA_STATES, PROPOSALS
from ha_discovery.device import AgentDevice, CameraDevice, discovery
from ha_discovery.object_entities import LABELS
from ha_discovery.self_test_entities import RESULTS
from ha_discovery.sight_entities import LIGHT
from schemas.messages import Publish
from schemas.proposal import ProposalKind
from schemas.self_test import ResultWord
from schemas.settings import (
    CUSTOM,
    PLACES,
    AgentSettings,
    CameraSettings,
    idle_settings,
    limits,
    setting_names,
)
from schemas.state import AgentHealth, CameraHealth, SightHealth
from schemas.topics import AgentTopics
from tests.support.ha_rules import complaints

GOLDEN = Path(__file__).resolve().parents[2] / "fixtures" / "discovery"
TOPICS = AgentTopics("surveillance", "pi")
DEVICE = AgentDevice(TOPICS, "Garden house", "1.2.3")
CAMERAS = [CameraDevice("front_door", "Front door"), CameraDevice("yard", "Yard", "UDP camera")]
NAMED = CameraDevice("gate", "Gate", named=True)


SHOWN = [n for n in setting_names(CameraSettings) if n not in idle_settings("robust")]


def payloads() -> list[Publish]:
    return discovery(DEVICE, CAMERAS, "homeassistant")


def content(message: Publish) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(message.payload)
    return document


def components(index: int) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = content(payloads()[index])["cmps"]
    return found


def all_components() -> list[dict[str, Any]]:
    return [component for index in range(3) for component in components(index).values()]


def test_home_assistant_has_nothing_to_object_to() -> None:
    assert complaints(payloads()) == []


def test_a_camera_whose_events_are_named_has_more_and_no_other_has_it() -> None:
    (_, message) = discovery(DEVICE, [NAMED], "homeassistant")
    assert complaints([discovery(DEVICE, [NAMED], "homeassistant")[0], message]) == []
    text = json.dumps(content(message), indent=2, ensure_ascii=False) + "\n"
    path = GOLDEN / "camera_gate.json"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text(), "UPDATE_GOLDEN=1 writes it anew; review the difference"
    more = content(message)["cmps"].keys() - components(1).keys()
    triggers = {f"trigger_{label}" for label in LABELS}
    assert more == {"person", "vehicle", "animal", "last_object", *triggers}
    assert set(LABELS) == {label.value for label in Label}


def test_a_camera_whose_sound_is_measured_has_more_and_no_other_has_it() -> None:
    heard = CameraDevice("front_door", "Front door", heard=True)
    messages = discovery(DEVICE, [heard], "homeassistant")
    assert complaints(messages) == []
    found = content(messages[1])["cmps"]
    assert found.keys() - components(1).keys() == {"sound_level", "sound_event"}
    assert found["sound_event"]["evt_typ"] == ["sound_heard"]
    assert "sound_level_dbfs" in CameraHealth.model_fields
    assert "sound_level_dbfs" in found["sound_level"]["val_tpl"]


@pytest.mark.parametrize(
    ("index", "name"), [(0, "agent"), (1, "camera_front_door"), (2, "camera_yard")]
)
def test_the_payloads_are_the_reviewed_ones(index: int, name: str) -> None:
    text = json.dumps(content(payloads()[index]), indent=2, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text(), "UPDATE_GOLDEN=1 writes it anew; review the difference"


def test_the_agent_comes_first_because_its_cameras_refer_to_it() -> None:
    agent, *cameras = (content(message)["dev"] for message in payloads())
    assert agent["ids"] == ["surveillance__pi"]
    assert [camera["via_device"] for camera in cameras] == ["surveillance__pi"] * 2
    assert [message.topic for message in payloads()] == [
        "homeassistant/device/surveillance__pi/config",
        "homeassistant/device/surveillance__pi__front_door/config",
        "homeassistant/device/surveillance__pi__yard/config",
    ]


def test_unique_ids_are_those_of_the_contract() -> None:
    assert components(1)["motion"]["uniq_id"] == "surveillance__pi__front_door__motion"
    assert components(0)["beep"]["uniq_id"] == "surveillance__pi__beep"


def test_entity_ids_are_short_enough_to_type() -> None:
    assert components(1)["motion"]["def_ent_id"] == "binary_sensor.front_door_motion"
    assert components(0)["status"]["def_ent_id"] == "sensor.pi_status"


def test_no_name_is_given_twice_on_a_device() -> None:
    for index in range(3):
        names = [
            c.get("name", c.get("dev_cla")) for c in components(index).values() if "atype" not in c
        ]
        assert len(names) == len(set(names))


def test_every_setting_can_be_changed_in_its_own_range() -> None:
    camera = TOPICS.camera("front_door")
    for name in SHOWN:
        entity = components(1)[name]
        assert (entity["stat_t"], entity["cmd_t"]) == (
            camera.setting_state(name),
            camera.setting_set(name),
        )
        if entity["p"] == "number":
            allowed = limits(CameraSettings, name)
            assert (entity["min"], entity["max"]) == (allowed["minimum"], allowed["maximum"])
    assert set(setting_names(AgentSettings)) <= set(components(0))


def test_a_setting_that_does_nothing_in_a_profile_is_not_shown() -> None:
    shown = components(1).keys()
    assert "max_changed" not in shown
    plain = discovery(DEVICE, [CameraDevice("yard", "Yard", profile="plain")], "homeassistant")[1]
    assert content(plain)["cmps"].keys() - shown == {"max_changed"}


def test_sensitivity_is_chosen_and_shows_custom_where_its_numbers_were_set_singly() -> None:
    entity = components(1)["sensitivity"]
    assert (entity["p"], entity["ops"]) == ("select", [*PLACES, CUSTOM])


def test_a_camera_is_armed_by_a_panel_where_that_is_wanted() -> None:
    cameras = [CameraDevice("front_door", "Front door", alarm_panel=True)]
    messages = discovery(DEVICE, cameras, "homeassistant")
    assert complaints(messages) == []
    found = content(messages[1])["cmps"]
    assert "armed" not in found
    assert (found["alarm"]["p"], found["alarm"]["sup_feat"]) == (
        "alarm_control_panel",
        ["arm_away"],
    )
    assert found["alarm"]["cmd_t"] == TOPICS.camera("front_door").setting_set("armed")


def test_settings_stay_changeable_while_the_camera_is_away() -> None:
    for name in SHOWN:
        assert "avty" not in components(1)[name]


def test_what_needs_the_camera_is_unavailable_without_it() -> None:
    both = [{"t": TOPICS.availability}, {"t": TOPICS.camera("front_door").availability}]
    needing = {key for key, component in components(1).items() if "avty" in component}
    pictures = {"live", "live_view", "preview", "take_snapshot"}
    assert needing == {"motion", "recording", "record_clip", *pictures}
    assert all(components(1)[key]["avty"] == both for key in needing)


def enabled(message: Publish) -> list[str]:
    """The keys of the entities that Home Assistant shows without somebody's doing."""
    found = content(message)["cmps"].items()
    return [key for key, it in found if it.get("en", True) and it["p"] != "device_automation"]


@pytest.mark.parametrize(
    "camera",
    [
        CAMERAS[0],
        CameraDevice("yard", "Yard", profile="plain", alarm_panel=True),
        CameraDevice("yard", "Yard", named=True, heard=True, scheduled=True),
    ],
)
def test_few_entities_are_enabled(camera: CameraDevice) -> None:
    agent, message = discovery(DEVICE, [camera], "homeassistant")
    assert len(enabled(message)) <= 18
    assert len(enabled(agent)) <= 10


def test_nobody_sees_the_entities_of_a_speaker_that_is_not_there() -> None:
    silent = AgentDevice(TOPICS, "Garden house", "1.2.3", beeps=False)
    agent, camera = discovery(silent, CAMERAS[:1], "homeassistant")
    assert {"beep", "beep_enabled"} <= set(enabled(payloads()[0])) - set(enabled(agent))
    assert set(enabled(payloads()[1])) - set(enabled(camera)) == {"beep_on_motion"}


def test_the_live_picture_is_what_the_device_is_for() -> None:
    live = components(1)["live"]
    assert (live["p"], live["name"], live["def_ent_id"]) == ("camera", None, "camera.front_door")
    assert live["t"] == TOPICS.camera("front_door").live_image
    assert "en" not in live


def test_counters_have_no_statistics_and_are_not_listed_in_activity() -> None:
    """Home Assistant does not list a sensor with a unit."""
    counted = [it for it in all_components() if it.get("unit_of_meas") in {"events", "times"}]
    assert len(counted) >= 5
    assert all("stat_cla" not in it for it in counted)


def test_a_device_says_its_kind_address_area_and_page() -> None:
    device = AgentDevice(TOPICS, "Garden house", "1.2.3", page="http://pi.local:8655/")
    camera = CameraDevice("yard", "Yard", "RTSP camera", address="192.168.1.5:554", area="Garden")
    messages = discovery(device, [camera], "homeassistant")
    assert complaints(messages) == []
    about = content(messages[1])["dev"]
    assert (about["mdl"], about["mdl_id"], about["sa"]) == (
        "RTSP camera",
        "192.168.1.5:554",
        "Garden",
    )
    assert (about["sw"], about["cu"]) == ("1.2.3", "http://pi.local:8655/?camera=yard")
    assert content(messages[0])["dev"]["cu"] == "http://pi.local:8655/"


def test_readers_without_device_messages_get_the_same_entities_one_by_one() -> None:
    singles = discovery(DEVICE, CAMERAS, "homeassistant", "components")
    (motion,) = [it for it in singles if it.topic.endswith("__front_door/motion/config")]
    assert motion.topic == "homeassistant/binary_sensor/surveillance__pi__front_door/motion/config"
    assert motion.retain
    found = content(motion)
    assert "cmps" not in found
    assert found["stat_t"] == TOPICS.camera("front_door").motion
    assert found["dev"] == content(payloads()[1])["dev"]
    assert found["avty"] == components(1)["motion"]["avty"]
    assert len(singles) == len(all_components())
    assert len({it.topic for it in singles}) == len(singles)


def test_the_words_are_those_that_the_agent_says() -> None:
    assert list(CAMERA_STATES) == [code.value for code in CameraCode]
    assert set(STORE_STATES) == {code.value for code in StoreCode}


def fields(model: type[CameraHealth | AgentHealth]) -> set[str]:
    """The paths below `value_json` that the health message really has."""
    schema = model.model_json_schema()
    found = set()
    for name, value in schema["properties"].items():
        found.add(name)
        reference = value.get("$ref", "").rsplit("/", 1)[-1]
        inner = schema.get("$defs", {}).get(reference, {}).get("properties", {})
        found.update(f"{name}.{key}" for key in inner)
    return found


@pytest.mark.parametrize(("index", "model"), [(0, AgentHealth), (1, CameraHealth)])
def test_templates_ask_only_for_fields_that_are_sent(
    index: int, model: type[CameraHealth | AgentHealth]
) -> None:
    known = fields(model)
    health = content(payloads()[index])["cmps"].values()
    asked = {
        path
        for component in health
        if component.get("stat_t", "").endswith("/health")
        for template in (component.get("val_tpl", ""), component.get("json_attr_tpl", ""))
        for path in re.findall(r"value_json\.([a-z_0-9.]+)", template)
    }
    assert asked
    assert asked <= known


def test_light_is_day_or_night_as_health_says_it() -> None:
    words = SightHealth.model_json_schema()["properties"]["light"]["anyOf"][0]["enum"]
    assert list(LIGHT) == words
    assert set(PROPOSALS) == set(get_args(ProposalKind))


def test_words_stand_for_codes_in_what_people_read() -> None:
    for message, key in ((0, "storage_state"), (0, "speaker"), (1, "camera_state"), (1, "light")):
        shown = components(message)[key]["ops"]
        assert all("_" not in word and word[0].isupper() for word in shown)


def test_no_entity_speaks_of_the_product() -> None:
    for component in all_components():
        assert "surveillance" not in (component.get("name") or "").casefold()


def test_events_and_actions_are_never_retained() -> None:
    assert all("ret" not in component for component in all_components())


def test_a_payload_fits_into_the_smallest_packet_that_brokers_allow() -> None:
    assert max(len(message.payload) for message in payloads()) < 24_000


def test_another_prefix_and_a_documentation_address_are_taken_over() -> None:
    device = AgentDevice(TOPICS, "Garden house", "1.2.3", url="https://example.org/docs")
    messages = discovery(device, CAMERAS, "ha/test")
    assert messages[0].topic == "ha/test/device/surveillance__pi/config"
    assert content(messages[1])["o"]["url"] == "https://example.org/docs"
    assert complaints(messages) == []


def test_no_two_cameras_share_a_device_an_entity_or_a_topic_whatever_they_are_called() -> None:
    """Also where one's id and another one's entity put together read the same."""
    names = ["a", "a_motion", "a_motion_snapshot", "motion", "audio_x", "store", "mqtt", "agent"]
    names += ["pi", "a_recording", "a_recording_stream", "surveillance", "broker"]
    cameras = [CameraDevice(name, name) for name in names]
    messages = discovery(DEVICE, cameras, "homeassistant")
    devices = [content(it)["dev"]["ids"][0] for it in messages]
    shown = [list(content(it)["cmps"].values()) for it in messages]
    entities = [it["uniq_id"] for entities in shown for it in entities if "uniq_id" in it]
    topics = [it.topic for it in messages]
    for ids in (devices, entities, topics):
        assert len(set(ids)) == len(ids)
    spoken = [{it["stat_t"] for it in entities if "stat_t" in it} for entities in shown]
    for one, other in itertools.combinations(spoken, 2):
        assert not one & other


def test_the_self_tests_sensor_knows_every_result() -> None:
    assert get_args(ResultWord) == tuple(RESULTS)
    sensor = components(0)["self_test"]
    assert sensor["stat_t"] == sensor["json_attr_t"] == TOPICS.self_test
    button = components(0)["run_self_test"]
    assert (button["cmd_t"], button["pl_prs"]) == (TOPICS.request("self_test"), "{}")
