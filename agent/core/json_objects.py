"""JSON objects from outside, in which each key stands once. Pure."""

from __future__ import annotations

import json
from typing import Any


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, for `object_pairs_hook`: JSON itself lets the last one win.

    Raises:
        ValueError: a key is there twice; names it.
    """
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            shown = json.dumps(key[:40])  # also a line break is on one line
            raise ValueError(f"the key {shown} is given twice: keep one")
        content[key] = value
    return content
