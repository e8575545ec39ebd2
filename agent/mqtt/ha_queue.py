"""Which records Home Assistant has still to get, and on which topic: part of the journal's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

#: Home Assistant may be away for days. It gets at most this number of events, the newest ones.
MAX_OFFERS = 1_000

_LOAD = "SELECT id, topic FROM offer ORDER BY id"


class Offers:
    """Ids of records, oldest first, each with a topic; mirrored in the table `offer`.

    Attributes:
        lost: given up because the queue was full.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._topics: dict[int, str] = {}
        self._new: list[int] = []
        self._done: list[int] = []

    def load(self, rows: Iterable[tuple[int, str]]) -> None:
        """What the file says at the start."""
        self._topics = dict(rows)

    def rewrite(self) -> None:
        """Another file is there: all goes into it."""
        self._new = list(self._topics)

    def add(self, entry_id: int, topic: str) -> None:
        """One more; the oldest goes where there are too many."""
        self._topics[entry_id] = topic
        self._new.append(entry_id)
        if len(self._topics) > MAX_OFFERS:
            self.lose(next(iter(self._topics)))

    def again(self, offers: Iterable[tuple[int, str]]) -> None:
        """These were done too early: each an id and its topic."""
        for entry_id, topic in offers:
            self._topics[entry_id] = topic
            self._new.append(entry_id)
            if entry_id in self._done:
                self._done.remove(entry_id)
        self._topics = dict(sorted(self._topics.items()))
        while len(self._topics) > MAX_OFFERS:
            self.lose(next(iter(self._topics)))

    def lose(self, entry_id: int) -> None:
        """Home Assistant does not get it."""
        self.done(entry_id)
        self.lost += 1

    def done(self, entry_id: int) -> None:
        """Home Assistant has it."""
        if self._topics.pop(entry_id, None) is not None:
            self._done.append(entry_id)

    def topic(self, entry_id: int) -> str | None:
        """Where to offer it; None: no longer wanted."""
        return self._topics.get(entry_id)

    def after(self, entry_id: int, limit: int) -> list[int]:
        """The next ones, in order."""
        return [one for one in self._topics if one > entry_id][:limit]

    def __len__(self) -> int:
        return len(self._topics)

    @property
    def unwritten(self) -> bool:
        """The file says something else."""
        return bool(self._new or self._done)

    def write(self, db: sqlite3.Connection) -> None:
        """Into the open transaction; `written` follows when it is through."""
        new = [(one, self._topics[one]) for one in self._new if one in self._topics]
        db.executemany("INSERT OR REPLACE INTO offer VALUES (?, ?)", new)
        db.executemany("DELETE FROM offer WHERE id = ?", [(one,) for one in self._done])

    def written(self) -> None:
        """The transaction is through."""
        self._new.clear()
        self._done.clear()


def read_offers(db: sqlite3.Connection) -> list[tuple[int, str]]:
    """What the file says; a record that is no longer there is forgotten: its id may come again."""
    db.execute("DELETE FROM offer WHERE id NOT IN (SELECT id FROM message)")
    return [(int(row[0]), str(row[1])) for row in db.execute(_LOAD)]
