"""A device payload that is too large for the broker: what Home Assistant can do without. Pure."""

from __future__ import annotations

import json


def slimmed(payload: bytes, most: int) -> tuple[bytes, int] | None:
    """The payload in at most `most` bytes, and how many entities it lacks; None: it cannot be.

    A message for a single entity cannot. First go entities that are disabled by default, then
    diagnostic ones, the last first.
    """
    content = json.loads(payload)
    components: dict[str, dict[str, object]] = content.get("cmps", {})
    off = [key for key, entry in components.items() if entry.get("en") is False]
    diagnostic = [key for key, entry in components.items() if entry.get("ent_cat") == "diagnostic"]
    spare = [*reversed(off), *(key for key in reversed(diagnostic) if key not in off)]
    for number, key in enumerate(spare, 1):
        del components[key]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) <= most:
            return text, number
    return None
