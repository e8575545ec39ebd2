"""What Home Assistant accepts in a device payload, as strictly as 2026.11 judges it.

Written from observation of Home Assistant core: one unknown key outside of `cmps` throws the whole
payload away; inside a component it is ignored, and a mistake there costs that component. Here both
are complaints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from schemas.messages import Publish

TOPIC = re.compile(r"^.+/device/([a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config$")
KEY = re.compile(r"^[a-z0-9_]+$")
URL = re.compile(r"^(https?|homeassistant)://.+")

# Only what 2024.11 knows: `msg_exp_int` at the root would cost an older one the whole device.
ROOT = {"dev", "o", "cmps", "avty", "avty_mode", "avty_t", "qos", "e", "stat_t", "cmd_t"}
DEVICE = {
    *("ids", "cns", "name", "mf", "mdl", "mdl_id", "hw", "sw", "sn", "sa", "cu", "via_device"),
}
ORIGIN = {"name", "sw", "url"}

COMMON = {
    *("p", "uniq_id", "def_ent_id", "name", "ic", "ent_cat", "en", "dev_cla", "avty", "avty_mode"),
    *("qos", "e", "json_attr_t", "json_attr_tpl"),
}
#: platform -> (required, optional) keys besides the common ones.
PLATFORMS: dict[str, tuple[set[str], set[str]]] = {
    "alarm_control_panel": (
        {"cmd_t", "stat_t"},
        {"val_tpl", "cmd_tpl", "sup_feat", "cod_arm_req", "cod_dis_req"},
    ),
    "binary_sensor": ({"stat_t"}, {"val_tpl", "pl_on", "pl_off", "off_dly", "exp_aft"}),
    "button": ({"cmd_t"}, {"pl_prs"}),
    "camera": ({"t"}, set()),
    "event": ({"stat_t", "evt_typ"}, {"val_tpl"}),
    "image": ({"img_t"}, {"cont_type"}),
    "number": ({"cmd_t", "stat_t", "min", "max", "step"}, {"mode", "unit_of_meas", "val_tpl"}),
    "select": ({"cmd_t", "stat_t", "ops"}, {"val_tpl", "cmd_tpl"}),
    "sensor": (
        {"stat_t"},
        {"val_tpl", "unit_of_meas", "stat_cla", "ops", "sug_dsp_prc", "exp_aft"},
    ),
    "switch": ({"cmd_t", "stat_t"}, {"pl_on", "pl_off"}),
}
TRIGGER = {"p", "atype", "t", "type", "stype", "pl", "val_tpl"}
CLASSES: dict[str, set[str]] = {
    "binary_sensor": {"motion", "connectivity", "occupancy", "problem", "running"},
    "button": {"restart", "identify", "update"},
    "event": {"motion", "button", "doorbell"},
    "number": {"duration"},
    "sensor": {"enum", "timestamp", "duration", "temperature", "data_size"},
    "switch": {"switch", "outlet"},
}
UNITS = {
    "duration": {"s", "min", "h", "d", "ms"},
    "temperature": {"°C", "°F", "K"},
    "data_size": {"B", "KiB", "MiB", "GiB", "kB", "MB", "GB"},
}
#: Platforms that Home Assistant can name by their device class.
NAMED_BY_CLASS = {"binary_sensor", "button", "event", "number", "sensor"}
#: Attributes that it drops without a word (an entity's own).
COMMAND_PLATFORMS = {"button", "number", "select", "switch"}


def complaints(payloads: Iterable[Publish]) -> list[str]:
    """Everything that Home Assistant, or its user, would object to; [] when all is well."""
    found: list[str] = []
    unique: set[str] = set()
    devices: set[str] = set()
    for message in payloads:
        content = json.loads(message.payload)
        problems = [*_envelope(message, content, devices), *_components(content)]
        devices.update(content.get("dev", {}).get("ids", []))
        for component in content.get("cmps", {}).values():
            identity = component.get("uniq_id")
            if identity in unique:
                problems.append(f"unique id {identity} is used twice")
            unique.add(identity) if identity else None
        found += [f"{message.topic}: {problem}" for problem in problems]
    return found


def _envelope(message: Publish, content: dict[str, Any], devices: set[str]) -> Iterable[str]:
    if not TOPIC.match(message.topic):
        yield "illegal discovery topic"
    if not message.retain or message.qos != 1:
        yield "must be retained, QoS 1"
    device, origin = content.get("dev", {}), content.get("o", {})
    yield from _unknown("root", content, ROOT)
    yield from _unknown("dev", device, DEVICE)
    yield from _unknown("o", origin, ORIGIN)
    if not origin.get("name"):
        yield "o.name is missing"
    if not device.get("ids") and not device.get("cns"):
        yield "dev has neither ids nor cns"
    if "avty" in content and "avty_t" in content:
        yield "avty and avty_t"
    if content.get("qos", 0) not in {0, 1, 2}:
        yield "qos"
    urls = (device.get("cu"), origin.get("url"))
    yield from (f"{url} is no URL" for url in urls if url is not None and not URL.match(url))
    if "via_device" in device and device["via_device"] not in devices:
        yield "via_device is not published before (a placeholder would be made)"
    if not isinstance(content.get("cmps"), dict) or not content["cmps"]:
        yield "no cmps"


def _unknown(where: str, keys: Mapping[str, Any], known: set[str]) -> Iterable[str]:
    yield from (f"{where}: unknown key {key}" for key in keys if key not in known)


def _components(content: dict[str, Any]) -> Iterable[str]:
    triggers: set[tuple[str, str]] = set()
    name = content.get("dev", {}).get("name", "")
    for key, component in content.get("cmps", {}).items():
        if not KEY.match(key):
            yield f"component key {key!r}"
        if component.get("p") == "device_automation":
            pair = (component.get("type", ""), component.get("stype", ""))
            if pair in triggers or not all(pair):
                yield f"{key}: type and stype must be given, and differ"
            triggers.add(pair)
            problems = _trigger(component)
        else:
            problems = _entity(component, name)
        yield from (f"{key}: {problem}" for problem in problems)


def _trigger(component: dict[str, Any]) -> Iterable[str]:
    yield from _unknown("trigger", component, TRIGGER)
    if component.get("atype") != "trigger" or not component.get("t"):
        yield "atype and t"


def _entity(component: dict[str, Any], device_name: str) -> Iterable[str]:
    platform = component.get("p", "")
    if platform not in PLATFORMS:
        yield f"platform {platform!r} costs the whole device"
        return
    required, optional = PLATFORMS[platform]
    if "uniq_id" not in component:
        yield "no uniq_id costs the whole device"
    yield from (f"{key} is missing" for key in required if key not in component)
    yield from _unknown(platform, component, COMMON | required | optional)
    yield from _identity(component, platform, device_name)
    yield from _availability(component)
    yield from _class(component, platform)
    if platform in {"sensor", "binary_sensor"} and component.get("ent_cat") == "config":
        yield "category config is refused"
    if component.get("ent_cat", "config") not in {"config", "diagnostic"}:
        yield "ent_cat"
    if platform == "sensor":
        yield from _sensor(component)
    if platform == "number":
        yield from _number(component)
    if platform == "alarm_control_panel" and component.get("cod_arm_req", True):
        yield "arming without a code fails unless cod_arm_req is false"
    if platform == "select" and not component.get("ops"):
        yield "no options"
    if platform == "event" and not component.get("evt_typ"):
        yield "no event types"


def _identity(component: dict[str, Any], platform: str, device_name: str) -> Iterable[str]:
    if component.get("def_ent_id", "").split(".")[0] != platform:
        yield "def_ent_id of another domain"
    if not re.match(r"^[a-z_]+\.[a-z0-9]+(_[a-z0-9]+)*$", component.get("def_ent_id", "")):
        yield "def_ent_id is no entity id"
    name = component.get("name")
    main = "name" in component and name is None  # the device's own name, without more
    if name is None and not main and not (platform in NAMED_BY_CLASS and component.get("dev_cla")):
        yield "neither a name nor a class to be named after"
    if name and device_name and name.casefold().startswith(device_name.casefold()):
        yield "the device's name is repeated"
    if not component.get("ic", "mdi:x").startswith("mdi:"):
        yield "icon"


def _availability(component: dict[str, Any]) -> Iterable[str]:
    if len(component.get("avty", [])) > 1 and component.get("avty_mode") != "all":
        yield "two availability topics need avty_mode all"


def _class(component: dict[str, Any], platform: str) -> Iterable[str]:
    device_class = component.get("dev_cla")
    if device_class is not None and device_class not in CLASSES.get(platform, set()):
        yield f"device class {device_class}"
    if device_class in UNITS and component.get("unit_of_meas") not in UNITS[device_class]:
        yield f"unit of {device_class}"


def _sensor(component: dict[str, Any]) -> Iterable[str]:
    is_enum = component.get("dev_cla") == "enum"
    if is_enum != ("ops" in component):
        yield "ops and class enum belong together"
    is_text = is_enum or component.get("dev_cla") == "timestamp"
    if is_text and {"unit_of_meas", "stat_cla", "sug_dsp_prc"} & set(component):
        yield "text with a unit, a precision or statistics"
    if component.get("stat_cla", "measurement") not in {
        "measurement",
        "total",
        "total_increasing",
    }:
        yield "stat_cla"
    if {"none", "None"} & set(component.get("ops", [])):
        yield "the option none means unknown"


def _number(component: dict[str, Any]) -> Iterable[str]:
    if component["min"] >= component["max"]:
        yield "min is not below max"
    if component["step"] < 0.001:
        yield "step below 0.001"
    if component.get("mode", "auto") not in {"auto", "box", "slider"}:
        yield "mode"
