"""The entities that say how well a camera sees, and show what is looked at."""

from __future__ import annotations

from ha_discovery.components import DIAGNOSTIC, EXPIRE_AFTER, Component, Maker
from schemas.topics import CameraTopics

#: `schemas.state.SightHealth.light`; a test compares them.
LIGHT = ("day", "night")

#: field of `sight` -> name, icon.
_PROBLEMS: dict[str, tuple[str, str]] = {
    "frozen": ("Picture frozen", "mdi:snowflake-alert"),
    "dark": ("Picture dark", "mdi:brightness-4"),
    "blurred": ("Picture blurred", "mdi:blur"),
    "shifted": ("View shifted", "mdi:arrow-expand-right"),
}


def sight_components(make: Maker, topics: CameraTopics) -> list[Component]:
    """Day or night, light, the ways to be blind, what is looked at, where motion was."""
    health = topics.health
    return [
        picture(make, "overlay", "Overlay", topics.overlay),
        take_overlay(make, topics),
        picture(make, "heatmap", "Heat map", topics.heatmap),
        make.choice("light", "Light", health, "sight.light", LIGHT, ic="mdi:theme-light-dark"),
        make.value(
            "light_changed",
            "Light changed",
            health,
            "sight.light_changed",
            dev_cla="timestamp",
            en=False,
        ),
        make.measurement(
            "brightness",
            "Brightness",
            health,
            "sight.brightness_pct",
            en=False,
            ic="mdi:brightness-percent",
            unit_of_meas="%",
            sug_dsp_prc=0,
        ),
        *(blindness(make, topics, field) for field in _PROBLEMS),
    ]


def picture(make: Maker, key: str, name: str, topic: str) -> Component:
    """A picture for those who tune; others need not see it."""
    return make.entity(
        "image", key, name, ent_cat=DIAGNOSTIC, en=False, img_t=topic, cont_type="image/jpeg"
    )


def take_overlay(make: Maker, topics: CameraTopics) -> Component:
    """Draws mask, zones and the last motion over the next picture."""
    return make.entity(
        "button",
        "take_overlay",
        "Refresh overlay",
        ent_cat=DIAGNOSTIC,
        en=False,
        ic="mdi:vector-polygon",
        cmd_t=topics.overlay_take,
    )


def blindness(make: Maker, topics: CameraTopics, field: str) -> Component:
    """ON while the camera is blind in this way."""
    name, icon = _PROBLEMS[field]
    return make.entity(
        "binary_sensor",
        f"sight_{field}",
        name,
        ent_cat=DIAGNOSTIC,
        dev_cla="problem",
        ic=icon,
        exp_aft=EXPIRE_AFTER,
        stat_t=topics.health,
        val_tpl=f"{{{{ 'ON' if value_json.sight.{field} else 'OFF' }}}}",
    )
