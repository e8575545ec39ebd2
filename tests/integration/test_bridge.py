"""An agent at a site whose broker is bridged to another, as deploy/mosquitto-bridge.conf says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.messages import BrokerUp, Received, Refused
from agent.mqtt.command_topics import command_topics
from agent.mqtt.router import parse
from schemas.messages import Publish, state
from tests.support.agent_mqtt import CAMERA, TOPICS, Ear, RunningMqtt, options, record
from tests.support.broker import Broker
from tests.support.faulty_link import FaultyLink
from tests.support.waiting import wait_until

BRIDGE = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto-bridge.conf"
STATUS = "homeassistant/status"
DOWN = b"0"
UP = b"1"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Broker]:
    (tmp_path / "centre").mkdir()
    made = Broker(tmp_path / "centre").start()
    yield made
    made.kill()


@pytest.fixture
def line(centre: Broker) -> Iterator[FaultyLink]:
    """Between site and centre."""
    with FaultyLink(centre.port) as line:
        yield line


@pytest.fixture
def site(tmp_path: Path, line: FaultyLink) -> Iterator[Broker]:
    """With the documented lines; on loopback without TLS and passwords."""
    (tmp_path / "site").mkdir()
    bridge = BRIDGE.read_text().replace("CENTRE:8883", f"127.0.0.1:{line.port}")
    lines = [
        line
        for line in bridge.replace("SITE", "shed").splitlines()
        if line and not line.startswith(("#", "bridge_cafile", "remote_password", "remote_user"))
    ]
    made = Broker(tmp_path / "site", ["allow_anonymous true", *lines]).start()
    yield made
    made.kill()


def test_what_the_agent_says_and_hears_gets_across(
    centre: Broker, site: Broker, tmp_path: Path
) -> None:
    device = state(TOPICS.discovery("homeassistant", CAMERA.camera_id), "{}")
    commands = [*command_topics(TOPICS, ["front_door"]), f"{CAMERA.root}/armed"]
    with (
        Ear(centre.port, "#") as person,
        RunningMqtt(options(site.port, status_topic=STATUS), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        agent.put(device, state(CAMERA.motion, "ON"), state(TOPICS.availability, "online"))
        agent.put(record(1), Publish(CAMERA.response("armed"), b"{}"))
        for topic in (device.topic, CAMERA.motion, CAMERA.event_motion, CAMERA.response("armed")):
            person.wait_for(topic)
        for topic in commands:
            person.say(topic, "{}")
        person.say(STATUS, "online")
        agent.wait_for(Received, len(commands) + 1)
        assert {got.topic for got in agent.all_told(Received)} == {*commands, STATUS}
    with Ear(centre.port, "surveillance/#") as late:
        assert late.wait_for(CAMERA.motion).retain
        assert late.of(CAMERA.event_motion) == []


def test_events_wait_at_the_site_while_the_centre_is_away_and_its_absence_is_told(
    centre: Broker, line: FaultyLink, site: Broker, tmp_path: Path
) -> None:
    link = "surveillance_bridge/shed"
    with Ear(centre.port, "#") as person, RunningMqtt(options(site.port), tmp_path) as agent:
        agent.wait_for(BrokerUp)
        agent.put(state(TOPICS.availability, "online"), state(CAMERA.motion, "ON"))
        wait_until("the bridge is there", lambda: UP in person.payloads(link))
        person.wait_for(CAMERA.motion)
        line.refusing = True  # the site must not be back before the person listens
        subscribed = person.subscribed
        centre.kill()
        agent.put(record(1), record(2))
        wait_until("the site has them", lambda: agent.mqtt.stats.journal_waiting == 0)
        centre.start()
        wait_until("the person listens again", lambda: person.subscribed > subscribed)
        line.refusing = False
        person.wait_for(CAMERA.event_motion, 2)
        assert person.seqs(CAMERA.event_motion)[:2] == [1, 2]
        site.kill()
        wait_until("the bridge's end is told", lambda: person.payloads(link)[-1] == DOWN)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_old_retained_command_of_the_centre_is_known_as_such_at_each_connection(
    centre: Broker, line: FaultyLink, site: Broker, tmp_path: Path, protocol: str
) -> None:
    with (
        Ear(centre.port, "#") as person,
        RunningMqtt(options(site.port, protocol=protocol), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        wait_until("the bridge is there", lambda: line.accepted > 0)
        line.refusing = True
        line.cut()
        person.say(CAMERA.setting_set("armed"), "OFF", retain=True)
        line.refusing = False
        for count in (1, 2):
            received = agent.wait_for(Received, count)
            assert (received.payload, received.retain) == (b"OFF", True)
            refused = parse(received, TOPICS, ["front_door"])
            assert isinstance(refused, Refused)
            assert refused.error.code == "retained_command"
            assert refused.clear_retained == CAMERA.setting_set("armed")
            line.cut()


def test_commands_do_not_wait_in_the_centre_for_a_line_that_is_down(
    centre: Broker, line: FaultyLink, site: Broker, tmp_path: Path
) -> None:
    with (
        Ear(centre.port, "#") as person,
        RunningMqtt(options(site.port), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        agent.put(state(TOPICS.availability, "online"), state(CAMERA.motion, "ON"))
        person.wait_for(CAMERA.motion)
        line.refusing = True
        line.cut()
        person.say(CAMERA.setting_set("armed"), "OFF")
        agent.put(record(1))  # what the agent says does wait
        line.refusing = False
        person.wait_for(CAMERA.event_motion)
        person.say(TOPICS.request("status"), "{}")
        agent.wait_for(Received)
        assert [got.topic for got in agent.all_told(Received)] == [TOPICS.request("status")]
