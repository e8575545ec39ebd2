"""Opening the journal's SQLite file, and what to do with one that is damaged. No records here."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import struct
from pathlib import Path

from agent.core.errors import ConfigError

log = logging.getLogger(__name__)

#: The count that stands for all streams of a journal that lost its own; no camera has this name.
FLOOR = "*"
#: Of 4 KiB. Records are written once and seldom read again: SQLite's own 2 MiB would only fill.
CACHE_PAGES = 64

#: `struct flock`: type, base, start, length, process.
_FLOCK = "hhqqi"

_TABLES = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY, camera TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    topic TEXT NOT NULL, payload BLOB NOT NULL, at REAL NOT NULL, acknowledged INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS message_order ON message (acknowledged DESC, id);
CREATE INDEX IF NOT EXISTS message_seq ON message (camera, stream, seq);
CREATE TABLE IF NOT EXISTS counter (
    camera TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (camera, stream)
);
CREATE TABLE IF NOT EXISTS open_event (
    camera TEXT PRIMARY KEY, id TEXT NOT NULL, started TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS offer (id INTEGER PRIMARY KEY, topic TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS retained (topic TEXT PRIMARY KEY, gone INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

_SALVAGE = (
    ("SELECT * FROM counter", "INSERT OR REPLACE INTO counter VALUES (?, ?, ?)"),
    ("SELECT * FROM open_event", "INSERT OR REPLACE INTO open_event VALUES (?, ?, ?)"),
    ("SELECT * FROM note", "INSERT OR REPLACE INTO note VALUES (?, ?)"),
    ("SELECT * FROM offer", "INSERT OR REPLACE INTO offer VALUES (?, ?)"),
    ("SELECT * FROM retained", "INSERT OR REPLACE INTO retained VALUES (?, ?)"),
    (
        "SELECT * FROM message WHERE acknowledged = 0 ORDER BY id",
        "INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    (
        "SELECT message.* FROM offer JOIN message USING (id) WHERE acknowledged = 1",
        "INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ),
)


class JournalFile:
    """A claimed, checked database; `durable` is False where it had to be made in memory."""

    def __init__(self, path: Path, floor: int) -> None:
        """Opens or creates the file.

        Args:
            path: below the agent's state folder.
            floor: the count to go on from should the file's own counts be lost.

        Raises:
            ConfigError: another agent has it open.
        """
        self._path = path
        self._floor = floor
        self.durable = True
        try:
            self.db = _connected(str(path))
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise ConfigError(
                    f"agent.state_dir: another agent{who_locks(path)} has the journal in"
                    f" {path.parent} open; stop it, or give each agent a folder of its own",
                ) from None
            self._use_memory(error)
        except sqlite3.DatabaseError as error:
            self.put_aside(error)

    def put_aside(self, error: Exception) -> None:
        """Renames a damaged file, starts a new one, and saves from the old what can be read."""
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists():
            number += 1
        try:
            for suffix in ("", "-wal", "-shm"):
                part = Path(f"{self._path}{suffix}")
                if part.exists():
                    part.rename(f"{aside}{suffix}")
            self.db = _connected(str(self._path))
        except (OSError, sqlite3.Error) as second:
            self._use_memory(second)
            return
        self._set_floor()
        saved = _salvage(aside, self.db)
        log.error(
            "journal %s: damaged (%s); put aside as %s, %d rows saved from it",
            self._path,
            error,
            aside.name,
            saved,
        )

    def _use_memory(self, error: Exception) -> None:
        log.error("journal %s: cannot be opened (%s); kept in memory", self._path, error)
        self.durable = False
        self.db = _connected(":memory:")
        self._set_floor()

    def _set_floor(self) -> None:
        values = (FLOOR, FLOOR, self._floor)
        self.db.execute("INSERT OR REPLACE INTO counter VALUES (?, ?, ?)", values)


def who_locks(path: Path) -> str:
    """The process that has the file open, in words; "" where the kernel does not say.

    It does not for a process in another container.
    """
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        with path.open("rb+") as file:
            kind, *_, pid = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, asked))
    except OSError:
        return ""
    return f" (process {pid})" if kind != fcntl.F_UNLCK and pid > 0 else ""


def _connected(place: str) -> sqlite3.Connection:
    """Opens, claims and checks.

    `EXCLUSIVE` keeps a second agent out, and needs no shared memory file, which a full disk could
    turn into a bus error.
    """
    db = sqlite3.connect(place, timeout=1.0, check_same_thread=False, isolation_level=None)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # a commit returns when the disk has it
        db.execute("PRAGMA journal_size_limit = 4194304")
        db.execute(f"PRAGMA cache_size = {CACHE_PAGES}")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")
        verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        db.executescript(_TABLES)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _salvage(aside: Path, db: sqlite3.Connection) -> int:
    """Copies counts, open events and unacknowledged records, as far as they can be read."""
    saved = 0
    try:
        old = sqlite3.connect(f"{aside.as_uri()}?mode=ro", uri=True, timeout=1.0)
    except sqlite3.Error:
        return 0
    for query, insert in _SALVAGE:
        try:
            for row in old.execute(query):
                db.execute(insert, row)
                saved += 1
        except sqlite3.Error as error:
            log.warning("journal %s: not everything can be read: %s", aside, error)
    old.close()
    return saved
