"""What is recorded and not yet safe in the store: one file per record in a local folder.

Written by the recorders, read by the store's thread. A file is written under another name and
renamed, so a kill of the process leaves whole records only. It is not synced: a power cut costs at
most what was not yet in the store, and an SD card is spared; a spool in memory spares it wholly.

A self test's records push out no others, and their loss is not counted.

When the spool is full, the pictures of the oldest event go, counted and named. Its opening and
closing stay as long as other records can go. So the part that the store already has gets its clip
and its manifest line. An event that alone is larger than the spool is cut, not lost.
"""

from __future__ import annotations

import logging
import stat
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from agent.core.errors import ConfigError
from agent.core.messages import EndReason
from agent.core.recordings import RecordingFailed, RecordingSaved
from agent.core.store_names import is_self_test
from agent.storage.filesystem.error_causes import Cause, cause_of
from agent.storage.records import (
    LIMIT,
    LOOSE,
    BadRecord,
    EventClosed,
    Record,
    decode,
    encode,
)
from agent.storage.spool.entries import OVERHEAD, Entry, entry_of, number_of
from agent.storage.spool.final_results import LastWords, LostEvent
from agent.storage.spool.place import claim

log = logging.getLogger(__name__)

LIMIT_BYTES = 256 << 20
_SUFFIX = ".rec"
#: Only openings and closings may fill the last bytes: an event that is cut is closed all the same.
_RESERVE = 64 << 10


