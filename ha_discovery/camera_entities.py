"""The entities of one camera, in the order in which they matter."""

from __future__ import annotations

from typing import Any

from ha_discovery.components import DIAGNOSTIC, OFF, Component, Maker, fields, flat, in_words
from ha_discovery.mode_entities import camera_modes
from ha_discovery.object_entities import object_components
from ha_discovery.setting_entities import arming, settings
from ha_discovery.sight_entities import sight_components
from ha_discovery.sound_entities import sound_components
from schemas.topics import CameraTopics

#: `agent.core.messages.CameraCode`; a test compares them.
CAMERA_STATES = {
    "connecting": "Connecting",
    "live": "Live",
    "stalled": "No pictures",
    "refused": "Refused",
    "unreachable": "Unreachable",
    "disabled": "Switched off",
    "private": "Private",
}
#: `schemas.proposal.ProposalKind`; a test compares them.
PROPOSALS = {"nothing": "Nothing", "zone": "Zone", "min_changed": "Motion minimum"}

_JPEG = "image/jpeg"
#: An event without the fields that say nothing.
_SAID_FIELDS = "{{ dict(value_json.items() | rejectattr(1, 'none')) | tojson }}"

#: health field, name, unit, icon.
_COUNTERS = (
    ("events", "Events", "events", "mdi:motion-sensor"),
    ("events_suppressed", "Suppressed events", "events", "mdi:motion-sensor-off"),
    ("recordings_saved", "Recordings saved", "clips", "mdi:movie-check"),
    ("recordings_failed", "Recordings failed", "clips", "mdi:movie-remove"),
    ("reconnects", "Camera reconnects", "times", "mdi:lan-disconnect"),
    ("frames", "Frames", "frames", "mdi:image-multiple"),
    ("frames_judged", "Frames judged", "frames", "mdi:image-search"),
    ("frames_damaged", "Damaged frames", "frames", "mdi:image-broken"),
    ("frames_dropped", "Dropped frames", "frames", "mdi:image-remove"),
    ("fragments_lost", "Lost fragments", "fragments", "mdi:puzzle-remove"),
)


def camera_components(
    make: Maker,
    topics: CameraTopics,
    *,
    alarm_panel: bool = False,
    named: bool = False,
    profile: str = "robust",
    heard: bool = False,
    scheduled: bool = False,
    beeps: bool = True,
) -> list[Component]:
    """Everything that Home Assistant shows of a camera.

    Args:
        make: gives ids.
        topics: of the camera.
        alarm_panel: it is armed by a panel instead of a switch.
        named: a classifier names its events.
        profile: of its detector.
        heard: its sound is measured.
        scheduled: the clock switches something of it.
        beeps: there is a speaker.
    """
    # usable only while both the agent and the camera are
    both = [{"t": topics.agent.availability}, {"t": topics.availability}]
    needs_camera = {"avty": both, "avty_mode": "all"}
    return [
        *_motion(make, topics, needs_camera),
        arming(make, topics, alarm_panel=alarm_panel),
        *camera_modes(make, topics, scheduled=scheduled),
        *_pictures(make, topics, needs_camera),
        *_recording(make, topics, needs_camera),
        *settings(make, topics, profile, beeps=beeps),
        *_session(make, topics),
        *make.health_words(),
        *_figures(make),
        *sight_components(make, topics),
        *(make.counter(key, name, key, icon, unit) for key, name, unit, icon in _COUNTERS),
        _trigger(topics, "motion_started"),
        _trigger(topics, "motion_ended"),
        *(object_components(make, topics) if named else ()),
        *(sound_components(make, topics) if heard else ()),
    ]


def _motion(make: Maker, topics: CameraTopics, needs_camera: dict[str, Any]) -> list[Component]:
    """Motion, and each new event. An event's end is seen by *Motion*, its clip by *Last clip*."""
    moving = {"dev_cla": "motion", "stat_t": topics.motion}
    begun = flat(
        "id",
        "seq",
        "started_at",
        "late",
        "score",
        only="motion_started",
        zone="explanation.zone",
        why="explanation.text",
        snoozed="snoozed | default(false)",
    )
    events = {"stat_t": topics.ha_motion, "evt_typ": ["motion_started"], "val_tpl": begun}
    return [
        make.entity("binary_sensor", "motion", **moving, **needs_camera),
        make.entity("event", "motion_event", "Motion event", dev_cla="motion", **events),
    ]


def _pictures(make: Maker, topics: CameraTopics, needs_camera: dict[str, Any]) -> list[Component]:
    """The live picture is what the device is for: it has the device's name."""
    bright = {"ic": "mdi:play-network", "stat_t": topics.live_view, "cmd_t": topics.live_view_set}
    taken = {"img_t": topics.snapshot, "cont_type": _JPEG, "json_attr_t": topics.snapshot_meta}
    best = {"img_t": topics.motion_image, "cont_type": _JPEG}
    # to the minute: a better picture of the same event is then no further row of the recorder
    whose = "{{ {'motion_id': value_json.motion_id,"
    whose += " 'captured_at': value_json.captured_at[:16] ~ '+00:00'} | tojson }}"
    about = {"json_attr_t": topics.motion_image_meta, "json_attr_tpl": whose}
    delta = {"ent_cat": DIAGNOSTIC, "img_t": topics.motion_delta, "cont_type": "image/png", **OFF}
    take = {"ic": "mdi:camera", "cmd_t": topics.snapshot_take, **needs_camera, **OFF}
    # for cards and actions that only take cameras
    preview = {"t": topics.snapshot, **needs_camera, **OFF}
    return [
        make.main("camera", "live", t=topics.live_image, **needs_camera),
        make.entity("switch", "live_view", "Live view", **bright, **needs_camera),
        make.entity("image", "motion_snapshot", "Motion snapshot", **best, **about),
        make.entity("image", "snapshot", "Snapshot", **taken, **OFF),
        make.entity("image", "motion_delta", "Motion difference", **delta),
        make.entity("camera", "preview", "Preview", **preview),
        make.entity("button", "take_snapshot", "Take snapshot", **take),
    ]


