"""One day's folder of one camera in the store: what is written into it, once and lasting.

Each record has a number; it is `done` when what it stands for is on the medium, and only then may
it leave the spool. An event's opening and closing are done when the day's file shows the event.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from agent.core.store_names import (
    HEATMAP,
    MANIFEST,
    MONITORING,
    NOTES,
    SESSIONS,
    FileKind,
    event_file,
    monitoring_file,
    session_file,
)
from agent.runtime.clock import Clock
from agent.storage.day.anchored import Anchored
from agent.storage.day.clip import Clip, Piece
from agent.storage.day.event_files import EventFiles
from agent.storage.day.manifest import Manifest, utc_text
from agent.storage.day.mp4_file import put_aside
from agent.storage.day.parts import DayParts
from agent.storage.day.recording_result import tells_of
from agent.storage.filesystem.files import Moved, exists, is_file, make_folders, write_new
from agent.storage.filesystem.name_check import Held
from agent.storage.records import (
    EventClosed,
    EventFile,
    EventOpened,
    Fragment,
    MonitoringPicture,
    Record,
    SessionPackets,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Pictures of a running event are synced at its end, or after this number of seconds.
SETTLE_AFTER = 5.0


@dataclass(slots=True)
class Outcome:
    """What has become lasting since it was last looked at.

    Attributes:
        done: numbers of records that may leave the spool.
        finished: manifest lines of events whose clip is in place and which the day's file shows.
        repaired: (file, what was found and lost, nothing lost) of each file that was repaired.
    """

    done: list[int] = field(default_factory=list)
    finished: list[dict[str, Any]] = field(default_factory=list)
    repaired: list[tuple[str, str, bool]] = field(default_factory=list)


@dataclass(slots=True)
class _Closing:
    """A closed event that waits for being shown: the numbers of its records, its manifest line."""

    numbers: list[int]
    entry: dict[str, Any]
    record: EventClosed


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
        anchored: Anchored | None = None,
    ) -> None:
        self.camera = camera
        self.day = day
        self._outcome = outcome
        self._clock = clock
        self._opened: dict[str, tuple[int, EventOpened]] = {}
        self._closing: dict[str, _Closing] = {}
        self._unsynced: list[int] = []
        self._lasting: list[int] = []  # what may be said to be done if it is where its name leads
        self._staged_at = 0.0
        self._folder = make_folders(store, f"{camera}/{day}")
        self._held = Held(store, f"{camera}/{day}", self._folder)
        for name in (MANIFEST, NOTES):
            if exists(self._folder, name) and not is_file(self._folder, name):
                aside = put_aside(self._folder, name)
                self._note_repair(name, f"was no file, put aside as {aside}", False)
        anchored = anchored or Anchored(store, "", None)
        self._manifest = Manifest(self._folder, partial(anchored.wrote, camera, day))
        anchored.opened(camera, day, self._manifest)
        self._files = EventFiles(self._folder, alive)
        told = self._manifest.day_files
        self._parts = DayParts(self._folder, day, clock, alive, self._note_repair, told)

    @property
    def idle(self) -> bool:
        """True when no record waits for anything."""
        return not (self._opened or self._closing or self._unsynced or self._files.waiting)

    @property
    def newest(self) -> str | None:
        """The event that was closed last."""
        return self._manifest.newest

    def check(self) -> None:
        """Returns when all that is open is where its name leads.

        Raises:
            Moved: something was moved, deleted or replaced.
        """
        try:
            self._held.check()
            self._files.check()
            self._parts.check()
            self._manifest.check()
        except Moved as error:
            inside = error.name.removeprefix(f"{self.camera}/{self.day}")
            path = f"{self.camera}/{self.day}/{inside}".rstrip("/")
            raise Moved(path, error.words) from error

    def write(self, number: int, record: Record) -> None:
        """Does what the record says; the same record again changes nothing."""
        if isinstance(record, EventOpened):
            self._opened[record.event] = (number, record)
        elif isinstance(record, Fragment):
            self._add_fragment(number, record)
        elif isinstance(record, EventFile):
            self._add_file(number, record)
        elif isinstance(record, MonitoringPicture):
            self._add_picture(number, record)
        elif isinstance(record, SessionPackets):
            self._add_packets(number, record)
        else:
            self._close_event(number, record)
        self._report()

    def take_unfinished(self) -> dict[str, tuple[int, EventOpened]]:
        """The openings, with their numbers, of events that have not ended; no longer waited for."""
        unfinished, self._opened = self._opened, {}
        return unfinished

    def mark(self, event: str, mark: str, *, value: bool) -> bool:
        """Marks an event, or takes the mark away; False when it is not of this day.

        Of an event that is marked `keep` retention spares the files.
        """
        known = event in self._opened or event in self._closing or self._manifest.find(event)
        if known:
            self._manifest.mark(event, mark, self._clock.utc(), value=value)
        return bool(known)

    def tick(self) -> None:
        """Shows what a checkpoint was put off for."""
        self._parts.tick()
        if self._files.waiting and self._clock.monotonic() - self._staged_at >= SETTLE_AFTER:
            self._lasting += self._files.settle()
        self._report()

    def close(self) -> None:
        """Makes everything lasting, shows it and closes all files."""
        try:
            if self._files.waiting:
                self._lasting += self._files.settle()
            self._parts.show_all()
            self._report()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Closes all files as they are."""
        self._parts.close()
        self._files.close()
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def _add_fragment(self, number: int, fragment: Fragment) -> None:
        self._parts.append(fragment)
        self._unsynced.append(number)

    def _add_file(self, number: int, record: EventFile) -> None:
        name = event_file(record.started, record.event, record.kind)
        if not self._files.waiting:
            self._staged_at = self._clock.monotonic()
        if not self._files.stage(number, name, record.body):
            self._lasting.append(number)

    def _add_picture(self, number: int, record: MonitoringPicture) -> None:
        inside, wanted = MONITORING, monitoring_file(record.started)
        if record.heatmap:
            inside, wanted = "", HEATMAP
        folder = make_folders(self._folder, inside)
        try:
            name = write_new(folder, wanted, record.body)
        finally:
            os.close(folder)
        digest = sha256(record.body).hexdigest()
        self._manifest.picture(f"{inside}/{name}".lstrip("/"), len(record.body), digest)
        self._lasting.append(number)

    def _add_packets(self, number: int, record: SessionPackets) -> None:
        folder = make_folders(self._folder, SESSIONS)
        try:
            name = write_new(folder, session_file(record.started), record.body)
        finally:
            os.close(folder)
        digest = sha256(record.body).hexdigest()
        self._manifest.picture(f"{SESSIONS}/{name}", len(record.body), digest)
        self._lasting.append(number)

    def _close_event(self, number: int, record: EventClosed) -> None:
        numbers = [number]
        opened = self._opened.pop(record.event, None)
        if opened is not None:
            numbers.append(opened[0])
        self._parts.open()
        self._parts.finish_event()
        entry = self._manifest.find(record.event)
        if entry is None or not tells_of(entry, self.camera):
            entry = self._describe(record, opened[1] if opened else None)
            self.check()  # a line must not speak of a file that is gone
            entry = self._manifest.append(entry)
        elif self._files.waiting:
            self._lasting += self._files.settle()
        self._closing[record.event] = _Closing(numbers, entry, record)

    def _describe(self, record: EventClosed, opened: EventOpened | None) -> dict[str, Any]:
        """The manifest line of an event, its clip made on the way."""
        places = list(self._parts.places(record.event))
        made = self._make_clip(record)
        clip = made[0] if made else None
        self._lasting += self._files.settle()
        files = self._files.describe(record.started, record.event)
        if made is not None:
            files = {FileKind.CLIP.value: made[1], **files}
        length = sum(stored.ms for _, stored in places)
        first = _EPOCH + timedelta(milliseconds=places[0][1].first_ms) if places else None
        ended = record.ended or (first and first + timedelta(milliseconds=length))
        frames = clip.frames if clip else 0
        return {
            "id": record.event,
            "camera": self.camera,
            "started": utc_text(record.started),
            "started_local": record.started.isoformat(timespec="milliseconds"),
            "ended": utc_text(ended) if ended else None,
            "duration_s": record.duration,
            "reason": record.reason,
            "clip_started": utc_text(first) if first else None,
            "clip_s": clip.ms / 1000 if clip else 0.0,
            "frames": frames,
            "skipped": record.skipped,
            "judged": record.judged,
            # frames that were encoded and did not arrive count as cut, too
            "truncated": record.truncated
            or (clip is not None and not clip.whole)
            or frames != (frames if record.frames is None else record.frames),
            "stream": record.stream,
            **({} if record.time_drawn is None else {"time_drawn": record.time_drawn}),
            **(record.named or {}),
            "day": [
                {"file": name, "position_ms": stored.position, "length_ms": stored.ms}
                for name, stored in places
            ],
            "files": files,
            "explanation": {
                "start": opened.explanation if opened else None,
                "peak": record.explanation,
            },
        }

    def _make_clip(self, record: EventClosed) -> tuple[Clip, dict[str, Any]] | None:
        """Writes the clip and returns it with its line for the manifest; None without pictures."""
        holders = [part for part in self._parts.parts if part.last_k(record.event) >= 0]
        codecs = [part.codec for part in holders if part.codec is not None]
        if not codecs:
            return None

        def pieces() -> Iterator[Piece]:
            """The event's fragments, of all parts with that codec."""
            for part in holders:
                for fragment in part.fragments(record.event):
                    if part.codec is not None:
                        yield Piece(part.read, fragment, part.codec)

        return self._files.make_clip(
            record.started, record.event, codecs, pieces, times=record.times
        )

    def _note_repair(self, name: str, text: str, lossless: bool) -> None:  # noqa: FBT001  a fact
        self._outcome.repaired.append((f"{self.camera}/{self.day}/{name}", text, lossless))

    def _report(self) -> None:
        """Moves what has become lasting and shown into `done` and `finished`."""
        if self._parts.durable:
            self._lasting += self._unsynced
            self._unsynced.clear()
        shown = [event for event in self._closing if self._parts.shows(event)]
        finished = [self._closing[event] for event in shown]
        for closing in finished:
            self._look_for_clip(closing)
        if self._lasting or finished:
            self.check()  # last of all: what is said is there
        for event, closing in zip(shown, finished, strict=True):
            del self._closing[event]
            self._lasting += closing.numbers
            self._outcome.finished.append(closing.entry)
        self._outcome.done += self._lasting
        self._lasting.clear()

    def _look_for_clip(self, closing: _Closing) -> None:
        """A clip that somebody took away before it was said to be saved is made once more."""
        clip = closing.entry["files"].get(FileKind.CLIP.value)
        if clip is None or self._files.has(clip):
            return
        made = self._make_clip(closing.record)
        self._lasting += self._files.settle()
        if made is not None and made[1] == {**made[1], **clip}:
            self._note_repair(clip["name"], "was moved or deleted, made once more", True)
        else:
            self._note_repair(clip["name"], "was moved or deleted", False)
            closing.entry = {**closing.entry, "gone": True}
