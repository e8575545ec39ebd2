"""What is taken out of the configuration leaves the broker, whatever ran at that moment."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from schemas.topics import AgentTopics
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House, Process
from tests.support.broker import Broker
from tests.support.faulty_link import FaultyLink
from tests.support.waiting import wait_until

GARDEN = TOPICS.camera("garden")


@pytest.fixture
def line(broker: Broker) -> Iterator[FaultyLink]:
    with FaultyLink(broker.port) as line:
        yield line


@pytest.fixture
def house(tmp_path: Path, line: FaultyLink) -> Iterator[House]:
    with House(tmp_path, line.port) as house:
        house.config["cameras"] = {"yard": {"source": "demo:"}, "garden": {"source": "demo:"}}
        yield house


def kept(broker: Broker, *parts: str) -> list[str]:
    """Topics of which the broker holds something, as somebody sees it who comes new."""
    with Ear(broker.port, "#") as ear:
        ear.say("marker", "all that is retained has come before this")
        ear.wait_for("marker")
        held = [h.topic for h in ear.heard if h.retain and h.payload]
        return sorted(t for t in held if any(part in t for part in parts))


def start(house: House, broker: Broker) -> Process:
    """Comes back when all that the cameras keep at the broker is there."""
    agent = house.agent()
    wait_until("pictures", lambda: kept(broker, YARD.snapshot) and kept(broker, GARDEN.snapshot))
    return agent


def none_kept(broker: Broker, *parts: str) -> None:
    try:
        wait_until("all is cleared", lambda: not kept(broker, *parts))
    except AssertionError:
        pytest.fail(f"still kept: {kept(broker, *parts)}")


def remove_garden(house: House) -> None:
    del house.config["cameras"]["garden"]
    (house.folder / "config.yaml").write_text(yaml.safe_dump(house.config))


@pytest.mark.parametrize("killed", [False, True], ids=["goes on", "is killed then"])
def test_a_camera_removed_while_the_broker_is_away_leaves_it_later(
    house: House, broker: Broker, line: FaultyLink, *, killed: bool
) -> None:
    agent = start(house, broker)
    line.refusing = True
    line.cut()
    agent.wait_for_line("broker: ")
    remove_garden(house)
    agent.signal(signal.SIGHUP)
    agent.wait_for_line("configuration: read again: removed garden")
    if killed:
        agent.kill()
        agent = house.agent()
    line.refusing = False
    none_kept(broker, f"{GARDEN.root}/", "__garden/config")
    assert kept(broker, YARD.snapshot, YARD.health) == [YARD.health, YARD.snapshot]
    assert agent.stop() == 0


def other_name(house: House) -> None:
    house.config["agent"]["id"] = "shed"


def other_base(house: House) -> None:
    house.config["mqtt"]["base_topic"] = "cctv"


def no_pictures(house: House) -> None:
    house.config["mqtt"]["publish_images"] = False


def other_prefix(house: House) -> None:
    house.config["home_assistant"] = {"prefix": "ha"}


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        (remove_garden, [f"{GARDEN.root}/", "__garden/config"]),
        (other_name, [f"{TOPICS.root}/", "surveillance__pi"]),
        (other_base, [f"{TOPICS.root}/", "surveillance__pi"]),
        (no_pictures, [YARD.snapshot, YARD.snapshot_meta, GARDEN.snapshot, GARDEN.snapshot_meta]),
        (other_prefix, ["homeassistant/"]),
    ],
)
def test_what_the_configuration_no_longer_names_when_the_agent_starts_goes(
    house: House, broker: Broker, change: Callable[[House], None], gone: list[str]
) -> None:
    agent = start(house, broker)
    assert kept(broker, *gone)
    assert agent.stop() == 0
    change(house)
    agent = house.agent()
    none_kept(broker, *gone)
    assert agent.stop() == 0


def test_clean_leaves_nothing_of_an_agent_that_is_stopped(house: House, broker: Broker) -> None:
    agent = start(house, broker)
    done = house.command("discovery", "--clean")
    assert "the agent runs and will say them again" in done.stdout
    assert agent.stop() == 0
    remove_garden(house)  # known although it is in no configuration any more
    house.config["agent"]["id"] = "shed"
    done = house.command("discovery", "--clean")
    assert done.returncode == 0
    assert (
        f"retained states and pictures below {AgentTopics('surveillance', 'shed').root}"
        in done.stdout
    )
    assert kept(broker, "surveillance") == []
