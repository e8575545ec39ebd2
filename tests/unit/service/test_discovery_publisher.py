"""When which payload goes to Home Assistant, over restarts and upgrades."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.runtime.discovery_file import NAME, load_discovery
from agent.service.discovery_publisher import STEP, Discovery
from ha_discovery.device import AgentDevice, CameraDevice, discovery
from schemas.messages import Publish
from schemas.topics import AgentTopics

DEVICE = AgentDevice(AgentTopics("surveillance", "pi"), "Pi", "1.0")
DOOR = CameraDevice("door", "Door")
YARD = CameraDevice("yard", "Yard")
YARD_TOPIC = "homeassistant/device/surveillance__pi__yard/config"


def payloads(*cameras: CameraDevice) -> list[Publish]:
    return discovery(DEVICE, cameras, "homeassistant")


def run(folder: Path, messages: Sequence[Publish], *, born: bool = False) -> list[Publish]:
    """One run of the agent: everything it publishes after its first connection."""
    found = Discovery(messages, folder)
    return [
        *found.announce(100.0, born=born),
        *(m for n in range(1, 10) for m in found.due(100.0 + n * STEP)),
    ]


def test_the_first_run_publishes_what_is_there(tmp_path: Path) -> None:
    assert run(tmp_path, payloads(DOOR)) == payloads(DOOR)


def test_a_removed_camera_is_buried_until_home_assistant_was_there(tmp_path: Path) -> None:
    run(tmp_path, payloads(DOOR, YARD))
    for _ in range(2):  # nobody said that Home Assistant listens
        said = [message for message in run(tmp_path, payloads(DOOR)) if message.topic == YARD_TOPIC]
        assert [bool(message.payload) for message in said] == [True, False]
    run(tmp_path, payloads(DOOR), born=True)
    assert run(tmp_path, payloads(DOOR)) == payloads(DOOR)


def test_a_burial_takes_its_time_and_is_not_repeated_by_a_lost_connection(tmp_path: Path) -> None:
    run(tmp_path, payloads(DOOR, YARD))
    found = Discovery(payloads(DOOR), tmp_path)
    assert YARD_TOPIC in {message.topic for message in found.announce(100.0, born=False)}
    assert found.due(100.0) == []
    assert [message.topic for message in found.due(100.0 + STEP)] == [YARD_TOPIC]
    assert found.announce(200.0, born=False) == payloads(DOOR)


@pytest.mark.parametrize("born", [False, True])
def test_a_burial_that_is_cut_short_begins_again_with_the_next_connection(
    tmp_path: Path, *, born: bool
) -> None:
    run(tmp_path, payloads(DOOR, YARD))
    found = Discovery(payloads(DOOR), tmp_path)
    found.announce(100.0, born=born)
    said = found.announce(100.5, born=False)  # the connection was lost and is there again
    assert [bool(m.payload) for m in said if m.topic == YARD_TOPIC] == [True]
    assert [message.topic for message in found.due(110.0)] == [YARD_TOPIC]
    assert YARD_TOPIC in load_discovery(tmp_path)[1]


def test_what_has_gone_is_remembered_until_its_burial_is_through(tmp_path: Path) -> None:
    run(tmp_path, payloads(DOOR, YARD))
    found = Discovery(payloads(DOOR), tmp_path)
    found.announce(100.0, born=True)
    assert YARD_TOPIC in load_discovery(tmp_path)[1]
    found.due(100.0 + STEP)
    assert load_discovery(tmp_path)[1] == {}


@pytest.mark.parametrize("born", [False, True])
def test_messages_of_another_layout_are_emptied_once(tmp_path: Path, *, born: bool) -> None:
    singles = discovery(DEVICE, [DOOR], "homeassistant", "components")
    run(tmp_path, singles)
    said = run(tmp_path, payloads(DOOR), born=born)
    assert {m.topic for m in said if not m.payload} == {m.topic for m in singles}
    assert said[len(singles) :] == payloads(DOOR)
    assert run(tmp_path, payloads(DOOR), born=True) == payloads(DOOR)
    assert {m.topic for m in run(tmp_path, singles) if not m.payload} == {
        m.topic for m in payloads(DOOR)
    }


def test_a_connection_that_is_lost_meanwhile_does_not_empty_them_again(tmp_path: Path) -> None:
    run(tmp_path, discovery(DEVICE, [DOOR], "homeassistant", "components"))
    found = Discovery(payloads(DOOR), tmp_path)
    assert not any(message.payload for message in found.announce(100.0, born=False))
    assert found.announce(100.5, born=False) == payloads(DOOR)
    assert run(tmp_path, payloads(DOOR), born=True) == payloads(DOOR)


def test_switching_discovery_off_removes_the_devices(tmp_path: Path) -> None:
    run(tmp_path, payloads(DOOR))
    assert [message.payload for message in run(tmp_path, [])[-2:]] == [b"", b""]
    assert run(tmp_path, []) == []


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"published": 1, "graves": {}}', "[" * 5000, '{"published": {"t": {}}}'],
)
def test_a_damaged_memory_costs_the_clean_up_only(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    assert run(tmp_path, payloads(DOOR)) == payloads(DOOR)
    assert json.loads((tmp_path / NAME).read_text())["graves"] == {}


def test_an_unchanged_memory_is_not_written_again(tmp_path: Path) -> None:
    run(tmp_path, payloads(DOOR))
    before = (tmp_path / NAME).stat().st_mtime_ns
    run(tmp_path, payloads(DOOR))
    assert (tmp_path / NAME).stat().st_mtime_ns == before
    assert set(load_discovery(tmp_path)[0]) == {message.topic for message in payloads(DOOR)}
