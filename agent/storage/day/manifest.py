"""What a day's folder says of itself: `events.jsonl` and `notes.jsonl`, appended, never changed.

`events.jsonl` has one line for each event. `notes.jsonl` has the rest. `picture` is a monitoring
picture. `keep` is a mark: retention spares the event's files, or no longer does. `purged` is a
purge: from here on files that are not kept may be missing.

Each line has `seq`, its number, and `prev`, the SHA-256 of the line before (null in the first one).
So a changed or missing line shows. `crc` is the CRC-32 of the line's own bytes before it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from agent.core.anchors import Head
from agent.core.store_names import MANIFEST, MARKS, NOTES
from agent.storage.filesystem.files import (
    Moved,
    append_line,
    exists,
    read_whole,
    replace_file,
    status,
)

#: Bytes of a manifest that are read; an agent writes a hundredth of it in a day.
LIMIT = 64 << 20
#: A longer line is none of ours, and is not looked into: the longest real one has some kB.
LONGEST = 1 << 17


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

    Attributes:
        head: how far its sound lines reach.

    Raises:
        NotAFile: something else has the name.
    """

    def __init__(self, folder: int, name: str) -> None:
        self._folder = folder
        self._name = name
        self._last: Line | None = None
        self._count = 0
        self.head = Head()
        self._size = self._found_size()
        for line in self._lines():
            self._link(line)

    def check(self) -> None:
        """Returns when the file is as long as it was left.

        Raises:
            Moved: it is not: another program moved, deleted or changed it.
        """
        if self._found_size() != self._size:
            raise Moved(self._name, "was moved, deleted or changed by somebody else")

    def entries(self) -> Iterator[dict[str, Any]]:
        """What the lines say, in order; a torn or damaged one says nothing: it is written again."""
        return (line.entry for line in self._lines() if line.entry is not None and line.sound)

    def behind(self, head: Head) -> list[dict[str, Any]] | None:
        """What the sound lines behind `head` say; None: the file does not reach it, or otherwise.

        Lines before it need no look: each says the digest of the one before.
        """
        entries, count, digest = [], 0, None
        for line in self._lines():
            if line.entry is not None and line.sound:
                count += 1
                if count > head.count:
                    entries.append(line.entry)
                elif count == head.count:
                    digest = line.digest
        return entries if digest == head.digest else None

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
            if line.sound:
                self.head = Head(self.head.count + 1, line.digest)

    def _lines(self) -> Iterator[Line]:
        if exists(self._folder, self._name):
            yield from parse(read_whole(self._folder, self._name, LIMIT))


class Manifest:
    """The two files of one day, in its open folder; one process writes them.

    Args:
        folder: the day's.
        wrote: called after each line.

    Attributes:
        newest: the event that was appended last.
    """

    def __init__(self, folder: int, wrote: Callable[[Manifest], None] | None = None) -> None:
        self.chain = Chain(folder, MANIFEST)
        self.notes = Chain(folder, NOTES)
        self._wrote = wrote
        events = [str(entry["id"]) for entry in self.chain.entries() if "id" in entry]
        self.newest = events[-1] if events else None
        self._events = set(events)
        self._marked: dict[str, set[str]] = {mark: set() for mark in MARKS}
        self._pictures: set[str] = set()
        self._purged = False
        for entry in self.notes.entries():
            self._heed(entry)

    def check(self) -> None:
        """Returns when both files are as they were left.

        Raises:
            Moved: one is not.
        """
        self.chain.check()
        self.notes.check()

    @property
    def day_files(self) -> set[str]:
        """The day's files that its events lie in, there or not."""
        places = (entry.get("day") for entry in self.chain.entries())
        lists = (place for place in places if isinstance(place, list))
        dicts = (part for place in lists for part in place if isinstance(part, dict))
        return {str(part.get("file")) for part in dicts}

    @property
    def cameras(self) -> set[str]:
        """The cameras that its events are of: one, or none while it has no event."""
        return {str(entry["camera"]) for entry in self.chain.entries() if "camera" in entry}

    @property
    def kept(self) -> frozenset[str]:
        """The events that retention spares."""
        return frozenset(self._marked["keep"])

    def find(self, event: str) -> dict[str, Any] | None:
        """The line of an event, or None when it has none yet."""
        if event not in self._events:
            return None
        found = (entry for entry in self.chain.entries() if entry.get("id") == event)
        return next(found, None)

    def append(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Adds the line of a new event, lasting; returns it with its `seq` and `prev`."""
        written = self.chain.append({"id": entry["id"]}, entry)
        self.newest = str(entry["id"])
        self._events.add(self.newest)
        self._say()
        return written

    def picture(self, name: str, size: int, digest: str) -> None:
        """Notes a monitoring picture, or another file of no event; nothing when it is noted."""
        if name not in self._pictures:
            self._note({"picture": name, "size": size, "sha256": digest})

    def mark(self, event: str, mark: str, at: datetime, *, value: bool) -> None:
        """Marks an event, or takes the mark away; nothing when it is so already.

        Args:
            event: its id.
            mark: one of `MARKS`.
            at: now.
            value: False takes the mark away.
        """
        if (event in self._marked[mark]) is not value:
            self._note({mark: event, "value": value, "ts": utc_text(at)})

    def purge(self, at: datetime) -> None:
        """Says that files may be missing from now on; before the first one is deleted."""
        if not self._purged:
            self._note({"purged": True, "ts": utc_text(at)})

    def _note(self, entry: dict[str, Any]) -> None:
        self._heed(self.notes.append(entry))
        self._say()

    def _say(self) -> None:
        if self._wrote is not None:
            self._wrote(self)

    def _heed(self, entry: dict[str, Any]) -> None:
        self._purged = self._purged or "purged" in entry
        if "picture" in entry:
            self._pictures.add(str(entry["picture"]))
        for mark in MARKS & entry.keys():
            marked = self._marked[mark]
            (marked.add if entry.get("value") else marked.discard)(str(entry[mark]))


def sealed(entry: dict[str, Any]) -> bytes:
    """An entry as a line, with the checksum of its own bytes as its last value."""
    said = json.dumps(entry, separators=(",", ":")).encode()[:-1]
    return said + b',"crc":"%08x"}' % zlib.crc32(said)


def parse(data: bytes) -> Iterator[Line]:
    """The lines of a manifest, in order."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if end > at:
            yield line_of(data[at:end])
        at = end + 1


def line_of(raw: bytes) -> Line:
    """Reads a line with any content: too long, too deep, numbers that are none."""
    try:
        entry = json.loads(raw, parse_constant=_no_number) if len(raw) <= LONGEST else None
    except (ValueError, RecursionError):
        entry = None
    return Line(raw, entry if isinstance(entry, dict) else None)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def utc_text(moment: datetime) -> str:
    """A moment as the manifest writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
