"""`events.jsonl`: one line per fact of a camera's day, appended and never changed.

Each line has `seq`, the number of the line, and `prev`, the SHA-256 of the line before (null in the
first one), so that a line that was changed or taken out shows. There are three kinds: an event
(`id`), a mark (`keep`: the event's files are spared by retention, or no longer) and a purge
(`purged`: from here on files that are not kept may be missing).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from agent.core.naming import MANIFEST
from agent.storage.files import append_line, exists, read_whole


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a manifest; `entry` is None when it is no JSON object: torn by a power cut."""

    raw: bytes
    entry: dict[str, Any] | None

    @property
    def digest(self) -> str:
        """What the next line's `prev` has to be."""
        return sha256(self.raw).hexdigest()


class Manifest:
    """The lines of one day's manifest, in its open folder; one process writes it."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._events: set[str] = set()
        self._kept: set[str] = set()
        self._last: Line | None = None
        self._count = 0
        self._purged = False
        for line in self._lines():
            self._note(line)

    @property
    def kept(self) -> frozenset[str]:
        """The events that retention spares."""
        return frozenset(self._kept)

    @property
    def newest(self) -> str | None:
        """The event that was appended last."""
        events = [line.entry["id"] for line in self._lines() if line.entry and "id" in line.entry]
        return str(events[-1]) if events else None

    def find(self, event: str) -> dict[str, Any] | None:
        """The line of an event, or None when it has none yet."""
        if event not in self._events:
            return None
        return next(
            line.entry for line in self._lines() if line.entry and line.entry.get("id") == event
        )

    def append(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Adds the line of a new event, lasting; returns it with its `seq` and `prev`."""
        return self._append({"id": entry["id"]}, entry)

    def keep(self, event: str, at: datetime, *, keep: bool) -> None:
        """Marks an event, or takes the mark away; nothing when it is so already."""
        if (event in self._kept) is not keep:
            self._append({"keep": event, "value": keep, "ts": utc_text(at)})

    def purge(self, at: datetime) -> None:
        """Says that files may be missing from now on; before the first one is deleted."""
        if not self._purged:
            self._append({"purged": True, "ts": utc_text(at)})

    def _append(self, first: dict[str, Any], rest: dict[str, Any] | None = None) -> dict[str, Any]:
        prev = self._last.digest if self._last else None
        entry = {"v": 1, **first, "seq": self._count + 1, "prev": prev, **(rest or {})}
        raw = json.dumps(entry, separators=(",", ":")).encode()
        append_line(self._folder, MANIFEST, raw)
        self._note(Line(raw, entry))
        return entry

    def _note(self, line: Line) -> None:
        entry = line.entry
        if entry is None:
            return  # a torn line is no link of the chain; what it said is written again
        self._last = line
        self._count += 1
        self._purged = self._purged or "purged" in entry
        if "id" in entry:
            self._events.add(str(entry["id"]))
        if "keep" in entry:
            (self._kept.add if entry.get("value") else self._kept.discard)(str(entry["keep"]))

    def _lines(self) -> Iterator[Line]:
        if exists(self._folder, MANIFEST):
            yield from parse(read_whole(self._folder, MANIFEST))


def parse(data: bytes) -> Iterator[Line]:
    """The lines of a manifest, in order."""
    for raw in data.split(b"\n"):
        if raw:
            try:
                entry = json.loads(raw)
            except (ValueError, RecursionError):
                entry = None
            yield Line(raw, entry if isinstance(entry, dict) else None)


def utc_text(moment: datetime) -> str:
    """A moment as the manifest writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
