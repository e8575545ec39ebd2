"""Hand-over between owner threads: bounded, with a stated loss that is counted."""

from __future__ import annotations

import threading
from collections import deque
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class WhenFull(Enum):
    """What a full mailbox does with one more message."""

    DROP_OLDEST = "drop_oldest"
    REFUSE = "refuse"


class Mailbox(Generic[T]):
    """A bounded queue of frozen messages with one reader.

    `put` never blocks: a full box drops its oldest message or refuses the new one, and counts it.
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        when_full: WhenFull,
        *,
        limit_bytes: int | None = None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"mailbox {name}: capacity {capacity} must be at least 1")
        self.name = name
        self.capacity = capacity
        self._when_full = when_full
        self._limit_bytes = limit_bytes
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._dropped = 0
        self._interrupted = False
        self._lock = threading.RLock()
        # free while somebody is woken; a Condition makes a lock for each waiting, and takes four
        # times as long, with every frame
        self._bell = threading.Lock()
        self._bell.acquire()
        self._waits = False

    def put(self, message: T, size: int = 0) -> bool:
        """Adds a message; False when it was refused.

        Args:
            message: a frozen value.
            size: its weight in bytes, counted against `limit_bytes`.
        """
        with self._lock:
            while self._full(size):
                self._dropped += 1
                if self._when_full is WhenFull.REFUSE or not self._items:
                    return False
                self._bytes -= self._items.popleft()[1]
            self._items.append((message, size))
            self._bytes += size
            self._ring()
            return True

    def get(self, timeout: float | None = 0.0) -> T | None:
        """The oldest message, or None after `timeout` seconds without (None: waits for ever)."""
        if not self._items:
            if timeout == 0.0:
                return None
            self._wait(timeout)
        with self._lock:
            if not self._items:
                return None
            message, size = self._items.popleft()
            self._bytes -= size
            return message

    def interrupt(self) -> None:
        """Ends a `get` that waits, or the next one that would, without a message.

        May be called by a signal handler in the reader's own thread: the lock is re-entrant.
        """
        with self._lock:
            self._interrupted = True
            self._ring()

    def clear(self) -> int:
        """Throws everything away, uncounted (a session ended); returns how many there were."""
        with self._lock:
            count = len(self._items)
            self._items.clear()
            self._bytes = 0
            return count

    @property
    def depth(self) -> int:
        """Messages waiting now."""
        return len(self._items)

    @property
    def dropped(self) -> int:
        """Messages lost for want of room, since the start."""
        return self._dropped

    def _wait(self, timeout: float | None) -> None:
        """Sleeps until there is a message or an interrupt, or the time is over."""
        self._waits = True  # before the look, so that nobody's ring falls in between
        rung = False
        if not self._items and not self._interrupted:
            rung = self._bell.acquire(timeout=-1 if timeout is None else max(0.0, timeout))
        with self._lock:
            if not self._waits and not rung:
                self._bell.acquire(blocking=False)  # it rang as the time was over
            self._waits = False
            self._interrupted = False

    def _ring(self) -> None:
        """Wakes the reader, if it sleeps; the lock is held."""
        if self._waits:
            self._waits = False
            if self._bell.locked():
                self._bell.release()

    def _full(self, size: int) -> bool:
        if len(self._items) >= self.capacity:
            return True
        return self._limit_bytes is not None and self._bytes + size > self._limit_bytes
