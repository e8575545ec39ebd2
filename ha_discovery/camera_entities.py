"""The entities of one camera, in the order in which they matter."""

from __future__ import annotations

from typing import Any

from ha_discovery.components import DIAGNOSTIC, Component, Maker
from ha_discovery.object_entities import object_components
from ha_discovery.setting_entities import arming, settings
from ha_discovery.sight_entities import sight_components
from schemas.topics import CameraTopics

#: `agent.core.messages.CameraCode`; a test compares them.
CAMERA_STATES = ("connecting", "live", "stalled", "refused", "unreachable", "disabled")
HEALTH_WORDS = ("ok", "degraded", "error")

_PICTURE = "image/jpeg"

#: health field -> name, icon, enabled by default.
_COUNTERS: dict[str, tuple[str, str, bool]] = {
    "events": ("Events", "mdi:motion-sensor", True),
    "events_suppressed": ("Suppressed events", "mdi:motion-sensor-off", True),
    "recordings_saved": ("Recordings saved", "mdi:movie-check", True),
    "recordings_failed": ("Recordings failed", "mdi:movie-remove", True),
    "reconnects": ("Camera reconnects", "mdi:lan-disconnect", True),
    "frames": ("Frames", "mdi:image-multiple", False),
    "frames_judged": ("Frames judged", "mdi:image-search", False),
    "frames_damaged": ("Damaged frames", "mdi:image-broken", True),
    "frames_dropped": ("Dropped frames", "mdi:image-remove", False),
    "fragments_lost": ("Lost fragments", "mdi:puzzle-remove", False),
}


def camera_components(
    make: Maker, topics: CameraTopics, *, alarm_panel: bool = False, named: bool = False
) -> list[Component]:
    """Everything that Home Assistant shows of a camera; `named`: a classifier names its events."""
    return [
        motion(make, topics),
        motion_event(make, topics, named=named),
        recording_event(make, topics),
        arming(make, topics, alarm_panel=alarm_panel),
        snapshot(make, topics),
        motion_snapshot(make, topics),
        motion_delta(make, topics),
        preview(make, topics),
        take_snapshot(make, topics),
        record_clip(make, topics),
        recording(make, topics),
        keep_last_event(make, topics),
        last_motion(make, topics),
        *settings(make, topics),
        camera_link(make, topics),
        camera_state(make, topics),
        needs_power_cycle(make, topics),
        status(make, topics),
        make.problem(topics.health),
        frame_rate(make, topics),
        frame_age(make, topics),
        detector_time(make, topics),
        *sight_components(make, topics),
        *(counter(make, topics, name) for name in _COUNTERS),
        trigger(topics, "motion_started"),
        trigger(topics, "motion_ended"),
        *(object_components(make, topics) if named else ()),
    ]


def _needs_camera(topics: CameraTopics) -> dict[str, Any]:
    """Usable only while both the agent and the camera are."""
    both = [{"t": topics.agent.availability}, {"t": topics.availability}]
    return {"avty": both, "avty_mode": "all"}


def motion(make: Maker, topics: CameraTopics) -> Component:
    """Is there motion; attributes describe the running or last event."""
    return make.entity(
        "binary_sensor",
        "motion",
        dev_cla="motion",
        stat_t=topics.motion,
        json_attr_t=topics.motion_attributes,
        **_needs_camera(topics),
    )


def motion_event(make: Maker, topics: CameraTopics, *, named: bool = False) -> Component:
    """Start and end of motion, and what a rule suppressed, each with its figures; its name."""
    types = ["motion_started", "motion_ended", "motion_suppressed"]
    return make.entity(
        "event",
        "motion_event",
        "Motion event",
        dev_cla="motion",
        stat_t=topics.ha_motion,
        evt_typ=[*types, "motion_classified"] if named else types,
    )


def recording_event(make: Maker, topics: CameraTopics) -> Component:
    """A clip is safe, or lost."""
    return make.entity(
        "event",
        "recording_event",
        "Recording event",
        ic="mdi:movie-open",
        stat_t=topics.ha_recording,
        evt_typ=["recording_saved", "recording_failed"],
    )


def snapshot(make: Maker, topics: CameraTopics) -> Component:
    """The last picture taken on demand or by the interval."""
    return make.entity(
        "image",
        "snapshot",
        "Snapshot",
        img_t=topics.snapshot,
        cont_type=_PICTURE,
        json_attr_t=topics.snapshot_meta,
    )


def motion_snapshot(make: Maker, topics: CameraTopics) -> Component:
    """The best picture of the last event."""
    return make.entity(
        "image",
        "motion_snapshot",
        "Motion snapshot",
        img_t=topics.motion_image,
        cont_type=_PICTURE,
        json_attr_t=topics.motion_image_meta,
    )


