"""The entities of a camera whose events are named: what moves there, and what moved last."""

from __future__ import annotations

from ha_discovery.components import OFF, Component, Maker, fields
from schemas.topics import CameraTopics

#: `agent.core.event_label.Label`; a test compares them. What is not known is no entity of its own.
LABELS = ("person", "vehicle", "animal", "unknown")
_ICONS = {"person": "mdi:account", "vehicle": "mdi:car", "animal": "mdi:paw"}


def object_components(make: Maker, topics: CameraTopics) -> list[Component]:
    """A sensor each for persons, vehicles and animals, the last object, triggers."""
    return [
        *(present(make, topics, label) for label in _ICONS),
        last_object(make, topics),
        *(named_trigger(topics, label) for label in LABELS),
    ]


def present(make: Maker, topics: CameraTopics, label: str) -> Component:
    """ON from the event's name until its end."""
    return make.entity(
        "binary_sensor",
        label,
        label.capitalize(),
        dev_cla="occupancy",
        ic=_ICONS[label],
        stat_t=topics.objects,
        val_tpl=f"{{{{ 'ON' if '{label}' in value_json.present else 'OFF' }}}}",
        **({} if label == "person" else OFF),
        avty=[{"t": topics.agent.availability}, {"t": topics.availability}],
        avty_mode="all",
    )


def last_object(make: Maker, topics: CameraTopics) -> Component:
    """What the last event was called, and which event that was."""
    return make.entity(
        "sensor",
        "last_object",
        "Last object",
        dev_cla="enum",
        ops=list(LABELS),
        ic="mdi:shape",
        stat_t=topics.objects,
        val_tpl="{{ value_json.label }}",
        json_attr_t=topics.objects,
        json_attr_tpl=fields("event_id", "label", "present", "sub_label", "top_score"),
    )


def named_trigger(topics: CameraTopics, label: str) -> Component:
    """A device trigger for the automation editor: an event was given this name."""
    return Component(
        f"trigger_{label}",
        "device_automation",
        {
            "atype": "trigger",
            "type": "motion_classified",
            "stype": label,
            "t": topics.ha_motion,
            "val_tpl": "{{ value_json.label if value_json.event_type == 'motion_classified' }}",
            "pl": label,
        },
    )
