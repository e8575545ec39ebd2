"""Hand-over between owner threads: bounded, with a stated loss that is counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
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

    A message that says all that is, as settings do, makes an earlier one of its kind needless. It
    takes the place of that one, and is never refused, however many come in a row.

    A message that can wait wakes nobody: to wake a thread costs more than most messages do. A
    reader that sleeps takes it with the next one that cannot wait, or when its timeout is over. A
    box that is half full wakes its reader in any case.
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        when_full: WhenFull,
        *,
        limit_bytes: int | None = None,
        newest_of: tuple[type, ...] = (),
    ) -> None:
        """An empty one.

        Args:
            name: as health shows it.
            capacity: messages, at most.
            when_full: what is lost then.
            limit_bytes: what all may weigh; None: anything.
            newest_of: kinds of which only the newest message counts; each waits once, at most.

        Raises:
            ValueError: nothing would fit.
        """
        if capacity < 1:
            raise ValueError(f"mailbox {name}: capacity {capacity} must be at least 1")
        self.name = name
        self.capacity = capacity
        self._when_full = when_full
        self._limit_bytes = limit_bytes
        self._newest_of = newest_of
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

    def put(self, message: T, size: int = 0, *, can_wait: bool = False, spare: int = 0) -> bool:
        """Adds a message; False when it was refused.

        Args:
            message: a frozen value.
            size: its weight in bytes, counted against `limit_bytes`.
            can_wait: a reader that sleeps is not woken for it.
            spare: places that stay free for others.
        """
        with self._lock:
            if isinstance(message, self._newest_of):
                self._supersede(message, size)
                return True
            while self._full(size, spare):
                self._dropped += 1
                if self._when_full is WhenFull.REFUSE or not self._items:
                    return False
                self._bytes -= self._items.popleft()[1]
            self._add(message, size, can_wait=can_wait)
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

    def count(self, which: Callable[[T], bool]) -> int:
        """How many of those that wait are such."""
        with self._lock:
            return sum(which(message) for message, _ in self._items)

    @property
    def depth(self) -> int:
        """Messages waiting now."""
        return len(self._items)

    @property
    def dropped(self) -> int:
        """Messages lost because the mailbox was full, since the start."""
        return self._dropped

    def _add(self, message: T, size: int, *, can_wait: bool = False) -> None:
        self._items.append((message, size))
        self._bytes += size
        if not can_wait or self._half_full:
            self._ring()

    def _supersede(self, message: T, size: int) -> None:
        for place, (waiting, weight) in enumerate(self._items):
            if type(waiting) is type(message):
                self._items[place] = message, size
                self._bytes += size - weight
                return
        self._add(message, size)

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

    @property
    def _half_full(self) -> bool:
        if 2 * len(self._items) >= self.capacity:
            return True
        return self._limit_bytes is not None and 2 * self._bytes >= self._limit_bytes

    def _full(self, size: int, spare: int) -> bool:
        if len(self._items) >= self.capacity - spare:
            return True
        return self._limit_bytes is not None and self._bytes + size > self._limit_bytes
