"""The entity table of docs/how-to/home-assistant.md, out of the payloads themselves."""

from __future__ import annotations

from ha_discovery.agent_entities import agent_components
from ha_discovery.camera_entities import camera_components
from ha_discovery.components import Component, Maker
from ha_discovery.object_entities import LABELS, object_components
from ha_discovery.sound_entities import sound_components
from schemas.topics import AgentTopics

_HEAD = "| name | platform | key | |\n|---|---|---|---|"
#: How Home Assistant names an entity after its class (English).
_CLASS_NAMES = {"running": "Running", "problem": "Problem", "motion": "Motion"}


def entity_table() -> str:
    """Markdown: what a camera has, what the agent has, and the device triggers."""
    topics = AgentTopics("base", "agent")
    of_camera = topics.camera("camera")
    make = Maker("base", "agent", of_camera.health, "camera")
    camera = camera_components(make, of_camera)
    named = object_components(make, of_camera)
    agent = agent_components(Maker("base", "agent", topics.health), topics)
    triggers = [str(c.config["stype"]) for c in camera if c.platform == "device_automation"]
    return "\n\n".join(
        [
            f"Of a camera:\n\n{_HEAD}\n" + _rows(camera),
            f"Of a camera whose events are named ([classify.md](classify.md)):\n\n{_HEAD}\n"
            + _rows(named),
            "Of a camera whose sound is measured ([store.md](../explanation/store.md)):\n\n"
            f"{_HEAD}\n" + _rows(sound_components(make, of_camera)),
            f"Of the agent:\n\n{_HEAD}\n" + _rows(agent),
            "Device triggers of a camera: "
            + ", ".join(f"`{name}`" for name in triggers)
            + "; where its events are named: "
            + ", ".join(f"`{label}`" for label in LABELS)
            + ".",
        ]
    )


def _rows(components: list[Component]) -> str:
    return "\n".join(_row(c) for c in components if c.platform != "device_automation")


def _row(component: Component) -> str:
    config = component.config
    about = [str(config[key]) for key in ("ent_cat",) if key in config]
    if config.get("unit_of_meas"):
        about.append(str(config["unit_of_meas"]))
    if "min" in config:
        about.append(f"{config['min']:g} to {config['max']:g}")
    if config.get("ops"):
        about.append(", ".join(config["ops"]))
    if config.get("evt_typ"):
        about.append(", ".join(config["evt_typ"]))
    if config.get("en") is False:
        about.append("*off*")
    main = "*the camera's name*" if "name" in config else ""
    name = config.get("name") or main or _class_name(str(config.get("dev_cla", "")))
    return f"| {name} | {component.platform} | `{component.key}` | {'; '.join(about)} |"


def _class_name(device_class: str) -> str:
    return _CLASS_NAMES.get(device_class, device_class.capitalize())
