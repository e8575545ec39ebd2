"""Users of the broker with one right, who try to cost the agent its connection or its time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.messages import BrokerDown, BrokerUp, Parsed, Received
from agent.mqtt.router import parse
from schemas.messages import Publish, state
from schemas.topics import AgentTopics
from tests.support.agent_mqtt import CAMERA, TOPICS, Ear, RunningMqtt, options
from tests.support.broker import Broker, write_passwords
from tests.support.raw_mqtt import PAYLOAD_FORMAT, RESPONSE_TOPIC, USER_PROPERTY, RawMqtt, text
from tests.support.waiting import wait_until

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
AGENT = {"username": "pi", "password": "right"}
STRANGER = {"username": "stranger", "password": "right"}
VIEWER = {"username": "viewer", "password": "right"}
PERSON = {"username": "homeassistant", "password": "right"}
STATUS = TOPICS.request("status")
#: More levels than Mosquitto takes.
DEEP = "a/" * 210 + "a"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path).start()
    yield running
    running.kill()


class Answering(RunningMqtt):
    """Answers each request where it is wanted, as the engine does."""

    def answer_all(self) -> int:
        """How many requests there were since the last time."""
        before = len(self.told)
        self.all_told(Received)
        requests = [told for told in self.told[before:] if isinstance(told, Received)]
        for received in requests:
            parsed = parse(received, TOPICS, ["front_door"], closed=("homeassistant/",))
            assert isinstance(parsed, Parsed)
            wanted = parsed.reply.response_topic
            for topic in (TOPICS.response("status"), *([wanted] if wanted else [])):
                self.put(Publish(topic, b"{}", correlation=parsed.reply.correlation))
        return len(requests)


def test_no_response_topic_costs_the_connection(broker: Broker, tmp_path: Path) -> None:
    topics = [DEEP, "a/#", "+", "", "$SYS/x", "homeassistant/device/x/config", TOPICS.availability]
    topics += ["/" * 250, "\u00e9" * 200, "x" * 60_000, "a/" * 10 + "b"]
    with (
        Ear(broker.port, "#") as ear,
        RawMqtt(broker.port, "hostile") as hostile,
        Answering(options(broker.port, protocol="auto"), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        answered = 0
        for topic in topics:
            hostile.publish(STATUS, b"{}", bytes([RESPONSE_TOPIC]) + text(topic))
        hostile.publish(STATUS, b"{}", bytes([RESPONSE_TOPIC]) + text("my/answer"))
        while not ear.of("my/answer"):
            wait_until("requests", lambda: agent.answer_all() or ear.of("my/answer"))
        answered = len(ear.of(TOPICS.response("status")))
        assert answered == len(topics) + 1
        heard = {one.topic for one in ear.heard} - {TOPICS.availability}
        assert heard == {STATUS, TOPICS.response("status"), "my/answer"}
        assert agent.all_told(BrokerDown) == []


def test_a_rule_that_only_this_broker_has_costs_two_connections_an_hour_and_never_mqtt_5(
    broker: Broker, tmp_path: Path
) -> None:
    with (
        Ear(broker.port, "surveillance/#") as ear,
        RunningMqtt(options(broker.port, protocol="auto"), tmp_path) as agent,
    ):
        for strike in range(2):
            assert agent.wait_for(BrokerUp, strike + 1).protocol == "5"
            agent.put(Publish(DEEP, b"{}"))
            down = agent.wait_for(BrokerDown, strike + 1)
            assert (down.code, "a/a/a" in down.reason) == ("kicked", True)
        assert agent.wait_for(BrokerUp, 3).protocol == "5"
        agent.put(Publish(DEEP, b"{}"), Publish(TOPICS.response("status"), b"{}"))
        ear.wait_for(TOPICS.response("status"))
        wait_until("the one left out is counted", lambda: agent.mqtt.stats.dropped == 1)
        assert len(agent.all_told(BrokerDown)) == 2


def test_messages_that_cannot_be_read_are_stepped_over_and_counted(
    broker: Broker, tmp_path: Path
) -> None:
    """More of them than the broker sends without an acknowledgement."""
    odd = [bytes([PAYLOAD_FORMAT, 7])] * 30
    odd.append((bytes([USER_PROPERTY]) + text("a") + text("b")) * 3000)  # can be read
    with (
        RawMqtt(broker.port, "hostile") as hostile,
        RunningMqtt(options(broker.port), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        for properties in odd:
            assert hostile.publish(STATUS, b"\xff", properties)
        assert hostile.publish(CAMERA.setting_set("armed"), b"OFF")
        agent.wait_for(Received, 2)
        assert [one.payload for one in agent.all_told(Received)] == [b"\xff", b"OFF"]
        wait_until("they are counted", lambda: agent.mqtt.stats.dropped == 30)
        assert agent.all_told(BrokerDown) == []


def test_a_flood_of_one_command_does_not_hold_up_the_others(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.mqtt.rate_limit.BURST", 10.0)
    monkeypatch.setattr("agent.mqtt.rate_limit.EACH_SECOND", 0.0)
    mine = options(broker.port, status_topic="homeassistant/status")
    with (
        RawMqtt(broker.port, "hostile") as hostile,
        RunningMqtt(mine, tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        for _ in range(300):
            hostile.publish(TOPICS.request("events"), b'{"camera": "front_door", "since": 0}')
            hostile.publish("homeassistant/status", b"online")
        hostile.publish(CAMERA.setting_set("armed"), b"OFF")
        agent.wait_for(Received, 21)
        heard = [one.topic for one in agent.all_told(Received)]
        assert heard[20:] == [CAMERA.setting_set("armed")]
        wait_until("the others are counted", lambda: agent.mqtt.stats.dropped == 580)
        agent.put(Publish(TOPICS.response("armed"), b"{}"))
        wait_until("it is sent", lambda: agent.outbox.empty)


@pytest.mark.parametrize("rights", ["mosquitto.acl", "mosquitto-fleet.acl"])
def test_nobody_ends_the_agents_connection_with_its_client_id(tmp_path: Path, rights: str) -> None:
    shipped = (DEPLOY / "mosquitto.conf").read_text().splitlines()
    write_passwords(tmp_path / "passwords", AGENT, STRANGER)
    (tmp_path / "rights").write_text((DEPLOY / rights).read_text().replace("AGENT", "pi"))
    lines = [line for line in shipped if line.startswith(("allow_", "use_username"))]
    lines += [f"password_file {tmp_path / 'passwords'}", f"acl_file {tmp_path / 'rights'}"]
    broker = Broker(tmp_path, lines).start()
    try:
        with RunningMqtt(options(broker.port, **AGENT), tmp_path) as agent:
            agent.wait_for(BrokerUp)
            with RawMqtt(broker.port, "surveillance-pi-test", **STRANGER) as hostile:
                hostile.publish(STATUS, b"{}")
            agent.put(state(TOPICS.availability, "online"))
            wait_until("it is sent", lambda: agent.outbox.empty)
            assert agent.all_told(BrokerDown) == []
    finally:
        broker.kill()


@pytest.fixture(params=["mosquitto.acl", "mosquitto-fleet.acl"])
def fenced(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    write_passwords(tmp_path / "passwords", AGENT, VIEWER, PERSON)
    (tmp_path / "rights").write_text((DEPLOY / request.param).read_text().replace("AGENT", "pi"))
    lines = ["allow_anonymous false", f"password_file {tmp_path / 'passwords'}"]
    running = Broker(tmp_path, [*lines, f"acl_file {tmp_path / 'rights'}"]).start()
    yield running
    running.kill()


def test_an_agent_makes_no_device_but_its_own(fenced: Broker, tmp_path: Path) -> None:
    others = [AgentTopics("surveillance", "other").discovery("homeassistant"), "homeassistant/x"]
    others += ["homeassistant/device/lamp/config", "homeassistant/switch/lamp/config"]
    mine = TOPICS.discovery("homeassistant")
    with (
        Ear(fenced.port, "homeassistant/#", **PERSON) as person,
        RunningMqtt(options(fenced.port, **AGENT), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        agent.put(*(state(topic, "{}") for topic in [*others, mine]))
        person.wait_for(mine)
        wait_until("the refusals are counted", lambda: agent.mqtt.stats.dropped == len(others))
        assert {heard.topic for heard in person.heard} == {mine}


@pytest.mark.parametrize("fenced", ["mosquitto-fleet.acl"], indirect=True)
def test_who_may_only_look_makes_no_device_and_is_no_agent(fenced: Broker) -> None:
    viewer_as_agent = AgentTopics("surveillance", "viewer")
    with (
        Ear(fenced.port, "surveillance/#", "homeassistant/#", **PERSON) as person,
        Ear(fenced.port, "surveillance/#", **VIEWER) as viewer,
    ):
        viewer.say(viewer_as_agent.discovery("homeassistant"), "{}")
        viewer.say(viewer_as_agent.discovery("homeassistant", "viewer_1"), "{}")
        viewer.say(viewer_as_agent.availability, "online")
        viewer.say(STATUS, "{}")
        person.say(STATUS, "{}")
        viewer.wait_for(STATUS)
        assert [heard.topic for heard in person.heard] == [STATUS]
