"""Records on their way to one kind of reader, in order: what waits on disk, then what comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from agent.mqtt.journal_entries import Entry, Unreadable

Waiting = Callable[[int, int], list[Entry]]


class Backlog:
    """Hands out each waiting record once in a connection; never holds more than a page of them.

    Attributes:
        caught_up: all that waited on disk is handed out: what comes now is live.
    """

    def __init__(self, waiting: Waiting, page: int) -> None:
        """Makes an empty one.

        Args:
            waiting: at most as many waiting records as the first number says, with an id above the
                second number, in order.
            page: the number of records to ask for at a time.
        """
        self._waiting = waiting
        self._page = page
        self._ready: deque[Entry] = deque()
        self.begin()

    def begin(self) -> None:
        """From the oldest on, again."""
        self._ready.clear()
        self._cursor = 0
        self.caught_up = False

    def add(self, entry: Entry) -> None:
        """One more, which is on disk as well."""
        if self.caught_up and len(self._ready) < self._page:
            self._ready.append(entry)
        else:
            self.caught_up = False

    def next(self) -> Entry | None:
        """The next one, or None."""
        if not self._ready and not self.caught_up:
            try:
                page = self._waiting(self._page, self._cursor)
            except Unreadable:
                return None  # `caught_up` stays False: they are asked for again
            self._ready.extend(page)
            self.caught_up = len(page) < self._page
        if not self._ready:
            return None
        entry = self._ready.popleft()
        self._cursor = entry.id
        return entry

    @property
    def idle(self) -> bool:
        """Nothing more can be handed out."""
        return self.caught_up and not self._ready
