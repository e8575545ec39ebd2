"""A real Home Assistant sees, switches and survives the agent.

Needs a prepared Home Assistant: `HA_HARNESS` is the folder of its `ha.py`, `HA_VENV` its
environment. Both belong to the team's rigs; users of the project do not have them.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_process import House
from tests.support.waiting import PATIENCE, wait_until

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("HA_HARNESS") or not os.environ.get("HA_VENV"),
        reason="HA_HARNESS and HA_VENV do not name a prepared Home Assistant",
    ),
    pytest.mark.timeout(300),
    # The rig leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

HomeAssistant = Any  # the rig's own class, known at run time only

KEYS = ("motion", "armed", "live", "live_view", "sensitivity")


@pytest.fixture
def home_assistant(tmp_path: Path) -> Iterator[HomeAssistant]:
    """A fresh Home Assistant with its own Mosquitto."""
    path = Path(os.environ["HA_HARNESS"]) / "ha.py"
    spec = importlib.util.spec_from_file_location("ha", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ha"] = module
    spec.loader.exec_module(module)
    folder = tmp_path / "ha"
    with module.HomeAssistant(str(folder)) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, home_assistant: HomeAssistant) -> Iterator[House]:
    folder = tmp_path / "house"
    folder.mkdir()
    with House(folder, int(home_assistant.mqtt_port)) as made:
        made.config["cameras"]["yard"]["name"] = "Front door"
        yield made


def entities(home_assistant: HomeAssistant) -> list[dict[str, str]]:
    """The registered entities of the MQTT integration."""
    found: list[dict[str, str]] = home_assistant.registry()["entities"]
    return found


def entity(home_assistant: HomeAssistant, key: str) -> str:
    """The entity id of one of the camera's keys, as registered."""
    found: list[str] = [
        entry["entity_id"]
        for entry in entities(home_assistant)
        if entry["unique_id"] == f"surveillance__pi__yard__{key}"
    ]
    assert len(found) == 1, (key, found)
    return found[0]


def test_home_assistant_shows_switches_and_keeps_everything(
    home_assistant: HomeAssistant, house: House
) -> None:
    mark = home_assistant.mark()
    house.simulate()
    agent = house.agent()
    wait_until(
        "all entities are registered",
        lambda: sum("__yard__" in e["unique_id"] for e in entities(home_assistant)) >= 20,
        60,
    )
    ids = {key: entity(home_assistant, key) for key in KEYS}
    home_assistant.wait_state(ids["motion"], "on", 60)

    home_assistant.call("switch.turn_off", ids["armed"])
    home_assistant.wait_state(ids["armed"], "off", PATIENCE)
    home_assistant.wait_state(ids["motion"], "off", PATIENCE)
    ended = time.monotonic() + 12.0  # longer than the walker stays away
    while time.monotonic() < ended:
        assert home_assistant.state(ids["motion"])["state"] == "off"
        time.sleep(0.25)

    assert ids["live"] == "camera.yard"
    assert home_assistant.state(ids["live"])["attributes"]["friendly_name"] == "Front door"
    before = home_assistant.picture(ids["live"])[0]
    assert before.startswith(b"\xff\xd8")
    home_assistant.call("switch.turn_on", ids["live_view"])
    home_assistant.wait_state(ids["live_view"], "on", 60)
    wait_until("a new picture", lambda: home_assistant.picture(ids["live"])[0] != before)
    home_assistant.call("switch.turn_off", ids["live_view"])
    home_assistant.wait_state(ids["live_view"], "off", PATIENCE)

    home_assistant.call("select.select_option", ids["sensitivity"], {"option": "high"})
    home_assistant.wait_state(ids["sensitivity"], "high", PATIENCE)
    home_assistant.call("switch.turn_on", ids["armed"])
    home_assistant.wait_state(ids["armed"], "on", 60)
    assert agent.stop() == 0
    home_assistant.wait_state(ids["sensitivity"], "unavailable", PATIENCE)
    home_assistant.wait_state(ids["live"], "unavailable", PATIENCE)
    house.agent()
    home_assistant.wait_state(ids["sensitivity"], "high", 60)
    home_assistant.wait_state(ids["motion"], "on", 60)
    assert home_assistant.errors(mark) == []
