"""One entity (or device trigger) as Home Assistant's device payload lists it.

Keys are Home Assistant's own abbreviations (homeassistant.components.mqtt.abbreviations). Only keys
known to 2024.11 are used, the first version with device discovery.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    "select",
    "sensor",
    "switch",
]

#: A health value is published each 60 s; after three missed ones it is no longer shown as true.
EXPIRE_AFTER = 200

HEALTH_WORDS = {"ok": "OK", "degraded": "Degraded", "error": "Error"}
CONFIG = "config"
DIAGNOSTIC = "diagnostic"
#: Of an entity that most people do not need: it is there, and disabled until somebody enables it.
OFF: dict[str, Any] = {"en": False}


def in_words(path: str, words: Mapping[str, str]) -> dict[str, Any]:
    """A sensor's words for the codes in the field `path` of its JSON message."""
    template = f"{{{{ {dict(words)}.get(value_json.{path}, 'None') }}}}"
    if all(code == word for code, word in words.items()):
        template = f"{{{{ value_json.{path} }}}}"
    return {"ops": list(words.values()), "val_tpl": template}


def fields(*names: str, **paths: str) -> str:
    """A template: an object of these fields of a JSON message, and of others by their path.

    Home Assistant stores every attribute with every change, so an entity has few of them.
    """
    own = {name: name for name in names} | paths
    pairs = ", ".join(f"'{name}': value_json.{path}" for name, path in own.items())
    return f"{{{{ {{{pairs}}} | tojson }}}}"


def flat(*names: str, only: str | None = None, **paths: str) -> str:
    """The same for an event entity; `only`: events of other types are left out.

    With `only` the attribute `turn` is true and false by turns. So a template that looks for a new
    event is false between two of them: Home Assistant runs it only when it becomes true.
    """
    template = fields("event_type", *names, **paths)
    if only is None:
        return template
    turn = "not this.attributes.get('turn', false)"
    template = template.replace("} | tojson", f", 'turn': {turn}}} | tojson")
    return f"{{% if value_json.event_type == '{only}' %}}{template}{{% endif %}}"


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
        health: the device's topic with its health, which most entities show a field of.
        camera_id: None for the agent's own entities.
    """

    base: str
    agent_id: str
    health: str
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

    def main(self, platform: Platform, key: str, **config: object) -> Component:
        """What the device is for: Home Assistant gives it the device's name and nothing more."""
        named = self.entity(platform, key, None, **config)
        owner = self.agent_id if self.camera_id is None else self.camera_id
        short = {"def_ent_id": f"{platform}.{owner}", "name": None}
        return Component(key, platform, {**named.config, **short})

    def value(self, key: str, name: str | None, path: str, **config: object) -> Component:
        """A diagnostic sensor that shows the field `path` of health."""
        shown = {"stat_t": self.health, "val_tpl": f"{{{{ value_json.{path} }}}}", **config}
        return self.entity("sensor", key, name, ent_cat=DIAGNOSTIC, **shown)

    def measurement(self, key: str, name: str | None, path: str, **config: object) -> Component:
        """A figure of now, with statistics; unavailable when health falls silent."""
        shown = {"stat_cla": "measurement", "exp_aft": EXPIRE_AFTER, **config}
        return self.value(key, name, path, **shown)

    def counter(self, key: str, name: str, path: str, icon: str, unit: str) -> Component:
        """A count since the agent's start, without statistics, which would be kept for ever.

        Home Assistant does not list a sensor with a unit in *Activity*.
        """
        return self.value(key, name, path, ic=icon, unit_of_meas=unit, **OFF)

    def choice(
        self,
        key: str,
        name: str,
        path: str,
        words: Mapping[str, str],
        icon: str,
        **config: object,
    ) -> Component:
        """A diagnostic sensor that shows a code of health in words.

        Args:
            key: see `entity`.
            name: see `entity`.
            path: the code's field of health.
            words: of each code.
            icon: of the entity.
            config: more of it.
        """
        return self.value(
            key, name, path, dev_cla="enum", ic=icon, **in_words(path, words), **config
        )

    def flag(self, key: str, name: str, condition: str, **config: object) -> Component:
        """A diagnostic yes or no: a condition on health."""
        template = f"{{{{ 'ON' if {condition} else 'OFF' }}}}"
        shown = {"ent_cat": DIAGNOSTIC, **config, "stat_t": self.health, "val_tpl": template}
        return self.entity("binary_sensor", key, name, **shown)

    def attributes(self, **paths: str) -> dict[str, str]:
        """Attributes out of fields of health, for the entity's configuration."""
        fields = ", ".join(f"'{name}': {path}" for name, path in paths.items())
        return {"json_attr_t": self.health, "json_attr_tpl": f"{{{{ {{{fields}}} | tojson }}}}"}

    def health_words(self) -> list[Component]:
        """ON while something is wrong, with what and why; the same as a word, disabled."""
        problems = self.attributes(
            problems="value_json.problems", reasons="value_json.reasons | default({})"
        )
        template = "{{ 'OFF' if value_json.status == 'ok' else 'ON' }}"
        shown = {"ent_cat": DIAGNOSTIC, "dev_cla": "problem", "stat_t": self.health}
        return [
            self.choice("status", "Health", "status", HEALTH_WORDS, "mdi:heart-pulse", **OFF),
            self.entity("binary_sensor", "problem", **shown, val_tpl=template, **problems),
        ]
