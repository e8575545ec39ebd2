"""The entities of a camera whose sound is measured."""

from __future__ import annotations

from ha_discovery.components import OFF, Component, Maker, flat
from schemas.topics import CameraTopics


def sound_components(make: Maker, topics: CameraTopics) -> list[Component]:
    """The loudest moment of the last minute, and an event when it is loud: a bang, a bark."""
    level = {"ic": "mdi:volume-high", "unit_of_meas": "dBFS", "sug_dsp_prc": 0}
    event = {"ic": "mdi:ear-hearing", "stat_t": topics.ha_sound, "evt_typ": ["sound_heard"]}
    event |= {"val_tpl": flat("id", "seq", "ts", "late", "level", "duration_s")}
    return [
        make.measurement("sound_level", "Sound level", "sound_level_dbfs", **level, **OFF),
        make.entity("event", "sound_event", "Sound event", **event),
    ]
