"""Which of our retained topics the broker may hold, and which it is to forget.

What is taken out of the configuration, also while the agent did not run or there was no broker, is
remembered until the broker has acknowledged that it is gone. A part of the journal's file.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterable

log = logging.getLogger(__name__)

#: 200 cameras with 50 topics each.
MAX_TOPICS = 10_000


#: Of a topic: it is wanted, or to be cleared, or to be cleared without waiting for anybody.
_WANTED, _GONE, _AT_ONCE = 0, 1, 2


class Retained:
    """Topics, each wanted or to be cleared; mirrored in the table `retained`."""

    def __init__(self) -> None:
        self._gone: dict[str, int] = {}
        self._changed: set[str] = set()

    def load(self, rows: Iterable[tuple[str, int]]) -> None:
        """What the file says at the start."""
        self._gone = dict(rows)

    def rewrite(self) -> None:
        """Another file is there: all goes into it."""
        self._changed = set(self._gone)

    def begin(self, wanted: Collection[str]) -> None:
        """These belong to the configuration; all other topics of earlier runs are to go."""
        for topic in self._gone.keys() - set(wanted):
            self.bury(topic)
        for topic in wanted:
            self.say(topic)

    def forget(self) -> None:
        """All of it was another machine's, of which this one is a copy."""
        self._changed |= set(self._gone)
        self._gone.clear()

    def say(self, topic: str) -> None:
        """Something is said on it: it is wanted."""
        if self._gone.get(topic) != _WANTED:
            self._set(topic, _WANTED)

    def bury(self, topic: str, *, at_once: bool = False) -> None:
        """It is to be cleared; `at_once`: also after a restart, without waiting for anybody."""
        gone = max(self._gone.get(topic, _WANTED), _AT_ONCE if at_once else _GONE)
        if self._gone.get(topic) != gone:
            self._set(topic, gone)

    def _set(self, topic: str, gone: int) -> None:
        if topic not in self._gone and len(self._gone) >= MAX_TOPICS:
            log.warning("mqtt: %s: too many topics to remember; clear it by hand one day", topic)
            return
        self._gone[topic] = gone
        self._changed.add(topic)

    def cleared(self, topic: str) -> None:
        """The broker has forgotten it."""
        if self._gone.get(topic):
            del self._gone[topic]
            self._changed.add(topic)

    def knows(self, topic: str) -> bool:
        """The broker may hold something of ours on it."""
        return topic in self._gone

    def is_gone(self, topic: str) -> bool:
        """It is still to be cleared."""
        return self._gone.get(topic, _WANTED) != _WANTED

    def is_gone_at_once(self, topic: str) -> bool:
        """It is still to be cleared, and nobody is waited for."""
        return self._gone.get(topic) == _AT_ONCE

    @property
    def topics(self) -> list[str]:
        """All that the broker may hold."""
        return sorted(self._gone)

    @property
    def gone(self) -> list[str]:
        """What is to be cleared."""
        return [topic for topic, gone in self._gone.items() if gone]

    @property
    def unwritten(self) -> bool:
        """The file says something else."""
        return bool(self._changed)

    def write(self, db: sqlite3.Connection) -> None:
        """Into the open transaction; `written` follows when it is through."""
        kept = [(one, self._gone[one]) for one in self._changed if one in self._gone]
        gone = [(one,) for one in self._changed if one not in self._gone]
        db.executemany("INSERT OR REPLACE INTO retained VALUES (?, ?)", kept)
        db.executemany("DELETE FROM retained WHERE topic = ?", gone)

    def written(self) -> None:
        """The transaction is through."""
        self._changed.clear()


def read_retained(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """What the file says."""
    rows = db.execute("SELECT topic, gone FROM retained LIMIT ?", (MAX_TOPICS,))
    return [(str(topic), int(gone)) for topic, gone in rows]