def motion_delta(make: Maker, topics: CameraTopics) -> Component:
    """The pixels that made the last event."""
    return make.entity(
        "image",
        "motion_delta",
        "Motion difference",
        ent_cat=DIAGNOSTIC,
        en=False,
        img_t=topics.motion_delta,
        cont_type="image/png",
    )


def preview(make: Maker, topics: CameraTopics) -> Component:
    """The snapshot as a camera entity, for cards and actions that only take cameras."""
    return make.entity(
        "camera", "preview", "Preview", en=False, t=topics.snapshot, **_needs_camera(topics)
    )


def take_snapshot(make: Maker, topics: CameraTopics) -> Component:
    """Takes a picture now."""
    return make.entity(
        "button",
        "take_snapshot",
        "Take snapshot",
        ic="mdi:camera",
        cmd_t=topics.snapshot_take,
        **_needs_camera(topics),
    )


def record_clip(make: Maker, topics: CameraTopics) -> Component:
    """Records half a minute now, whatever moves."""
    return make.entity(
        "button",
        "record_clip",
        "Record clip",
        ic="mdi:record-circle-outline",
        cmd_t=topics.recording_start,
        **_needs_camera(topics),
    )


def keep_last_event(make: Maker, topics: CameraTopics) -> Component:
    """Spares the last event's files when old recordings are deleted."""
    return make.entity(
        "button",
        "keep_last_event",
        "Keep last event",
        ic="mdi:lock-plus",
        cmd_t=topics.recording_keep,
    )


def recording(make: Maker, topics: CameraTopics) -> Component:
    """Is a clip being recorded."""
    return make.entity(
        "binary_sensor",
        "recording",
        "Recording",
        dev_cla="running",
        stat_t=topics.recording,
        **_needs_camera(topics),
    )


def last_motion(make: Maker, topics: CameraTopics) -> Component:
    """When motion last began; health would be up to a minute late."""
    return make.entity(
        "sensor",
        "last_motion",
        "Last motion",
        dev_cla="timestamp",
        stat_t=topics.motion_attributes,
        val_tpl="{{ value_json.started_at }}",
    )


def camera_link(make: Maker, topics: CameraTopics) -> Component:
    """Do frames arrive."""
    return make.entity(
        "binary_sensor",
        "camera_link",
        "Camera link",
        ent_cat=DIAGNOSTIC,
        dev_cla="connectivity",
        stat_t=topics.availability,
        pl_on="online",
        pl_off="offline",
    )


def camera_state(make: Maker, topics: CameraTopics) -> Component:
    """Where the session stands, and why."""
    why = "{{ {'reason': value_json.state_reason, 'since': value_json.state_since} | tojson }}"
    return make.choice(
        "camera_state",
        "Camera state",
        topics.health,
        "state",
        CAMERA_STATES,
        ic="mdi:cctv",
        json_attr_t=topics.health,
        json_attr_tpl=why,
    )


def needs_power_cycle(make: Maker, topics: CameraTopics) -> Component:
    """ON when the camera has not come back for so long that a plug should be switched."""
    return make.entity(
        "binary_sensor",
        "needs_power_cycle",
        "Needs power cycle",
        ent_cat=DIAGNOSTIC,
        dev_cla="problem",
        ic="mdi:power-cycle",
        stat_t=topics.health,
        val_tpl="{{ 'ON' if value_json.needs_power_cycle else 'OFF' }}",
    )


def status(make: Maker, topics: CameraTopics) -> Component:
    """The camera's health in one word."""
    return make.choice(
        "status", "Status", topics.health, "status", HEALTH_WORDS, ic="mdi:heart-pulse"
    )


def frame_rate(make: Maker, topics: CameraTopics) -> Component:
    """Whole frames a second."""
    return make.measurement(
        "fps",
        "Frame rate",
        topics.health,
        "fps",
        ic="mdi:speedometer",
        unit_of_meas="fps",
        sug_dsp_prc=1,
    )


def frame_age(make: Maker, topics: CameraTopics) -> Component:
    """How old the last frame was when health was written."""
    return make.measurement(
        "last_frame_age",
        "Age of last frame",
        topics.health,
        "last_frame_age_s",
        en=False,
        dev_cla="duration",
        unit_of_meas="s",
        sug_dsp_prc=1,
    )


def detector_time(make: Maker, topics: CameraTopics) -> Component:
    """Computing time per judged frame."""
    return make.measurement(
        "detector_time",
        "Detector time",
        topics.health,
        "detector_ms",
        en=False,
        ic="mdi:chip",
        unit_of_meas="ms",
        sug_dsp_prc=1,
    )


def counter(make: Maker, topics: CameraTopics, name: str) -> Component:
    """A count of health."""
    label, icon, enabled = _COUNTERS[name]
    shown = {} if enabled else {"en": False}
    return make.counter(name, label, topics.health, name, ic=icon, **shown)


def trigger(topics: CameraTopics, event_type: str) -> Component:
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
