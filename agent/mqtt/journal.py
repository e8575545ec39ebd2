"""The event journal: a record is on disk before it is sent and stays until it has arrived.

At the broker, and once more at Home Assistant (`offers`): the one's word is not the other's.

Owned by the mqtt thread; the main thread opens it and reads the counts before that one starts.
Trouble with the disk never stops an event: it waits in memory, counted, for the next write.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from agent.mqtt.ha_queue import Offers, read_offers
from agent.mqtt.journal_clock import JournalClock
from agent.mqtt.journal_entries import Entry, OpenEvent, Unreadable
from agent.mqtt.journal_file import FLOOR, JournalFile
from agent.mqtt.retained_topics import Retained, read_retained
from agent.runtime.clock import Clock
from schemas.messages import Record

log = logging.getLogger(__name__)

#: Its name in the state folder.
JOURNAL = "journal.sqlite"
#: A month of a busy camera (600 messages a day), and what any SD card has to spare.
MAX_MESSAGES = 20_000
MAX_BYTES = 64 * 2**20
MAX_AGE = 30 * 86_400.0
EXPIRE_EVERY = 3600.0
#: Bounds the memory while the disk refuses everything.
MAX_UNSAVED = 1_000
#: Acknowledgements are written with the next record, or when this number has come.
MAX_ACKNOWLEDGED = 64

_WAITING = """SELECT id, camera, stream, seq, topic, payload, at FROM message
    WHERE acknowledged = 0 AND id > ? ORDER BY id LIMIT ?"""
_SINCE = """SELECT id, camera, stream, seq, topic, payload, at FROM message
    WHERE camera = ? AND stream = ? AND seq > ? ORDER BY seq LIMIT ?"""
_RECORDINGS = "SELECT payload FROM message WHERE stream = 'recording' ORDER BY id DESC LIMIT ?"
_ONE = "SELECT id, camera, stream, seq, topic, payload, at FROM message WHERE id = ?"
_NOTE = "INSERT OR REPLACE INTO note VALUES (?, ?)"
_OLDEST = """SELECT id, length(payload), acknowledged FROM message
    ORDER BY acknowledged DESC, id LIMIT 1"""
_SIZES = "SELECT count(*), total(length(payload)), total(acknowledged = 0), max(id) FROM message"
_COUNT = """INSERT INTO counter VALUES (?, ?, ?) ON CONFLICT (camera, stream)
    DO UPDATE SET seq = max(seq, excluded.seq)"""


class Journal:
    """Records on disk, in the order they came.

    Attributes:
        lost: unacknowledged records dropped because the journal was full, or for their age.
        unjournalled: records that were passed on without being on disk.
        offers: records that Home Assistant must still get.
        retained: topics that the broker may hold of us.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        max_messages: int = MAX_MESSAGES,
        max_bytes: int = MAX_BYTES,
        boot: str | None = None,
    ) -> None:
        """Opens or creates the file; a damaged one is put aside.

        Raises:
            ConfigError: another agent has it open.
        """
        self._clock = clock
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self.lost = 0
        self.unjournalled = 0
        self._unsaved: dict[int, Entry] = {}
        self._acknowledged: list[int] = []
        self._failures = 0
        self._expire_at = clock.monotonic()
        self._next_id = 1
        self._notes: dict[str, str] = {}
        self.offers = Offers()
        self.retained = Retained()
        self._file = JournalFile(path, int(clock.utc().timestamp()))
        self._age = JournalClock(clock, self.note("clock"), boot)
        self._load()
        self._measure()
        self._expire()

    def last_seq(self, camera: str, stream: str) -> int:
        """The highest seq ever handed in, 0 for a new stream.

        If the counts themselves are lost it is the wall clock in seconds, which is above any count.
        So a reader that drops duplicates by seq sees a gap and does not drop everything.
        """
        query = "SELECT max(seq) FROM counter WHERE (camera = ? AND stream = ?) OR camera = ?"
        rows = self._read(query, (camera, stream, FLOOR))
        return int(rows[0][0] or 0) if rows else 0

    def last_seqs(self, cameras: Collection[str]) -> dict[tuple[str, str], int]:
        """`last_seq` of each camera and stream, also of all cameras of earlier runs."""
        known = {str(row[0]) for row in self._read("SELECT DISTINCT camera FROM counter")}
        return {
            (camera, stream): self.last_seq(camera, stream)
            for camera in sorted({*cameras, *known} - {FLOOR})
            for stream in ("motion", "recording", "sound")
        }

    def open_events(self) -> list[OpenEvent]:
        """Motion events without an end, at most one per camera."""
        rows = self._read("SELECT camera, id, started FROM open_event")
        return [OpenEvent(*map(str, row)) for row in rows]

    def recordings(self, most: int) -> list[str]:
        """Ids of the newest events of whose recording something was said, oldest first."""
        rows = self._read(_RECORDINGS, (most,))
        contents = [_content(bytes(payload)) for (payload,) in reversed(rows)]
        return [str(content["id"]) for content in contents if "id" in content]

    def append(self, records: Sequence[Record]) -> list[Entry]:
        """Takes records; on return they are on disk, or `unjournalled` has counted up."""
        entries = [self._new_entry(record) for record in records]
        self._unsaved.update((entry.id, entry) for entry in entries)
        if entries and (not self._save() or not self._file.durable):
            self.unjournalled += len(entries)
        while len(self._unsaved) > MAX_UNSAVED:
            self._forget_unsaved(next(iter(self._unsaved)))
        return entries

    def age(self, entry: Entry) -> float:
        """Seconds since it was handed in, as far as the machine was on; no clock moves it."""
        return self._age.now() - entry.at

    def offered(self, limit: int, after: int = 0) -> list[Entry]:
        """The oldest records that Home Assistant has not had, with an id above `after`.

        Raises:
            Unreadable: the disk does not give them now.
        """
        found: list[Entry] = []
        failures = self._failures
        for entry_id in self.offers.after(after, len(self.offers)):
            if len(found) == limit:
                break
            unsaved = self._unsaved.get(entry_id)
            rows = [] if unsaved else self._read(_ONE, (entry_id,))
            if unsaved or rows:
                found.append(unsaved or _entry(rows[0]))
            elif self._failures != failures:
                raise Unreadable
            else:
                self.offers.lose(entry_id)
        return found

    def note(self, name: str) -> str | None:
        """A word that was kept with `keep_note`."""
        rows = self._read("SELECT value FROM note WHERE name = ?", (name,))
        return self._notes.get(name) or (str(rows[0][0]) if rows else None)

    def keep_note(self, name: str, value: str) -> None:
        """Keeps a word; written with the next record, or by `flush`."""
        self._notes[name] = value

    def begin_retained(self, wanted: Collection[str], machine: str) -> None:
        """The topics that this configuration keeps at the broker; all others are to go.

        On another machine than the last time (a copied SD card) nothing was ours: the original
        may still be there.
        """
        if self.note("machine") not in {None, machine}:
            self.retained.forget()
        self.keep_note("machine", machine)
        self.retained.begin(wanted)
        self._save()

    def waiting(self, limit: int, after: int = 0) -> list[Entry]:
        """The oldest unacknowledged records with an id above `after`, in order.

        Raises:
            Unreadable: the disk does not give them now.
        """
        gone = set(self._acknowledged)
        failures = self._failures
        rows = self._read(_WAITING, (after, limit + len(gone)))
        if self._failures != failures:
            raise Unreadable
        entries = [entry for entry in map(_entry, rows) if entry.id not in gone]
        unsaved = [entry for entry in self._unsaved.values() if entry.id > after]
        entries += [entry for entry in unsaved if entry.id not in gone]
        return sorted(entries, key=lambda entry: entry.id)[:limit]

    @property
    def waiting_count(self) -> int:
        """Records that the broker has not acknowledged."""
        return max(0, self._waiting + len(self._unsaved) - len(self._acknowledged))

    @property
    def failing(self) -> bool:
        """True while records are handed on without being on disk."""
        return bool(self._unsaved) or not self._file.durable

    def acknowledge(self, entry_id: int) -> None:
        """The broker has it. Written with the next record; after a kill it is sent once more.

        What the disk has refused is written all the same: its number must never be given again.
        """
        self._acknowledged.append(entry_id)
        if len(self._acknowledged) >= MAX_ACKNOWLEDGED:
            self._save()

    @property
    def unwritten(self) -> bool:
        """Something waits for `flush`: acknowledgements, or records that the disk refused."""
        more = self._notes or self.offers.unwritten or self.retained.unwritten
        return bool(self._acknowledged or self._unsaved or more)

    def flush(self) -> None:
        """Writes what is `unwritten`; drops what is old."""
        if self.unwritten:
            self._save()
        if self._clock.monotonic() >= self._expire_at:
            self._expire()

    def since(self, camera: str, stream: str, seq: int, limit: int) -> list[Entry]:
        """Records of a stream with a higher seq, acknowledged or not, by seq."""
        entries = [_entry(row) for row in self._read(_SINCE, (camera, stream, seq, limit))]
        entries += [
            entry
            for entry in self._unsaved.values()
            if (entry.camera, entry.stream) == (camera, stream) and entry.seq > seq
        ]
        return sorted(entries, key=lambda entry: entry.seq)[:limit]

    def close(self) -> None:
        """Writes what is left and lets go of the file."""
        self.flush()
        self._file.db.close()

    # -------------------------------------------------------------- the file

    def _measure(self) -> None:
        rows = self._read(_SIZES)
        count, size, waiting, last = rows[0] if rows else (0, 0, 0, 0)
        self._count, self._bytes, self._waiting = int(count), int(size), int(waiting)
        self._next_id = max(self._next_id, int(last or 0) + 1)

    def _load(self) -> None:
        try:
            self.offers.load(read_offers(self._file.db))
            self.retained.load(read_retained(self._file.db))
        except sqlite3.Error as error:
            self._trouble(error)

    def _new_entry(self, record: Record) -> Entry:
        entry_id, self._next_id = self._next_id, self._next_id + 1
        if record.offer is not None:
            self.offers.add(entry_id, record.offer)
        at = self._age.now()
        topic, payload = record.publish.topic, record.publish.payload
        return Entry(entry_id, record.camera, record.stream, record.seq, topic, payload, at)

    def _read(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows, or none where the disk does not give them."""
        try:
            return self._file.db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._trouble(error)
            return []

    def _save(self) -> bool:
        """Writes records and acknowledgements in one transaction: one wait for the disk."""
        db = self._file.db
        new = list(self._unsaved.values())
        ids = [(entry_id,) for entry_id in self._acknowledged]
        try:
            db.execute("BEGIN")
            for entry in new:
                _insert(db, entry)
            update = "UPDATE message SET acknowledged = 1 WHERE id = ? AND acknowledged = 0"
            done = max(0, db.executemany(update, ids).rowcount)
            self.offers.write(db)
            self.retained.write(db)
            db.executemany(_NOTE, [("clock", self._age.memory), *self._notes.items()])
            removed, freed, lost = self._make_room(len(new), sum(len(e.payload) for e in new))
            db.execute("COMMIT")
        except sqlite3.Error as error:
            self._trouble(error)
            return False
        self._count += len(new) - removed
        self._bytes += sum(len(entry.payload) for entry in new) - freed
        self._waiting += len(new) - done - lost
        self._lose(lost, "for want of room")
        self._unsaved.clear()
        self._acknowledged.clear()
        self._notes.clear()
        self.offers.written()
        self.retained.written()
        self._recovered()
        return True

    def _make_room(self, added: int, added_bytes: int) -> tuple[int, int, int]:
        """Deletes the oldest, acknowledged ones first; returns count, bytes, unacknowledged."""
        db = self._file.db
        removed = freed = lost = 0
        while (
            self._count + added - removed > self._max_messages
            or self._bytes + added_bytes - freed > self._max_bytes
        ):
            row = db.execute(_OLDEST).fetchone()
            if row is None:
                break
            entry_id, size, acknowledged = row
            db.execute("DELETE FROM message WHERE id = ?", (entry_id,))
            removed, freed, lost = removed + 1, freed + size, lost + (not acknowledged)
        return removed, freed, lost

    def _expire(self) -> None:
        """Drops what is too old."""
        self._expire_at = self._clock.monotonic() + EXPIRE_EVERY
        self._save()  # the clock, too: an agent without events does not get younger
        oldest = self._age.now() - MAX_AGE
        query = "SELECT count(*) FROM message WHERE acknowledged = 0 AND at < ?"
        lost = self._read(query, (oldest,))
        self._read("DELETE FROM message WHERE at < ?", (oldest,))
        self._lose(int(lost[0][0]) if lost else 0, "older than 30 days")
        self._measure()

    def _forget_unsaved(self, entry_id: int) -> None:
        del self._unsaved[entry_id]
        if entry_id in self._acknowledged:
            self._acknowledged.remove(entry_id)
        else:
            self.lost += 1

    def _lose(self, count: int, why: str) -> None:
        if count:
            self.lost += count
            log.warning("journal: %d unsent events dropped, %s", count, why)

    def _trouble(self, error: sqlite3.Error) -> None:
        """Says it once per streak; a file that is damaged (not just full) is put aside."""
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        log.log(level, "journal: %s", error)
        if self._file.db.in_transaction:
            self._roll_back()
        if type(error) is sqlite3.DatabaseError:  # its subclasses mean a busy, full or absent disk
            self._file.db.close()
            self._file.put_aside(error)
            self.offers.rewrite()
            self.retained.rewrite()
            self._measure()

    def _roll_back(self) -> None:
        try:
            self._file.db.execute("ROLLBACK")
        except sqlite3.Error as error:
            log.debug("journal: no rollback: %s", error)

    def _recovered(self) -> None:
        if self._failures:
            log.info("journal: written again after %d failures", self._failures)
            self._failures = 0


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry(*row)


def _insert(db: sqlite3.Connection, entry: Entry) -> None:
    values = (
        entry.id,
        entry.camera,
        entry.stream,
        entry.seq,
        entry.topic,
        entry.payload,
        entry.at,
    )
    db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, 0)", values)
    db.execute(_COUNT, (entry.camera, entry.stream, entry.seq))
    content = _motion(entry)
    match content.get("event_type"):
        case "motion_started":
            started = (entry.camera, str(content.get("id")), entry.payload.decode())
            db.execute("INSERT OR REPLACE INTO open_event VALUES (?, ?, ?)", started)
        case "motion_ended":
            ended = (entry.camera, str(content.get("id")))
            db.execute("DELETE FROM open_event WHERE camera = ? AND id = ?", ended)


def _motion(entry: Entry) -> dict[str, Any]:
    return _content(entry.payload) if entry.stream == "motion" else {}


def _content(payload: bytes) -> dict[str, Any]:
    """What a payload says; nothing, where it is damaged."""
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
