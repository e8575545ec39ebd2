"""What is recorded and not yet safe in the store: one file per record in a local folder.

Written by the recorders, read by the store's thread. A file is written under another name and
renamed, so a kill of the process leaves whole records only. It is not synced: a power cut costs at
most what was not yet in the store, and an SD card is spared. When there is no room the oldest whole
event goes, counted and named.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import ConfigError
from agent.core.messages import EndReason
from agent.storage.records import (
    LIMIT,
    BadRecord,
    EventClosed,
    MonitoringPicture,
    Record,
    decode,
    encode,
)

log = logging.getLogger(__name__)

LIMIT_BYTES = 256 << 20
_SUFFIX = ".rec"
#: A small file takes a block of the disk, too.
_OVERHEAD = 4096


@dataclass(frozen=True, slots=True)
class LostEvent:
    """An event that will not be in the store, or not wholly; `code` as in `RecordingFailed`."""

    camera: str
    event: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class _Entry:
    camera: str
    event: str  # empty: a picture that stands for itself
    size: int


class Spool:
    """Records in the order of their numbers. Safe between threads: one lock, held shortly.

    A record that is written belongs to the spool until `remove` is called with its number. Opening
    the folder finds what another agent has left, and closes events that nobody closed as
    `interrupted`.

    Raises:
        ConfigError: the folder cannot be used.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._bytes = 0
        self._next = 1
        self._refused: set[str] = set()  # events of which a part is gone already
        self._lost: list[LostEvent] = []
        self._lost_events = 0
        self._lost_records = 0
        self._changed = threading.Condition()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._recover()
        except OSError as error:
            raise ConfigError(f"store.spool.path: {folder}: {error.strerror}") from error

    @property
    def depth(self) -> int:
        """Records waiting."""
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes waiting."""
        return self._bytes

    @property
    def lost_events(self) -> int:
        """Events dropped for want of room, since the start."""
        return self._lost_events

    @property
    def lost_records(self) -> int:
        """Damaged records and dropped pictures, since the start."""
        return self._lost_records

    def put(self, record: Record) -> bool:
        """Keeps a record; False when its event is lost, so that the rest of it need not be made."""
        data = encode(record)
        with self._changed:
            if record.event in self._refused:
                if isinstance(record, EventClosed):
                    self._refused.discard(record.event)
                return False
            entry = _Entry(record.camera, record.event, len(data) + _OVERHEAD)
            number = self._next
            self._next += 1
            if not self._make_room(entry) or not self._write(number, entry, data):
                return False
            self._entries[number] = entry
            self._bytes += entry.size
            self._changed.notify_all()
            return True

    def after(self, number: int) -> int | None:
        """The number of the first record behind `number`, or None."""
        with self._changed:
            return next((each for each in self._entries if each > number), None)

    def read(self, number: int) -> tuple[Record, bytes] | None:
        """A record and its bytes; None when it is gone or damaged (then dropped and counted)."""
        try:
            data = self._path(number).read_bytes()
            return decode(data), data
        except FileNotFoundError:
            self.remove([number])
            return None
        except (OSError, BadRecord) as error:
            log.warning("spool: record %d is lost: %s", number, error)
            self.drop(number)
            return None

    def wait(self, number: int, seconds: float) -> None:
        """Waits until there is a record behind `number`, at most some seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: any(n > number for n in reversed(self._entries)), seconds
            )

    def remove(self, numbers: Iterable[int]) -> None:
        """Forgets records that are safe in the store."""
        with self._changed:
            for number in numbers:
                self._forget(number)

    def drop(self, number: int) -> None:
        """Gives a record up, counted."""
        with self._changed:
            if number in self._entries:
                self._lost_records += 1
                self._forget(number)

    def take_lost(self) -> list[LostEvent]:
        """The events lost since the last call."""
        with self._changed:
            lost, self._lost = self._lost, []
            return lost

    def _make_room(self, entry: _Entry) -> bool:
        """Drops the oldest events until `entry` fits; False when it would have to go itself."""
        while self._bytes + entry.size > self._limit:
            oldest = next(iter(self._entries.values()), entry)
            self._lose(oldest, "spool_full", f"the spool's {self._limit >> 20} MiB are full")
            if oldest is entry or (oldest.event and oldest.event == entry.event):
                return False
        return True

    def _write(self, number: int, entry: _Entry, data: bytes) -> bool:
        path = self._path(number)
        temporary = path.with_suffix(".tmp")
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError as error:
            log.warning("spool %s: %s", self._folder, error)
            temporary.unlink(missing_ok=True)
            self._lose(entry, "spool_failed", f"the spool cannot be written: {error.strerror}")
            return False
        return True

    def _lose(self, entry: _Entry, code: str, message: str) -> None:
        """Drops a whole event, or a single picture."""
        if entry.event:
            numbers = [n for n, other in self._entries.items() if other.event == entry.event]
            self._refused.add(entry.event)
            self._lost_events += 1
            self._lost.append(LostEvent(entry.camera, entry.event, code, message))
        else:
            numbers = [n for n, other in self._entries.items() if other is entry]
            self._lost_records += 1
        for number in numbers:
            self._forget(number)

    def _forget(self, number: int) -> None:
        entry = self._entries.pop(number, None)
        if entry is not None:
            self._bytes -= entry.size
            self._path(number).unlink(missing_ok=True)

    def _recover(self) -> None:
        open_events: dict[str, Record] = {}
        for number, record, size in self._found():
            self._entries[number] = _Entry(record.camera, record.event, size + _OVERHEAD)
            self._bytes += size + _OVERHEAD
            self._next = number + 1
            if isinstance(record, EventClosed):
                open_events.pop(record.event, None)
            elif not isinstance(record, MonitoringPicture):
                open_events[record.event] = record
        for record in open_events.values():
            log.warning("spool: event %s was interrupted, its recording ends there", record.event)
            self.put(
                EventClosed(
                    camera=record.camera,
                    event=record.event,
                    started=record.started,
                    reason=EndReason.INTERRUPTED,
                    truncated=True,
                )
            )

    def _found(self) -> Iterator[tuple[int, Record, int]]:
        """The records in the folder, in order; what is damaged or half written is removed."""
        for leftover in self._folder.glob("*.tmp"):
            leftover.unlink()
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                number = int(path.stem)
                if path.stat().st_size > LIMIT:
                    raise BadRecord("too large")
                yield number, decode(path.read_bytes()), path.stat().st_size
            except ValueError as error:
                log.warning("spool: %s is damaged and removed: %s", path.name, error)
                self._lost_records += 1
                path.unlink()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{_SUFFIX}"