def _recording(make: Maker, topics: CameraTopics, needs_camera: dict[str, Any]) -> list[Component]:
    start = {"ic": "mdi:record-circle-outline", "cmd_t": topics.recording_start, **needs_camera}
    running = {"dev_cla": "running", "stat_t": topics.recording, **needs_camera, **OFF}
    clips = {"stat_t": topics.ha_recording, "evt_typ": ["recording_saved", "recording_failed"]}
    clips |= {"ic": "mdi:movie-open", "val_tpl": _SAID_FIELDS, **OFF}
    keep = {"ic": "mdi:lock-plus", "cmd_t": topics.recording_keep, **OFF}
    # not out of health, which would be up to a minute late
    last = {"stat_t": topics.motion_attributes, "val_tpl": "{{ value_json.started_at }}", **OFF}
    wrong = {"ic": "mdi:thumb-down-outline", "cmd_t": topics.false_alarm_mark, **OFF}
    return [
        make.entity("button", "record_clip", "Record clip", **start),
        _last_clip(make, topics),
        make.entity("binary_sensor", "recording", "Recording", **running),
        make.entity("event", "recording_event", "Recording event", **clips),
        make.entity("button", "keep_last_event", "Keep last event", **keep),
        make.entity("button", "false_alarm", "False alarm", **wrong),
        _proposal(make, topics),
        make.entity("sensor", "last_motion", "Last motion", dev_cla="timestamp", **last),
    ]


def _last_clip(make: Maker, topics: CameraTopics) -> Component:
    """How long it is, and where. Home Assistant does not list a length in *Activity*."""
    length = {"dev_cla": "duration", "unit_of_meas": "s", "sug_dsp_prc": 0, "ic": "mdi:movie-open"}
    length |= {"stat_t": topics.recording_last, "val_tpl": "{{ value_json.duration_s }}"}
    where = fields("event_type", "motion_id", "path", "media_content_id")
    about = {"json_attr_t": topics.recording_last, "json_attr_tpl": where}
    return make.entity("sensor", "last_clip", "Last clip", **length, **about)


def _proposal(make: Maker, topics: CameraTopics) -> Component:
    """What would spare marked false alarms; nothing changes by itself."""
    shown = {"ent_cat": DIAGNOSTIC, "dev_cla": "enum", "stat_t": topics.proposal}
    shown |= {"ic": "mdi:lightbulb-on-outline", "json_attr_t": topics.proposal, **OFF}
    return make.entity("sensor", "proposal", "Proposal", **shown, **in_words("kind", PROPOSALS))


def _session(make: Maker, topics: CameraTopics) -> list[Component]:
    """*Status* says how the camera is; the other two are a part of it."""
    link = {"stat_t": topics.availability, "pl_on": "online", "pl_off": "offline"}
    link = {"ent_cat": DIAGNOSTIC, "dev_cla": "connectivity", **link, **OFF}
    why = make.attributes(reason="value_json.state_reason", since="value_json.state_since")
    # a plug should be switched
    cycle = {"dev_cla": "problem", "ic": "mdi:power-cycle", **OFF}
    dead = "value_json.needs_power_cycle"
    return [
        make.choice("camera_state", "Status", "state", CAMERA_STATES, "mdi:cctv", **why),
        make.entity("binary_sensor", "camera_link", "Camera link", **link),
        make.flag("needs_power_cycle", "Needs power cycle", dead, **cycle),
    ]


def _figures(make: Maker) -> list[Component]:
    rate = {"ic": "mdi:speedometer", "unit_of_meas": "fps", "sug_dsp_prc": 1, **OFF}
    age = {"dev_cla": "duration", "unit_of_meas": "s", "sug_dsp_prc": 1, **OFF}
    time = {"ic": "mdi:chip", "unit_of_meas": "ms", "sug_dsp_prc": 1, **OFF}
    return [
        make.measurement("fps", "Frame rate", "fps", **rate),
        make.measurement("last_frame_age", "Age of last frame", "last_frame_age_s", **age),
        make.measurement("detector_time", "Detector time", "detector_ms", **time),
    ]


def _trigger(topics: CameraTopics, event_type: str) -> Component:
    """A device trigger for the automation editor; events are never retained: it cannot replay."""
    return Component(
        f"trigger_{event_type}",
        "device_automation",
        {
            "atype": "trigger",
            "type": "motion",
            "stype": event_type,
            "t": topics.ha_motion,
            "val_tpl": "{{ value_json.event_type }}",
            "pl": event_type,
        },
    )
