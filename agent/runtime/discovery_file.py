"""The entities that earlier runs announced to Home Assistant: an upgrade must leave no ghosts."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from agent.runtime.atomic import write_atomic
from agent.runtime.small_files import read_small

log = logging.getLogger(__name__)

NAME = "discovery.json"
#: A device has about 16 kB; bounds what a foreign file can make us read.
MAX_BYTES = 4 * 2**20

Payloads = dict[str, dict[str, Any]]


def load_discovery(folder: Path) -> tuple[Payloads, Payloads]:
    """The payloads published last, and those still to be buried; empty where nothing is known."""
    path = folder / NAME
    try:
        content = json.loads(read_small(path, MAX_BYTES))
        return _checked(content["published"]), _checked(content["graves"])
    except FileNotFoundError:
        return {}, {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        log.warning("discovery %s: unreadable, old entities may stay: %s", path, error)
        return {}, {}


def save_discovery(folder: Path, published: Payloads, graves: Payloads) -> None:
    """Writes the file where it says something else; a disk that refuses costs only the clean-up."""
    path = folder / NAME
    content = {"v": 1, "published": published, "graves": graves}
    data = json.dumps(content, ensure_ascii=False).encode()
    try:
        if not _says(path, data):
            write_atomic(path, data)
    except OSError as error:
        log.warning("discovery %s: not saved: %s", path, error)


def forget_discovery(folder: Path) -> None:
    """Removes the file: nothing of ours is left in Home Assistant."""
    try:
        (folder / NAME).unlink(missing_ok=True)
    except OSError as error:
        log.warning("discovery %s: not removed: %s", folder / NAME, error)


def _says(path: Path, data: bytes) -> bool:
    try:
        return read_small(path, MAX_BYTES) == data
    except OSError:
        return False


def _checked(payloads: Any) -> Payloads:  # noqa: ANN401  whatever the file holds
    for topic, payload in payloads.items():
        if not all(isinstance(entry["p"], str) for entry in payload.get("cmps", {}).values()):
            raise ValueError(topic)
    return dict(payloads)
