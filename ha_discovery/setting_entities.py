"""The settings of a camera: what people change from Home Assistant."""

from __future__ import annotations

from ha_discovery.components import CONFIG, OFF, Component, Maker, Platform
from schemas.settings import CameraSettings, idle_settings, limits
from schemas.topics import CameraTopics

#: setting -> name, icon, step, unit, device class.
_NUMBERS: dict[str, tuple[str, str, float, str | None, str | None]] = {
    "min_changed": ("Motion minimum", "mdi:arrow-collapse-down", 0.001, "%", None),
    "max_changed": ("Motion maximum", "mdi:arrow-collapse-up", 0.001, "%", None),
    "pixel_threshold": ("Pixel threshold", "mdi:contrast-circle", 1, None, None),
    "post_frames": ("Frames after motion", "mdi:filmstrip", 1, "frames", None),
    "max_event_seconds": ("Longest event", "mdi:timer-sand", 1, "s", "duration"),
    "clear_delay": ("Motion clear delay", "mdi:timer-outline", 1, "s", "duration"),
    "monitoring_interval": ("Monitoring interval", "mdi:camera-timer", 1, "s", "duration"),
    "live_interval": ("Live picture interval", "mdi:camera-timer", 1, "s", "duration"),
}


#: setting, name, icon, what only this one has.
_SWITCHES: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    ("record_on_motion", "Record on motion", "mdi:record-rec", OFF),
    ("beep_on_motion", "Beep on motion", "mdi:bell-ring", {}),
    ("publish_scores", "Publish scores", "mdi:chart-line", OFF),
)


def arming(make: Maker, topics: CameraTopics, *, alarm_panel: bool) -> Component:
    """How the camera is armed: by a switch, or by a panel without a code.

    It is what people use most, so it has no configuration category.
    """
    state, command = topics.setting_state("armed"), topics.setting_set("armed")
    if not alarm_panel:
        armed = {"ic": "mdi:shield-home", "stat_t": state, "cmd_t": command}
        return make.entity("switch", "armed", "Armed", **armed)
    return make.entity(
        "alarm_control_panel",
        "alarm",
        "Alarm",
        stat_t=state,
        val_tpl="{{ 'armed_away' if value == 'ON' else 'disarmed' }}",
        cmd_t=command,
        cmd_tpl="{{ 'ON' if action == 'ARM_AWAY' else 'OFF' }}",
        sup_feat=["arm_away"],
        cod_arm_req=False,
        cod_dis_req=False,
    )


def settings(
    make: Maker, topics: CameraTopics, profile: str, *, beeps: bool = True
) -> list[Component]:
    """Everything else that may be changed at run time, and does something in this profile.

    `custom` of *Sensitivity* shows that its numbers were set one by one. The numbers are disabled.
    Without a speaker (`beeps` false) *Beep on motion* is, too.
    """
    idle = idle_settings(profile)

    def setting(
        platform: Platform, key: str, name: str, icon: str, config: dict[str, object]
    ) -> Component:
        """One of them, with its topics."""
        shown = {"ent_cat": CONFIG, "ic": icon, "stat_t": topics.setting_state(key)}
        return make.entity(platform, key, name, **shown, cmd_t=topics.setting_set(key), **config)

    reset = {"ent_cat": CONFIG, "ic": "mdi:restore", "cmd_t": topics.settings_reset, **OFF}
    silent = {} if beeps else {"beep_on_motion": OFF}
    places: dict[str, object] = {"ops": limits(CameraSettings, "sensitivity")["enum"]}
    numbers = [(key, row) for key, row in _NUMBERS.items() if key not in idle]
    return [
        setting("select", "sensitivity", "Sensitivity", "mdi:tune-variant", places),
        *(setting("switch", *row[:3], row[3] | silent.get(row[0], {})) for row in _SWITCHES),
        *(setting("number", key, *row[:2], OFF | _range(key, *row[2:])) for key, row in numbers),
        make.entity("button", "reset_settings", "Reset settings", **reset),
    ]


def _range(key: str, step: float, unit: str | None, device_class: str | None) -> dict[str, object]:
    """Of a number; commands are checked with the same range."""
    allowed = limits(CameraSettings, key)
    about = {"unit_of_meas": unit, "dev_cla": device_class}
    return {
        "min": allowed["minimum"],
        "max": allowed["maximum"],
        "step": step,
        "mode": "box",
        **{name: value for name, value in about.items() if value is not None},
    }
