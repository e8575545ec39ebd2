"""The ends of one camera's events on their way into the spool."""

from __future__ import annotations

from collections import deque
from contextlib import suppress

from agent.runtime.clock import Clock
from agent.storage.records import EventClosed
from agent.storage.spool.spool import Spool

#: Closings that wait; the oldest of more is given up, counted and named.
MOST = 64
#: Seconds between two attempts.
AGAIN = 2.0


class Closings:
    """A full disk makes closings wait: without its closing an event gets no clip and no word.

    They are written in order. When a recorder ends, another one takes its closings over, such as
    the recorder of the same camera with other settings. The next start closes the rest.
    """

    def __init__(self, spool: Spool, clock: Clock) -> None:
        self._spool = spool
        self._clock = clock
        self._waiting: deque[EventClosed] = deque()
        self._again_at = 0.0

    def add(self, closed: EventClosed) -> None:
        """Writes a closing now, or as soon as it can be written."""
        self._waiting.append(closed)
        self.write()

    def look(self) -> None:
        """Tries again when it is time to."""
        if self._clock.monotonic() >= self._again_at:
            self.write()

    def write(self) -> None:
        """Tries now."""
        with suppress(IndexError):  # all are taken over
            while True:
                self._waiting.append(self._spool.left.popleft())
        while self._waiting and self._spool.put(self._waiting[0]):
            self._waiting.popleft()
        while len(self._waiting) > MOST:
            self._spool.give_up(self._waiting.popleft())
        self._again_at = self._clock.monotonic() + AGAIN

    def finish(self) -> None:
        """Tries once more, and leaves the rest to others."""
        self.write()
        self._spool.left.extend(self._waiting)
        self._waiting.clear()
