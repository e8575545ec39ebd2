"""What Home Assistant has to show, out of what the agents said: discovery payloads and states."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

_TEMPLATE = re.compile(r"{{ (.*) }}")
#: Home Assistant knows no state of these, or says when it came.
_ANY = {"button", "camera", "device_automation", "event", "image"}


def wrong(said: Mapping[str, bytes], shown: Mapping[str, str]) -> dict[str, str]:
    """Entities that do not show what their agent says, with what they show.

    Args:
        said: the last payload of each topic, discovery and states.
        shown: state by unique id.
    """
    found: dict[str, str] = {}
    for topic, payload in said.items():
        if re.fullmatch(r"homeassistant/device/\w+/config", topic) and payload:
            device = json.loads(payload)
            for entry in device["cmps"].values():
                if entry.get("en", True) and entry["p"] != "device_automation":
                    state = shown.get(entry["uniq_id"], "missing")
                    if not _right(device | entry, said, state):
                        found[entry["uniq_id"]] = state
    return found


def _right(entry: Mapping[str, Any], said: Mapping[str, bytes], shown: str) -> bool:
    available = all(said.get(place["t"]) == b"online" for place in entry["avty"])
    if not available or shown in {"unavailable", "missing"}:
        return not available and shown == "unavailable"
    payload = said.get(entry.get("stat_t", ""))
    if entry["p"] in _ANY:
        return True
    if payload is None:
        return shown == "unknown"
    text = _rendered(entry, payload.decode())
    match entry["p"]:
        case "binary_sensor" | "switch":
            on, off = entry.get("pl_on", "ON"), entry.get("pl_off", "OFF")
            return {on: "on", off: "off"}.get(text, "unknown") == shown
        case _:
            return _same(text, shown)


def _rendered(entry: Mapping[str, Any], payload: str) -> str:
    """Our templates are also Python."""
    template = _TEMPLATE.fullmatch(entry.get("val_tpl", ""))
    if template is None:
        return payload
    values = json.loads(payload, object_hook=lambda content: SimpleNamespace(**content))
    return str(eval(template[1], {"value_json": values}))  # noqa: S307  our own words


def _same(text: str, shown: str) -> bool:
    if text == "None":
        return shown == "unknown"
    if text == shown:
        return True
    try:
        return float(text) == float(shown)
    except ValueError:
        pass
    try:
        ours, theirs = datetime.fromisoformat(text), datetime.fromisoformat(shown)
    except ValueError:
        return False
    return ours.replace(microsecond=0) == theirs.replace(microsecond=0)
