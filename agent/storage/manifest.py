"""`events.jsonl`: one line per event of a camera's day, appended and never changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from agent.core.naming import MANIFEST
from agent.storage.files import append_line, exists, read_whole


class Manifest:
    """The lines of one day's manifest, in its open folder."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._events = {str(entry["id"]) for entry in self._entries()}

    def find(self, event: str) -> dict[str, Any] | None:
        """The line of an event, or None when it has none yet."""
        if event not in self._events:
            return None
        return next(entry for entry in self._entries() if entry["id"] == event)

    def append(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Adds the line of a new event, lasting; returns it with its `seq`.

        `seq` is the running number of the line in this file, from 1.
        """
        numbered = {"v": 1, "id": entry["id"], "seq": len(self._events) + 1, **entry}
        append_line(self._folder, MANIFEST, json.dumps(numbered, separators=(",", ":")).encode())
        self._events.add(str(entry["id"]))
        return numbered

    def _entries(self) -> list[dict[str, Any]]:
        if not exists(self._folder, MANIFEST):
            return []
        entries = []
        for line in read_whole(self._folder, MANIFEST).splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # a line torn by a power cut; what it said is written again
            if isinstance(entry, dict) and "id" in entry:
                entries.append(entry)
        return entries


def utc_text(moment: datetime) -> str:
    """A moment as the manifest writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
