"""The settings of a camera: what people change from Home Assistant."""

from __future__ import annotations

from ha_discovery.components import CONFIG, Component, Maker
from schemas.settings import CameraSettings, limits
from schemas.topics import CameraTopics

#: setting -> name, icon, step, unit, device class.
_NUMBERS: dict[str, tuple[str, str, float, str | None, str | None]] = {
    "min_changed": ("Motion minimum", "mdi:arrow-collapse-down", 0.001, "%", None),
    "max_changed": ("Motion maximum", "mdi:arrow-collapse-up", 0.001, "%", None),
    "pixel_threshold": ("Pixel threshold", "mdi:contrast-circle", 1, None, None),
    "post_frames": ("Frames after motion", "mdi:filmstrip", 1, "frames", None),
    "clear_delay": ("Motion clear delay", "mdi:timer-outline", 1, "s", "duration"),
    "monitoring_interval": ("Monitoring interval", "mdi:camera-timer", 1, "s", "duration"),
}


def arming(make: Maker, topics: CameraTopics, *, alarm_panel: bool) -> Component:
    """How the camera is armed: by a switch, or by a panel."""
    return alarm(make, topics) if alarm_panel else armed(make, topics)


def settings(make: Maker, topics: CameraTopics) -> list[Component]:
    """Everything else that may be changed at run time."""
    return [
        switch(make, topics, "record_on_motion", "Record on motion", "mdi:record-rec"),
        switch(make, topics, "beep_on_motion", "Beep on motion", "mdi:bell-ring"),
        switch(make, topics, "publish_scores", "Publish scores", "mdi:chart-line", en=False),
        *(number(make, topics, name) for name in _NUMBERS),
        reset_settings(make, topics),
    ]


def armed(make: Maker, topics: CameraTopics) -> Component:
    """Judges frames or not; the switch that people use most, so no configuration category."""
    return make.entity(
        "switch",
        "armed",
        "Armed",
        ic="mdi:shield-home",
        stat_t=topics.setting_state("armed"),
        cmd_t=topics.setting_set("armed"),
    )


def alarm(make: Maker, topics: CameraTopics) -> Component:
    """The same as a panel without a code, for houses whose alarm is made of panels."""
    return make.entity(
        "alarm_control_panel",
        "alarm",
        "Alarm",
        stat_t=topics.setting_state("armed"),
        val_tpl="{{ 'armed_away' if value == 'ON' else 'disarmed' }}",
        cmd_t=topics.setting_set("armed"),
        cmd_tpl="{{ 'ON' if action == 'ARM_AWAY' else 'OFF' }}",
        sup_feat=["arm_away"],
        cod_arm_req=False,
        cod_dis_req=False,
    )


def switch(
    make: Maker, topics: CameraTopics, name: str, label: str, icon: str, **more: object
) -> Component:
    """A yes-or-no setting; `more` is what only this one has."""
    return make.entity(
        "switch",
        name,
        label,
        ent_cat=CONFIG,
        ic=icon,
        stat_t=topics.setting_state(name),
        cmd_t=topics.setting_set(name),
        **more,
    )


def number(make: Maker, topics: CameraTopics, name: str) -> Component:
    """A setting with a number; its range is the one that commands are checked with."""
    label, icon, step, unit, device_class = _NUMBERS[name]
    allowed = limits(CameraSettings, name)
    options = {"unit_of_meas": unit, "dev_cla": device_class}
    return make.entity(
        "number",
        name,
        label,
        ent_cat=CONFIG,
        ic=icon,
        stat_t=topics.setting_state(name),
        cmd_t=topics.setting_set(name),
        min=allowed["minimum"],
        max=allowed["maximum"],
        step=step,
        mode="box",
        **{key: value for key, value in options.items() if value is not None},
    )


def reset_settings(make: Maker, topics: CameraTopics) -> Component:
    """Gives every setting back to the configuration."""
    return make.entity(
        "button",
        "reset_settings",
        "Reset settings",
        ent_cat=CONFIG,
        ic="mdi:restore",
        cmd_t=topics.settings_reset,
    )
