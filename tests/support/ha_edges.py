"""What an automation may be built on: states of ours that only change when something is new.

Written from observation of Home Assistant 2026.11: at its start, and when broker or agent come
back, an entity goes from `unavailable` to what it was; an image's state is the time of the last
message, also of one that is received once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

#: Platforms whose state says when a message or a press was, not what is new.
NEVER = {"button", "image"}


def complaints(automation: Mapping[str, Any], device: str) -> list[str]:
    """Why this automation may run without news of a device, or miss some; [] when all is well.

    `device` is how the entity ids of the device begin, behind their platform.
    """
    found: list[str] = []
    for trigger in automation["triggers"]:
        kind = trigger["trigger"]
        if kind == "mqtt" and "/event/" not in trigger["topic"]:
            found.append(f"{trigger['topic']} is retained: it comes again at each start")
        if kind != "state":
            continue
        for entity in _listed(trigger["entity_id"]):
            platform, _, name = entity.partition(".")
            if name.startswith(device):
                found += [f"{entity}: {why}" for why in _state(platform, trigger, automation)]
    if automation.get("mode", "single") in {"single", "restart"} and _waits(automation):
        found.append("an event that comes while it waits is missed: mode queued or parallel")
    return found


def _state(
    platform: str, trigger: Mapping[str, Any], automation: Mapping[str, Any]
) -> Iterable[str]:
    if platform in NEVER:
        yield "its state is a time, and changes without news"
    elif platform == "event":
        yield from _event(trigger, automation)
    elif not {"from", "not_from", "for"} & set(trigger):
        yield "it comes back from unavailable: say from what, or for how long"


def _event(trigger: Mapping[str, Any], automation: Mapping[str, Any]) -> Iterable[str]:
    if {"from", "not_from", "to", "not_to"} & set(trigger):
        yield "two events in one millisecond have one state: compare ids in a condition"
    conditions = json.dumps(automation.get("conditions", []))
    if "'unavailable'" not in conditions:
        yield "it comes back from unavailable with its last event"
    if "from_state.attributes.id" not in conditions:
        yield "a message may come twice: compare the ids"
    if "event_type" not in conditions:
        yield "it has several types of events"


def _waits(automation: Mapping[str, Any]) -> bool:
    steps = json.dumps(automation["actions"])
    return any(word in steps for word in ('"delay"', '"wait_template"', '"wait_for_trigger"'))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
