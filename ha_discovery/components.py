"""One entity (or device trigger) as Home Assistant's device payload lists it.

Keys are Home Assistant's own abbreviations (homeassistant.components.mqtt.abbreviations). Only keys
known to 2024.11 are used, the first version with device discovery.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.topics import unique_id

Platform = Literal[
    "alarm_control_panel",
    "binary_sensor",
    "button",
    "camera",
    "device_automation",
    "event",
    "image",
    "number",
    "sensor",
    "switch",
]

#: A health value is published each 60 s; after three missed ones it is no longer shown as true.
EXPIRE_AFTER = 200

CONFIG = "config"
DIAGNOSTIC = "diagnostic"


@dataclass(frozen=True, slots=True)
class Component:
    """An entry of `cmps`; `key` never changes after a release."""

    key: str
    platform: Platform
    config: dict[str, Any] = field(default_factory=dict)

    def entry(self) -> dict[str, Any]:
        """The entry as it is published."""
        return {"p": self.platform, **self.config}


@dataclass(frozen=True, slots=True)
class Maker:
    """Gives the entities of one device their ids.

    Attributes:
        base: the first level of all topics.
        agent_id: the agent's id.
        camera_id: None for the agent's own entities.
    """

    base: str
    agent_id: str
    camera_id: str | None = None

    def entity(
        self, platform: Platform, key: str, name: str | None = None, **config: object
    ) -> Component:
        """An entity; without a name Home Assistant calls it after its device class.

        Its id is short, `<platform>.<camera>_<key>`: that is what people type into automations.
        """
        owner = self.agent_id if self.camera_id is None else self.camera_id
        ids = {
            "uniq_id": unique_id(self.base, self.agent_id, self.camera_id, key),
            "def_ent_id": f"{platform}.{owner}_{key}",
        }
        named = {} if name is None else {"name": name}
        return Component(key, platform, {**ids, **named, **config})

    def value(
        self, key: str, name: str | None, topic: str, field_path: str, **config: object
    ) -> Component:
        """A diagnostic sensor that shows one field of a JSON topic."""
        template = f"{{{{ value_json.{field_path} }}}}"
        return self.entity(
            "sensor", key, name, ent_cat=DIAGNOSTIC, stat_t=topic, val_tpl=template, **config
        )

    def measurement(
        self, key: str, name: str | None, topic: str, field_path: str, **config: object
    ) -> Component:
        """A figure of now, with statistics; unavailable when health falls silent."""
        shown = {"stat_cla": "measurement", "exp_aft": EXPIRE_AFTER, **config}
        return self.value(key, name, topic, field_path, **shown)

    def counter(
        self, key: str, name: str, topic: str, field_path: str, **config: object
    ) -> Component:
        """A count since the agent's start, with statistics."""
        return self.value(key, name, topic, field_path, stat_cla="total_increasing", **config)

    def choice(
        self,
        key: str,
        name: str,
        topic: str,
        field_path: str,
        words: tuple[str, ...],
        **config: object,
    ) -> Component:
        """A diagnostic sensor with a fixed set of words."""
        return self.value(key, name, topic, field_path, dev_cla="enum", ops=list(words), **config)

    def problem(self, topic: str) -> Component:
        """ON while health is not ok; its attributes name the problems."""
        return self.entity(
            "binary_sensor",
            "problem",
            ent_cat=DIAGNOSTIC,
            dev_cla="problem",
            stat_t=topic,
            val_tpl="{{ 'OFF' if value_json.status == 'ok' else 'ON' }}",
            json_attr_t=topic,
            json_attr_tpl="{{ {'problems': value_json.problems,"
            " 'reasons': value_json.reasons | default({})} | tojson }}",
        )
