"""The entities of what holds for a while: privacy mode, snooze, schedule."""

from __future__ import annotations

from ha_discovery.components import DIAGNOSTIC, OFF, Component, Maker
from schemas.modes import LONGEST_SNOOZE
from schemas.topics import AgentTopics, CameraTopics


def camera_modes(make: Maker, topics: CameraTopics, *, scheduled: bool) -> list[Component]:
    """Of a camera; what its schedule says is shown by default where it has one.

    The switch is usable while the camera gives no pictures, as that is what it does.
    """
    state, command = topics.setting_state("privacy"), topics.setting_set("privacy")
    privacy = {"ic": "mdi:eye-off", "stat_t": state, "cmd_t": command}
    shown = {"ic": "mdi:calendar-clock", "stat_t": topics.schedule, "json_attr_t": topics.schedule}
    shown["val_tpl"] = "{{ value_json.text[:255] }}"
    hidden = {} if scheduled else OFF
    return [
        make.entity("switch", "privacy", "Privacy", **privacy),
        *_snooze(make, topics.snooze, topics.snooze_set),
        make.entity("sensor", "schedule", "Schedule", ent_cat=DIAGNOSTIC, **hidden, **shown),
    ]


def agent_modes(make: Maker, topics: AgentTopics) -> list[Component]:
    """Of the agent: the snooze of all its cameras."""
    return _snooze(make, topics.snooze, topics.snooze_set)


def _snooze(make: Maker, state: str, command: str) -> list[Component]:
    """Minutes to be quiet, and when that ends."""
    minutes = {"stat_t": state, "val_tpl": "{{ value_json.minutes }}", "cmd_t": command}
    limits = {"min": 0, "max": LONGEST_SNOOZE, "step": 1, "mode": "box", "unit_of_meas": "min"}
    until = {"dev_cla": "timestamp", "stat_t": state, "val_tpl": "{{ value_json.until }}"}
    return [
        make.entity("number", "snooze", "Snooze", ic="mdi:bell-sleep", **minutes, **limits),
        make.entity("sensor", "snoozed_until", "Snoozed until", **until, **OFF),
    ]
