"""Several agents on one broker: none comes in step with another, none says things twice."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.agent_mqtt import Ear
from tests.support.broker import Broker
from tests.support.faulty_link import FaultyLink
from tests.support.fleet import Fleet, connections
from tests.support.waiting import PATIENCE, wait_until

AGENTS = 8
BIRTH = "homeassistant/status"
#: So long the broker is away: the pauses between two attempts have grown to their longest by then.
AWAY = 8.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = Broker(tmp_path_factory.mktemp("broker"), ("allow_anonymous true",)).start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def fleet(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with Fleet(tmp_path_factory.mktemp("fleet"), broker.port, AGENTS) as made:
        since = time.time()
        made.start()
        made.wait_connected(since, PATIENCE)
        yield made


def devices(ear: Ear, fleet: Fleet, since: float) -> dict[str, list[float]]:
    """How many seconds after `since` each agent said its device payload."""
    topics = {name: fleet.topics(name).discovery("homeassistant") for name in fleet.running}
    return {
        name: [heard.at - since for heard in ear.of(topic) if not heard.retain]
        for name, topic in topics.items()
    }


def test_a_birth_is_answered_by_each_agent_once_and_not_by_all_at_once(
    broker: Broker, fleet: Fleet
) -> None:
    with Ear(broker.port, "homeassistant/#") as ear:
        since = time.monotonic()
        for _ in range(2):  # a second Home Assistant, or one that came back at once
            ear.post(BIRTH, "online")
        wait_until("all answer", lambda: all(devices(ear, fleet, since).values()))
        wait_until("nobody says it twice", lambda: time.monotonic() > since + 7.0)
        told = devices(ear, fleet, since)
    assert {name: len(times) for name, times in told.items()} == dict.fromkeys(fleet.running, 1)
    first, last = min(min(told.values())), max(max(told.values()))
    assert first > 0.9
    assert last - first > 1.2, told


def test_agents_come_back_but_not_in_step_and_are_all_right(broker: Broker, fleet: Fleet) -> None:
    broker.kill()
    with FaultyLink(0, broker.port) as door:
        door.refusing = True  # accepts and hangs up at once, as Docker's proxy does for a broker
        time.sleep(AWAY)
        wait_until("each has asked", lambda: door.accepted >= AGENTS * 2)
    since = time.time()
    broker.start()
    back = fleet.wait_connected(since, PATIENCE)
    with Ear(broker.port, "surveillance/#", "homeassistant/#") as ear:
        for name in fleet.running:
            topics = fleet.topics(name)
            ear.wait_for(topics.discovery("homeassistant", f"{name}_1"))
            assert ear.wait_for(topics.availability).payload == b"online"
            number = str(20 + int(name[1:])).encode()
            assert ear.wait_for(fleet.setting(name, "pixel_threshold")).payload == number
    waits = {name: when - since for name, when in back.items()}
    assert max(waits.values()) - min(waits.values()) > 0.5, waits
    # pauses of 0.5, 1, 2 and 4 s, each shortened by up to a half
    assert door.accepted <= AGENTS * 8, door.accepted
    assert {connections(process)[-1][1] for process in fleet.running.values()} == {"5"}
