"""The entities that say how well a camera sees, and show what is looked at."""

from __future__ import annotations

from ha_discovery.components import DIAGNOSTIC, EXPIRE_AFTER, OFF, Component, Maker
from schemas.topics import CameraTopics

#: `schemas.state.SightHealth.light`; a test compares them.
LIGHT = {"day": "Day", "night": "Night"}

#: field of `sight`, name, icon.
_PROBLEMS = (
    ("frozen", "Picture frozen", "mdi:snowflake-alert"),
    ("dark", "Picture dark", "mdi:brightness-4"),
    ("blurred", "Picture blurred", "mdi:blur"),
    ("shifted", "View shifted", "mdi:arrow-expand-right"),
)


def sight_components(make: Maker, topics: CameraTopics) -> list[Component]:
    """Day or night, light, the ways to be blind, what is looked at, where motion was.

    None is enabled: the entity *Problem* says that the camera is blind, and in which way.
    """
    tuning = {"ent_cat": DIAGNOSTIC, **OFF}  # for those who tune
    jpeg = {"cont_type": "image/jpeg"}
    take = {"ic": "mdi:vector-polygon", "cmd_t": topics.overlay_take}
    changed = {"dev_cla": "timestamp", **OFF}
    bright = {"ic": "mdi:brightness-percent", "unit_of_meas": "%", "sug_dsp_prc": 0}
    return [
        make.entity("image", "overlay", "Overlay", **tuning, img_t=topics.overlay, **jpeg),
        make.entity("button", "take_overlay", "Refresh overlay", **tuning, **take),
        make.entity("image", "heatmap", "Heat map", **tuning, img_t=topics.heatmap, **jpeg),
        make.choice("light", "Light", "sight.light", LIGHT, "mdi:theme-light-dark", **OFF),
        make.value("light_changed", "Light changed", "sight.light_changed", **changed),
        make.measurement("brightness", "Brightness", "sight.brightness_pct", **bright, **OFF),
        *(_blindness(make, *row) for row in _PROBLEMS),
    ]


def _blindness(make: Maker, field: str, name: str, icon: str) -> Component:
    """ON while the camera is blind in this way."""
    shown = {"dev_cla": "problem", "ic": icon, "exp_aft": EXPIRE_AFTER, **OFF}
    return make.flag(f"sight_{field}", name, f"value_json.sight.{field}", **shown)
