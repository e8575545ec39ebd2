"""Home Assistant gets each event once, when it is there to hear it; nobody else waits for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.messages import BrokerUp, Received
from agent.mqtt.options import MqttOptions
from schemas.messages import Record, state
from tests.support.agent_mqtt import CAMERA, TOPICS, Ear, RunningMqtt, options, record
from tests.support.broker import Broker
from tests.support.waiting import wait_until

STATUS = "homeassistant/status"
DEVICES = "homeassistant/device/"


def at_home(port: int, **changes: Any) -> MqttOptions:  # noqa: ANN401  fields of MqttOptions
    return options(port, status_topic=STATUS, devices=DEVICES, **changes)


def for_home(seq: int) -> Record:
    return replace(record(seq), offer=CAMERA.ha_motion)


def answer_birth(agent: RunningMqtt) -> None:
    """As the engine does, which is not here."""
    wait_until("the birth", lambda: any(m.topic == STATUS for m in agent.all_told(Received)))
    agent.put(state(TOPICS.availability, "online"))


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_events_wait_for_home_assistant_and_other_readers_do_not(
    broker: Broker, tmp_path: Path, protocol: str
) -> None:
    # the broker has just begun, so Home Assistant is still to come
    wanted = at_home(broker.port, protocol=protocol)
    with Ear(broker.port) as ear, RunningMqtt(wanted, tmp_path) as agent:
        agent.wait_for(BrokerUp)
        agent.put(state(TOPICS.availability, "online"), for_home(1), for_home(2))
        ear.wait_for(CAMERA.event_motion, 2)
        wait_until("acknowledged", lambda: agent.mqtt.stats.journal_waiting == 0)
        assert agent.mqtt.stats.home_waiting == 2
        ear.say(STATUS, "online")
        answer_birth(agent)
        agent.put(for_home(3))
        ear.wait_for(CAMERA.ha_motion, 3)
        assert ear.seqs(CAMERA.ha_motion) == [1, 2, 3]
        assert ear.seqs(CAMERA.event_motion) == [1, 2, 3]
        wait_until("all is delivered", lambda: agent.mqtt.stats.home_waiting == 0)
        ear.say(STATUS, "offline")
        wait_until("it was heard", lambda: len(agent.all_told(Received)) == 2)
        agent.put(for_home(4))
        ear.wait_for(CAMERA.event_motion, 4)
        assert agent.mqtt.stats.home_waiting == 1
    with Ear(broker.port) as ear, RunningMqtt(at_home(broker.port), tmp_path) as agent:
        agent.wait_for(BrokerUp)
        agent.put(state(TOPICS.availability, "online"))
        ear.say(STATUS, "online")
        answer_birth(agent)
        ear.wait_for(CAMERA.ha_motion)
        assert ear.seqs(CAMERA.ha_motion) == [4]
        assert ear.of(CAMERA.event_motion) == []


def test_where_nobody_subscribes_nothing_counts_as_delivered(
    broker: Broker, tmp_path: Path
) -> None:
    with (
        Ear(broker.port, STATUS, CAMERA.event_motion) as ear,
        RunningMqtt(at_home(broker.port), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        ear.say(STATUS, "online")
        answer_birth(agent)
        agent.put(for_home(1))
        ear.wait_for(CAMERA.event_motion)
        wait_until("it was offered", lambda: CAMERA.ha_motion in broker.log)
        assert agent.mqtt.stats.home_waiting == 1
        with Ear(broker.port, CAMERA.ha_motion) as home:
            home.wait_for(CAMERA.ha_motion)
            wait_until("delivered", lambda: agent.mqtt.stats.home_waiting == 0)
            assert home.seqs(CAMERA.ha_motion) == [1]
