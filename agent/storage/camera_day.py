"""One day's folder of one camera in the store: what is written into it, once and lasting.

Each record has a number; it is `done` when what it stands for is on the medium, and only then may
it leave the spool. An event's opening and closing are done when the day's file shows the event.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from agent.core.naming import (
    EVENTS,
    MONITORING,
    FileKind,
    day_file,
    event_file,
    monitoring_file,
    part_name,
    part_of,
)
from agent.runtime.clock import Clock
from agent.storage.clip import Clip, Piece, write_clip
from agent.storage.dayfile import ROLL_BYTES, DayFile, open_day_file
from agent.storage.files import (
    create_part,
    exists,
    make_folders,
    place_part,
    read_whole,
    write_new,
)
from agent.storage.manifest import Manifest, utc_text
from agent.storage.records import (
    EventClosed,
    EventFile,
    EventOpened,
    Fragment,
    MonitoringPicture,
    Record,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Outcome:
    """What has become lasting since it was last looked at.

    Attributes:
        done: numbers of records that may leave the spool.
        finished: manifest lines of events whose clip is in place and which the day's file shows.
    """

    done: list[int] = field(default_factory=list)
    finished: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class _Closing:
    """A closed event that waits for being shown: the numbers of its records, its manifest line."""

    numbers: list[int]
    entry: dict[str, Any]


class CameraDay:
    """Writes the records of one camera and one local day; what came of it goes to `outcome`."""

    def __init__(
        self,
        store: int,
        camera: str,
        day: str,
        *,
        clock: Clock,
        outcome: Outcome,
        alive: Callable[[], None],
    ) -> None:
        self.camera = camera
        self.day = day
        self._outcome = outcome
        self._clock = clock
        self._alive = alive
        self._opened: dict[str, tuple[int, EventOpened]] = {}
        self._closing: dict[str, _Closing] = {}
        self._unsynced: list[int] = []
        self._parts: list[DayFile] = []
        self._folder = make_folders(store, f"{camera}/{day}")
        self._manifest = Manifest(self._folder)
        names = os.listdir(self._folder)  # noqa: PTH208  a descriptor, not a path
        self._last_part = max((part_of(name, day) or 0 for name in names), default=0)

    @property
    def idle(self) -> bool:
        """True when no record waits for anything."""
        return not (self._opened or self._closing or self._unsynced)

    def write(self, number: int, record: Record) -> None:
        """Does what the record says; the same record again changes nothing."""
        if isinstance(record, EventOpened):
            self._opened[record.event] = (number, record)
        elif isinstance(record, Fragment):
            self._add_fragment(number, record)
        elif isinstance(record, EventFile):
            name = event_file(record.started, record.event, record.kind)
            self._write_file(EVENTS, name, record.body)
            self._outcome.done.append(number)
        elif isinstance(record, MonitoringPicture):
            self._write_file(MONITORING, monitoring_file(record.started), record.body)
            self._outcome.done.append(number)
        else:
            self._close_event(number, record)
        self._report()

    def forget_unfinished(self) -> None:
        """Waits no longer for the end of events whose records are lost: a later one has begun."""
        self._opened.clear()

    def tick(self) -> None:
        """Shows what a checkpoint was put off for."""
        if self._parts:
            self._parts[-1].tick()
        self._report()

    def close(self) -> None:
        """Shows everything and closes all files."""
        try:
            for part in self._parts:
                part.show_all()
            self._report()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Closes all files as they are."""
        for part in self._parts:
            part.close(checkpoint=False)
        self._parts.clear()
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def _add_fragment(self, number: int, fragment: Fragment) -> None:
        if not self._parts:
            self._open_parts()
        if all(fragment.k > part.last_k(fragment.event) for part in self._parts):
            if not self._parts[-1].takes(fragment):
                self._parts[-1].show_all()
                self._last_part += 1
                self._parts.append(self._open_part(self._last_part))
            self._parts[-1].append(fragment)
        self._unsynced.append(number)

    def _open_parts(self) -> None:
        """Opens the last part, and the one before: a record sent again may lie there."""
        self._last_part = max(1, self._last_part)
        for number in range(max(1, self._last_part - 1), self._last_part + 1):
            self._parts.append(self._open_part(number))

    def _open_part(self, number: int) -> DayFile:
        return open_day_file(self._folder, day_file(self.day, number), self._clock)

    def _close_event(self, number: int, record: EventClosed) -> None:
        numbers = [number]
        opened = self._opened.pop(record.event, None)
        if opened is not None:
            numbers.append(opened[0])
        if not self._parts and self._last_part:
            self._open_parts()
        if self._parts:
            self._parts[-1].finish_event()
        entry = self._manifest.find(record.event)
        if entry is None:
            entry = self._describe(record, opened[1] if opened else None)
            entry = self._manifest.append(entry)
        self._closing[record.event] = _Closing(numbers, entry)

    def _describe(self, record: EventClosed, opened: EventOpened | None) -> dict[str, Any]:
        """The manifest line of an event, its clip made on the way."""
        places = list(self._places(record.event))
        clip, files = self._make_clip(record), self._small_files(record)
        if clip is not None:
            files = {FileKind.CLIP.value: clip[1], **files}
        length = sum(place["length_ms"] for place in places)
        first = self._first_picture(record.event)
        ended = record.ended or (first and first + timedelta(milliseconds=length))
        frames = clip[0].frames if clip else 0
        return {
            "id": record.event,
            "camera": self.camera,
            "started": utc_text(record.started),
            "started_local": record.started.isoformat(timespec="milliseconds"),
            "ended": utc_text(ended) if ended else None,
            "duration_s": record.duration,
            "reason": record.reason,
            "clip_started": utc_text(first) if first else None,
            "clip_s": clip[0].ms / 1000 if clip else 0.0,
            "frames": frames,
            "skipped": record.skipped,
            "judged": record.judged,
            # frames that were encoded and did not arrive count as cut, too
            "truncated": record.truncated
            or (clip is not None and not clip[0].whole)
            or frames != (frames if record.frames is None else record.frames),
            "day": places,
            "files": files,
            "explanation": {
                "start": opened.explanation if opened else None,
                "peak": record.explanation,
            },
        }

    def _places(self, event: str) -> Iterator[dict[str, Any]]:
        """Where the event lies in the day's files."""
        first = self._last_part - len(self._parts) + 1
        for number, part in enumerate(self._parts, start=first):
            for stored in part.events:
                if stored.event == event:
                    yield {
                        "file": day_file(self.day, number),
                        "position_ms": stored.position,
                        "length_ms": stored.ms,
                    }

    def _first_picture(self, event: str) -> datetime | None:
        for part in self._parts:
            for stored in part.events:
                if stored.event == event:
                    return _EPOCH + timedelta(milliseconds=stored.first_ms)
        return None

    def _make_clip(self, record: EventClosed) -> tuple[Clip, dict[str, Any]] | None:
        """Writes the clip and returns it with its line for the manifest; None without pictures."""
        holders = [part for part in self._parts if part.last_k(record.event) >= 0]
        if not holders or holders[0].codec is None:
            return None
        codec = holders[0].codec
        pieces = (
            Piece(part.read, fragment)
            for part in holders
            if part.codec == codec
            for fragment in part.fragments(record.event)
        )
        folder = make_folders(self._folder, EVENTS)
        try:
            name = event_file(record.started, record.event, FileKind.CLIP)
            hidden = part_name(name)
            out = create_part(folder, hidden)
            try:
                clip = write_clip(out, codec, pieces, ROLL_BYTES, self._alive)
            finally:
                out.close()
            name = place_part(folder, name, clip.sha256)
        finally:
            os.close(folder)
        return clip, {"name": f"{EVENTS}/{name}", "size": clip.size, "sha256": clip.sha256}

    def _small_files(self, record: EventClosed) -> dict[str, Any]:
        """The event's other files that are in the store, with their checksums."""
        files = {}
        folder = make_folders(self._folder, EVENTS)
        try:
            for kind in FileKind:
                name = event_file(record.started, record.event, kind)
                if kind is not FileKind.CLIP and exists(folder, name):
                    data = read_whole(folder, name)
                    files[kind.value] = {
                        "name": f"{EVENTS}/{name}",
                        "size": len(data),
                        "sha256": sha256(data).hexdigest(),
                    }
        finally:
            os.close(folder)
        return files

    def _write_file(self, inside: str, name: str, data: bytes) -> None:
        folder = make_folders(self._folder, inside)
        try:
            write_new(folder, name, data)
        finally:
            os.close(folder)

    def _report(self) -> None:
        """Moves what has become lasting and shown into `done` and `finished`."""
        if all(part.durable for part in self._parts):
            self._outcome.done += self._unsynced
            self._unsynced.clear()
        for event in list(self._closing):
            if all(part.shows(event) for part in self._parts):
                closing = self._closing.pop(event)
                self._outcome.done += closing.numbers
                self._outcome.finished.append(closing.entry)