class Spool:
    """Records in the order of their numbers. Safe between threads.

    The one lock is never held during input or output: a slow disk holds up only who waits for it.

    A record that is written belongs to the spool until `remove` is called with its number. Opening
    the folder finds what another agent has left, and closes events that nobody closed as
    `interrupted`.

    Raises:
        ConfigError: the folder cannot be used.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._bytes = 0
        self._next = 1
        self._refused: set[str] = set()  # events of which a part is gone already
        self._gone: list[int] = []  # forgotten, their files still to be removed
        self._words = LastWords(folder / "last_words.json")
        self._lost_events = 0
        self._lost_records = 0
        self._failing = False  # the last write failed, which was said
        #: Ends of events that did not fit and are not tried again; see `Closings`.
        self.left: deque[EventClosed] = deque()
        self._changed = threading.Condition()
        try:
            claim(folder)
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
        """Events dropped because the spool was full, since the start."""
        return self._lost_events

    @property
    def lost_records(self) -> int:
        """Damaged records and dropped pictures, since the start."""
        return self._lost_records

    def put(self, record: Record) -> bool:
        """Keeps a record; False when it is lost, so that the rest of its event need not be made."""
        data = encode(record)
        entry = entry_of(record, len(data))
        with self._changed:
            number = self._next
            room = self._accepts(entry) and self._make_room(entry)
            if room:
                self._next += 1
                self._entries[number] = entry
                self._bytes += entry.size
        self._unlink_gone()
        return room and self._write(number, entry, data)

    def close_unknown(self, camera: str, event: str, started: datetime) -> None:
        """Closes an event that a killed process left open, if nothing of it ever got here.

        The store then says what has become of it, as of every other.
        """
        if all(entry.event != event for entry in self._entries.values()):
            self._close(camera, event, started)

    def after(self, number: int) -> int | None:
        """The number of the first record behind `number`; None also while it is being written."""
        with self._changed:
            return self._ready_after(number)

    def read(self, number: int) -> tuple[Record, bytes] | None:
        """A record and its bytes; None when it is gone or damaged (then dropped and counted)."""
        with self._changed:
            entry = self._entries.get(number)
            if entry is not None and entry.film:
                self._words.begun(entry.event)
        try:
            data = self._path(number).read_bytes()
            return decode(data), data
        except FileNotFoundError:
            if entry is not None and entry.closing:
                self.drop(number)
            self.remove([number])
            return None
        except (OSError, BadRecord) as error:
            log.warning("spool: record %d is lost: %s", number, error)
            self.drop(number)
            return None

    def wait(self, number: int, seconds: float) -> None:
        """Waits until there is a record behind `number`, at most some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready_after(number) is not None, seconds)

    def remove(self, numbers: Iterable[int]) -> None:
        """Forgets records that are safe in the store."""
        with self._changed:
            for number in numbers:
                self._forget(number)
        self._unlink_gone()

    def drop(self, number: int) -> None:
        """Gives a record up, counted; an event without its end is given up as a whole."""
        with self._changed:
            entry = self._entries.get(number)
            if entry is not None and entry.closing:
                self._lose_all_of(entry, "spool_failed", "the record of its end is damaged")
            elif entry is not None:
                self._lost_records += entry.counts
                self._forget(number)
        self._unlink_gone()

    def discard(self, camera: str) -> None:
        """Forgets all records of a camera of which nothing is wanted any more."""
        with self._changed:
            for closed in [it for it in self.left if it.camera == camera]:
                self.left.remove(closed)
            for number in [n for n, it in self._entries.items() if it.camera == camera]:
                self._forget(number)
        self._unlink_gone()

    def give_up(self, closed: EventClosed) -> None:
        """Counts and names an event whose end cannot be kept, unless it is lost already.

        If its opening is here, the next start closes it and reports it.
        """
        with self._changed:
            self._refused.discard(closed.event)
            left = any(entry.event == closed.event for entry in self._entries.values())
            if left:
                self._words.begun(closed.event)  # or will be: the next start sends it
            words = "its end could not be written into the spool"
            lost = LostEvent(closed.camera, closed.event, "spool_failed", words)
            self._count_lost(lost, closable=left)

    def take_lost(self) -> list[LostEvent]:
        """Lost events of which that is now to be said."""
        with self._changed:
            return self._words.take_due()

    def last_word(
        self, told: RecordingSaved | RecordingFailed
    ) -> RecordingSaved | RecordingFailed | None:
        """What is to be said of an event that the store has closed; None: that was said before."""
        with self._changed:
            return self._words.closed(told)

    def keep_words(self) -> None:
        """Keeps over a restart what was said; to be called once it was."""
        with self._changed:
            data = self._words.unwritten()
        if data is not None:
            self._words.write(data)

    # ------------------------------------------------------------ with the lock held

    def _ready_after(self, number: int) -> int | None:
        following = next((each for each in self._entries if each > number), None)
        return following if following and self._entries[following].ready else None

    def _accepts(self, entry: Entry) -> bool:
        """False for the rest of an event that is lost; its closing is taken all the same."""
        return entry.closing or entry.event not in self._refused

    def _make_room(self, entry: Entry) -> bool:
        """Drops the oldest records until `entry` fits; False: `entry` itself has to go."""
        limit = self._limit if entry.envelope else self._limit - min(_RESERVE, self._limit // 8)
        while self._bytes + entry.size > limit:
            oldest = self._oldest_other(entry) if entry.size <= limit else None
            if oldest is None:
                if entry.closing:  # the recorder keeps it and tries again
                    return False
                self._lost_records += entry.counts
                if entry.event:
                    self._refused.add(entry.event)
                return False
            self._lose(oldest, "spool_full", f"the spool's {self._limit >> 20} MiB are full")
        return True

    def _oldest_other(self, entry: Entry) -> Entry | None:
        """The record to drop: first pictures of another event, then its opening or closing."""
        if not entry.counts:
            return None
        known = (e for e in self._entries.values() if e is not entry)
        others = [e for e in known if not e.event or e.event != entry.event]
        return next((e for e in others if not e.envelope), next(iter(others), None))

    def _lose(self, entry: Entry, code: str, message: str) -> None:
        """Forgets all pictures of an event, named; or a single one; at last the event itself."""
        if not entry.event:
            self._lost_records += entry.counts
            for number in [n for n, other in self._entries.items() if other is entry]:
                self._forget(number)
        elif entry.envelope:
            self._lose_all_of(entry, code, message)
        else:
            own = {n: e for n, e in self._entries.items() if e.event == entry.event}
            if not any(e.closing for e in own.values()):
                self._refused.add(entry.event)
            self._count_lost(LostEvent(entry.camera, entry.event, code, message), closable=True)
            for number in [n for n, e in own.items() if not e.envelope]:
                self._forget(number)

    def _lose_all_of(self, entry: Entry, code: str, message: str) -> None:
        """Forgets an event with its opening and closing: the store will not hear of its end."""
        own = {n: e for n, e in self._entries.items() if e.event == entry.event}
        self._lost_records += sum(e.envelope and e.counts for e in own.values())
        if not any(e.closing for e in own.values()):
            self._refused.add(entry.event)
        self._count_lost(LostEvent(entry.camera, entry.event, code, message), closable=False)
        for number in own:
            self._forget(number)

    def _count_lost(self, event: LostEvent, *, closable: bool) -> None:
        known = not self._words.lose(event, closable=closable)
        self._lost_events += not (known or is_self_test(event.camera))

    def _forget(self, number: int) -> None:
        entry = self._entries.pop(number, None)
        if entry is not None:
            self._bytes -= entry.size
            self._gone.append(number)

    # ------------------------------------------------------------ without the lock

    def _write(self, number: int, entry: Entry, data: bytes) -> bool:
        path = self._path(number)
        temporary = path.with_suffix(".tmp")
        while True:
            try:
                temporary.write_bytes(data)
                temporary.replace(path)
            except OSError as error:
                if cause_of(error) is Cause.NO_ROOM and self._drop_oldest(entry):
                    continue  # others fill this disk, too
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                self._fail(number, entry, str(error.strerror))
                return False
            break
        with self._changed:
            entry.ready = True
            mended, self._failing = self._failing, False
            if entry.closing:
                self._refused.discard(entry.event)  # nothing more comes of it
            if number not in self._entries:  # it was its turn to go while it was written
                self._gone.append(number)
            self._changed.notify_all()
        self._unlink_gone()
        if mended:
            log.info("spool %s: can be written again", self._folder)
        return True

    def _drop_oldest(self, entry: Entry) -> bool:
        """Frees the space of another event's pictures: openings and closings are too small."""
        with self._changed:
            oldest = self._oldest_other(entry)
            if oldest is None or oldest.envelope:
                return False
            self._lose(oldest, "spool_full", "the spool's disk is full")
        self._unlink_gone()
        return True

    def _fail(self, number: int, entry: Entry, why: str) -> None:
        with self._changed:
            known, self._failing = self._failing, True
            if entry.event and not entry.closing:
                words = f"the spool cannot be written: {why}"
                self._lose(replace(entry, envelope=False), "spool_failed", words)
            elif not entry.closing:  # which its recorder keeps
                self._lost_records += entry.counts
            self._forget(number)
        self._unlink_gone()
        if not known:
            log.warning("spool %s cannot be written: %s", self._folder, why)

    def _unlink_gone(self) -> None:
        with self._changed:
            gone, self._gone = self._gone, []
        for number in gone:
            with suppress(OSError):
                self._path(number).unlink(missing_ok=True)

    def _recover(self) -> None:
        """Takes over what the last run left. The log says so before, as it may take a while."""
        log.info("spool %s: looking for what is not stored yet", self._folder)
        open_events: dict[str, Record] = {}
        for number, record, size in self._found():
            entry = self._entries[number] = entry_of(record, size, ready=True)
            if entry.event:
                self._words.begun(entry.event)  # by the process before this one, for all we know
            self._bytes += size + OVERHEAD
            self._next = number + 1
            if isinstance(record, EventClosed):
                open_events.pop(record.event, None)
            elif not isinstance(record, LOOSE):
                open_events[record.event] = record
        for record in open_events.values():
            log.warning("spool: event %s was interrupted, its recording ends there", record.event)
            self._close(record.camera, record.event, record.started)

    def _close(self, camera: str, event: str, started: datetime) -> None:
        reason = EndReason.INTERRUPTED
        closed = EventClosed(
            camera=camera, event=event, started=started, reason=reason, truncated=True
        )
        if not self.put(closed):
            self.left.append(closed)

    def _found(self) -> Iterator[tuple[int, Record, int]]:
        """The records in the folder, in order; what is damaged or half written is removed."""
        for leftover in self._folder.glob("*.tmp"):
            with suppress(OSError):  # a folder, say: none of ours
                leftover.unlink()
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                about = path.lstat()
                if not stat.S_ISREG(about.st_mode) or path != self._path(number_of(path) or -1):
                    log.warning("spool: %s is none of ours and left alone", path.name)
                    continue
                if about.st_size > LIMIT:
                    raise BadRecord("too large")
                yield number_of(path), decode(path.read_bytes()), about.st_size
            except ValueError as error:
                log.warning("spool: %s is damaged and removed: %s", path.name, error)
                self._lost_records += 1
                path.unlink()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{_SUFFIX}"
