"""The team's rig of a real Home Assistant, as tests use it.

`HA_HARNESS` is the folder of its `ha.py`, `HA_VENV` its environment; users of the project do not
have them.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]
BLUEPRINT = ROOT / "blueprints" / "automation" / "surveillance_agent" / "motion_notify.yaml"

#: The rig's own class, known at run time only.
HomeAssistant = Any

#: What this project's tests add to the rig's configuration.
CONFIGURATION = "automation: !include automations.yaml\n"

MARKS = [
    pytest.mark.skipif(
        not os.environ.get("HA_HARNESS") or not os.environ.get("HA_VENV"),
        reason="HA_HARNESS and HA_VENV do not name a prepared Home Assistant",
    ),
    # The rig leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def make(folder: Path, mqtt_port: int | None = None, *, configuration: str = "") -> HomeAssistant:
    """A Home Assistant that has never run; without a port it starts its own Mosquitto.

    `configuration` is added to its YAML; braces in it are written twice, `{dir}` is its folder.
    """
    path = Path(os.environ["HA_HARNESS"]) / "ha.py"
    spec = importlib.util.spec_from_file_location("ha", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules["ha"] = module
    spec.loader.exec_module(module)
    module.CONFIG += CONFIGURATION + configuration  # the module is read anew each time
    folder.mkdir(parents=True)
    (folder / "automations.yaml").write_text("[]\n")
    blueprints = folder / "blueprints" / "automation" / BLUEPRINT.parent.name
    shutil.copytree(BLUEPRINT.parent, blueprints)
    return module.HomeAssistant(str(folder), mqtt_port)


def add_automation(home_assistant: HomeAssistant, identity: str, content: Any) -> str:  # noqa: ANN401  YAML
    """As the editor saves it; the entity id of the automation, which has to be on."""
    home_assistant.api("POST", f"/api/config/automation/config/{identity}", content)

    def found() -> str | None:
        states = home_assistant.states("automation.*")
        return next((n for n, s in states.items() if s["attributes"].get("id") == identity), None)

    entity = wait_until(f"automation {identity}", found)
    home_assistant.wait_state(entity, "on", PATIENCE)
    return entity


def entities(home_assistant: HomeAssistant) -> dict[str, str]:
    """Unique id -> entity id of everything registered by MQTT."""
    found = home_assistant.registry()["entities"]
    return {entry["unique_id"]: entry["entity_id"] for entry in found}


def wait_for_entities(home_assistant: HomeAssistant, part: str, seconds: float = PATIENCE) -> None:
    """Waits until the entities of one device (a part of their unique ids) are registered."""
    wait_until(
        f"entities of {part}",
        lambda: sum(part in identity for identity in entities(home_assistant)) >= 20,
        seconds,
    )
