"""What a day's folder says of itself: `events.jsonl` and `notes.jsonl`, appended, never changed.

`events.jsonl` has one line for each event. `notes.jsonl` has the rest: a monitoring picture
(`picture`), a mark (`keep`: the event's files are spared by retention, or no longer) and a purge
(`purged`: from here on files that are not kept may be missing).

Each line has `seq`, its number, `prev`, the SHA-256 of the line before (null in the first one), so
that a line that was changed or taken out shows, and `crc`, the CRC-32 of its own bytes before.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from agent.core.naming import MANIFEST, NOTES
from agent.storage.filesystem.files import (
    Moved,
    append_line,
    exists,
    read_whole,
    replace_file,
    status,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a manifest; `entry` is None when it is no JSON object: torn by a power cut."""

    raw: bytes
    entry: dict[str, Any] | None

    @property
    def sound(self) -> bool:
        """True when its checksum is right."""
        said, _, crc = self.raw.rpartition(b',"crc":"')
        return crc == b'%08x"}' % zlib.crc32(said)

    @property
    def torn(self) -> bool:
        """True when it looks like the beginning of a line."""
        return self.entry is None and not self.raw.endswith(b"}")

    @property
    def digest(self) -> str:
        """What the next line's `prev` has to be."""
        return sha256(self.raw).hexdigest()


class Chain:
    """A file of such lines in an open folder; one process writes it.

    Raises:
        NotAFile: something else has the name.
    """

    def __init__(self, folder: int, name: str) -> None:
        self._folder = folder
        self._name = name
        self._last: Line | None = None
        self._count = 0
        self._size = self._found_size()
        for line in self._lines():
            self._link(line)

    def check(self) -> None:
        """Returns when the file is as long as it was left.

        Raises:
            Moved: it is not: it was moved, deleted or changed by somebody else.
        """
        if self._found_size() != self._size:
            raise Moved(self._name, "was moved, deleted or changed by somebody else")

    def entries(self) -> Iterator[dict[str, Any]]:
        """What the lines say, in order; a torn or damaged one says nothing: it is written again."""
        return (line.entry for line in self._lines() if line.entry is not None and line.sound)

    def append(self, first: dict[str, Any], rest: dict[str, Any] | None = None) -> dict[str, Any]:
        """Adds a line, lasting: `first`, `seq`, `prev`, then `rest`; returns all of it."""
        prev = self._last.digest if self._last else None
        entry = {"v": 1, **first, "seq": self._count + 1, "prev": prev, **(rest or {})}
        raw = sealed(entry)
        self._part_from_links()
        self._size = append_line(self._folder, self._name, raw, self._size)
        self._link(Line(raw, entry))
        return entry

    def _part_from_links(self) -> None:
        """A second name (hard link) is somebody's backup, or somebody's file: ours goes on alone.

        Only lines of ours go with it: a link may have been made to what others may not read.
        """
        about = status(self._folder, self._name)
        if about is not None and about.st_nlink > 1:
            self.check()
            data = b"".join(line.raw + b"\n" for line in self._lines() if line.sound)
            replace_file(self._folder, self._name, data)
            self._size = len(data)

    def _found_size(self) -> int:
        about = status(self._folder, self._name)
        return about.st_size if about is not None else 0

    def _link(self, line: Line) -> None:
        if line.entry is not None:
            self._last = line
            self._count += 1

    def _lines(self) -> Iterator[Line]:
        if exists(self._folder, self._name):
            yield from parse(read_whole(self._folder, self._name))


class Manifest:
    """The two files of one day, in its open folder; one process writes them."""

    def __init__(self, folder: int) -> None:
        self._chain = Chain(folder, MANIFEST)
        self._notes = Chain(folder, NOTES)
        self._events = {str(entry.get("id")) for entry in self._chain.entries()}
        self._kept: set[str] = set()
        self._pictures: set[str] = set()
        self._purged = False
        for entry in self._notes.entries():
            self._note(entry)

    def check(self) -> None:
        """Returns when both files are as they were left.

        Raises:
            Moved: one is not.
        """
        self._chain.check()
        self._notes.check()

    @property
    def day_files(self) -> set[str]:
        """The day's files that its events lie in, there or not."""
        places = (entry.get("day") for entry in self._chain.entries())
        lists = (place for place in places if isinstance(place, list))
        dicts = (part for place in lists for part in place if isinstance(part, dict))
        return {str(part.get("file")) for part in dicts}

    @property
    def cameras(self) -> set[str]:
        """The cameras that its events are of: one, or none while it has no event."""
        return {str(entry["camera"]) for entry in self._chain.entries() if "camera" in entry}

    @property
    def kept(self) -> frozenset[str]:
        """The events that retention spares."""
        return frozenset(self._kept)

    @property
    def newest(self) -> str | None:
        """The event that was appended last."""
        events = [str(entry["id"]) for entry in self._chain.entries() if "id" in entry]
        return events[-1] if events else None

    def find(self, event: str) -> dict[str, Any] | None:
        """The line of an event, or None when it has none yet."""
        if event not in self._events:
            return None
        found = (entry for entry in self._chain.entries() if entry.get("id") == event)
        return next(found, None)

    def append(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Adds the line of a new event, lasting; returns it with its `seq` and `prev`."""
        written = self._chain.append({"id": entry["id"]}, entry)
        self._events.add(str(entry["id"]))
        return written

    def picture(self, name: str, size: int, digest: str) -> None:
        """Notes a monitoring picture, or another file of no event; nothing when it is noted."""
        if name not in self._pictures:
            self._note(self._notes.append({"picture": name, "size": size, "sha256": digest}))

    def keep(self, event: str, at: datetime, *, keep: bool) -> None:
        """Marks an event, or takes the mark away; nothing when it is so already."""
        if (event in self._kept) is not keep:
            self._note(self._notes.append({"keep": event, "value": keep, "ts": utc_text(at)}))

    def purge(self, at: datetime) -> None:
        """Says that files may be missing from now on; before the first one is deleted."""
        if not self._purged:
            self._note(self._notes.append({"purged": True, "ts": utc_text(at)}))

    def _note(self, entry: dict[str, Any]) -> None:
        self._purged = self._purged or "purged" in entry
        if "picture" in entry:
            self._pictures.add(str(entry["picture"]))
        if "keep" in entry:
            (self._kept.add if entry.get("value") else self._kept.discard)(str(entry["keep"]))


def sealed(entry: dict[str, Any]) -> bytes:
    """An entry as a line, with the checksum of its own bytes as its last value."""
    said = json.dumps(entry, separators=(",", ":")).encode()[:-1]
    return said + b',"crc":"%08x"}' % zlib.crc32(said)


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
