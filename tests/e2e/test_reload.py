"""SIGHUP: cameras come, change and go in the running agent; the others notice nothing."""

from __future__ import annotations

import json
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House, Process
from tests.support.waiting import wait_until

GARDEN = TOPICS.camera("garden")


@pytest.fixture
def house(house: House) -> House:
    house.config["cameras"] = {"yard": {"source": "demo:"}}
    return house


def last(ear: Ear, topic: str) -> bytes:
    heard = ear.payloads(topic)
    return heard[-1] if heard else b"nothing yet"


def wait_state(ear: Ear, topic: str, value: bytes) -> None:
    wait_until(f"{topic} = {value!r}", lambda: last(ear, topic) == value)


def reload(house: House, agent: Process) -> None:
    (house.folder / "config.yaml").write_text(yaml.safe_dump(house.config))
    agent.signal(signal.SIGHUP)


def links(agent: Process, camera: str) -> int:
    """How often the camera came up."""
    return agent.log.count(f"camera {camera}: live")


def more_refusals(agent: Process, before: int) -> bool:
    return agent.log.count("nothing is taken over") > before


def holds_hangups_back(agent: Process) -> bool:
    status = Path(f"/proc/{agent.pid}/status").read_text()
    blocked = int(status.split("SigBlk:")[1].split()[0], 16)
    return bool(blocked & 1 << signal.SIGHUP - 1)


def test_a_hangup_while_the_agent_still_loads_is_obeyed_once_it_listens(
    house: House, ear: Ear
) -> None:
    agent = house.agent()
    wait_until("hangups are held back", lambda: holds_hangups_back(agent))
    agent.signal(signal.SIGHUP)
    agent.wait_for_line("configuration: read again")
    wait_state(ear, YARD.availability, b"online")
    assert agent.stop() == 0


def test_a_stop_while_the_agent_still_loads_ends_it_at_once(house: House) -> None:
    agent = house.agent()
    wait_until("it has its first handlers", lambda: holds_hangups_back(agent))
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def test_cameras_come_change_and_go_without_touching_the_others(house: House, ear: Ear) -> None:
    agent = house.agent()
    wait_state(ear, YARD.availability, b"online")
    garden: dict[str, Any] = {"source": "demo:", "name": "Back garden"}
    house.config["cameras"]["garden"] = garden
    reload(house, agent)
    wait_state(ear, GARDEN.availability, b"online")
    device = json.loads(last(ear, TOPICS.discovery("homeassistant", "garden")))
    assert device["dev"]["name"] == "Back garden"

    ear.say(GARDEN.setting_set("pixel_threshold"), "77")
    wait_state(ear, GARDEN.setting_state("pixel_threshold"), b"77")
    wait_until("an event", lambda: ear.payloads(GARDEN.event_motion))
    seq = json.loads(last(ear, GARDEN.event_motion))["seq"]

    garden |= {"name": "Orchard", "clear_delay_seconds": 3.0}
    reload(house, agent)
    wait_state(ear, GARDEN.setting_state("clear_delay"), b"3")
    wait_until("live again", lambda: links(agent, "garden") == 2)
    assert last(ear, GARDEN.setting_state("pixel_threshold")) == b"77"
    wait_until(
        "the next event", lambda: json.loads(last(ear, GARDEN.event_motion))["seq"] > seq + 1
    )
    seqs = [json.loads(event)["seq"] for event in ear.payloads(GARDEN.event_motion)]
    assert seqs == list(range(1, len(seqs) + 1))

    del house.config["cameras"]["garden"]
    reload(house, agent)
    wait_state(ear, GARDEN.availability, b"")
    wait_state(ear, TOPICS.discovery("homeassistant", "garden"), b"")
    assert links(agent, "yard") == 1
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def test_what_is_wanted_while_a_camera_is_exchanged_is_for_the_one_that_comes(
    house: House, ear: Ear
) -> None:
    agent = house.agent()
    wait_state(ear, YARD.availability, b"online")
    house.config["cameras"]["yard"]["clear_delay_seconds"] = 3
    reload(house, agent)
    ear.say(YARD.snapshot_take, '{"transaction": "s"}')
    ear.say(YARD.recording_start, '{"transaction": "r", "seconds": 1}')
    ear.say(YARD.setting_set("privacy"), "ON")
    agent.wait_for_line("configuration: read again: changed yard")
    answers = [
        wait_until("an answer", partial(answered, ear, noun)) for noun in ("snapshot", "record")
    ]
    assert not [it for it in answers if "no answer within" in str(it["error"])]
    health = YARD.health
    wait_until("private", lambda: json.loads(last(ear, health)).get("state") == "private")
    assert agent.stop() == 0


def answered(ear: Ear, noun: str) -> dict[str, Any] | None:
    told = [json.loads(payload) for payload in ear.payloads(YARD.response(noun))]
    return told[0] if told else None


def test_a_bad_file_changes_nothing_and_is_said(house: House, ear: Ear) -> None:
    agent = house.agent()
    wait_state(ear, YARD.availability, b"online")
    for camera in (
        {"source": "gopher://x"},
        {"source": "demo:", "mask": "/none.png"},
        {"sauce": "demo:"},
        {"source": "gopher://x", "mask": "/none.png"},
    ):
        before = agent.log.count("nothing is taken over")
        house.config["cameras"] = {"garden": camera}
        reload(house, agent)
        wait_until("said", partial(more_refusals, agent, before))
    assert "garden.source: gopher://x: " in agent.log.rpartition("nothing is taken over")[2]
    assert "garden.mask: /none.png: " in agent.log.rpartition("nothing is taken over")[2]
    house.config["cameras"] = {"yard": {"source": "demo:"}}
    house.config["beep"] = {"enabled": True}
    reload(house, agent)
    agent.wait_for_line("needs a restart: beep")
    assert last(ear, YARD.availability) == b"online"
    assert links(agent, "yard") == 1
    assert agent.stop() == 0
