"""What one file of a day does in either format: takes fragments, reads them back, tells them apart.

The formats define a fragment, and how players see appended fragments. After an OSError the object
is of no use: open the file again, which repairs it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar

from agent.core.errors import StoreError, StoreUnavailable
from agent.runtime.clock import Clock
from agent.storage.container.fragments import About, SlotPair, StoredFragment
from agent.storage.container.h264 import Codec
from agent.storage.day.checkpoint import Contents, StoredEvent
from agent.storage.day.recovery import Recovery
from agent.storage.filesystem.error_causes import Cause, cause_of
from agent.storage.filesystem.files import DataFile
from agent.storage.records import Fragment

#: Within an event data goes to the medium this often, in seconds.
SYNC_EVERY = 5.0
#: FAT ends at 4 GiB - 1: the next part begins well before.
ROLL_BYTES = 3_900_000_000
OTHERWISE = "the day's file reads back otherwise than it was written"

C = TypeVar("C", bound=Contents)


class Mismatch(StoreError):
    """The file does not take these samples: the caller opens the next part."""


class DayPart(ABC, Generic[C]):
    """An open file of a day.

    Attributes:
        recovery: how it was found.
    """

    recovery: Recovery

    def __init__(self, file: DataFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._state: C | None = None
        self._unverified: list[StoredFragment] = []
        self._synced_at = clock.monotonic()
        self._full = False  # the file system lets it grow no more

    def fileno(self) -> int:
        """The descriptor of its file."""
        return self._file.fileno()

    @property
    def codec(self) -> Codec | None:
        """The parameters of its pictures; None while it is empty."""
        return self._state.codec if self._state else None

    @property
    def events(self) -> list[StoredEvent]:
        """The events in it, in order."""
        return self._state.events if self._state else []

    @property
    def size(self) -> int:
        """Where the next fragment goes."""
        return self._state.end if self._state else 0

    @property
    def durable(self) -> bool:
        """True when everything appended is on the medium."""
        return not self._file.dirty

    def takes(self, fragment: Fragment) -> bool:
        """False when it belongs into the next part: other parameters, or the file is full."""
        if self._full or not self._holds(fragment.codec):
            return False
        return self.size < ROLL_BYTES or not fragment.samples[0].key

    def last_k(self, event: str) -> int:
        """The number of the event's last fragment in this file, -1 when there is none."""
        return max((stored.k for stored in self.events if stored.event == event), default=-1)

    def append(self, fragment: Fragment) -> bool:
        """Appends a fragment; False when it is there already (a record that came twice).

        Raises:
            Mismatch: `takes` would have said no, or the file system takes no larger file.
        """
        if not self._holds(fragment.codec):
            raise Mismatch("other codec parameters than those of the file")
        last = self.last_k(fragment.event)
        if fragment.k <= last:
            return False
        state = self._state = self._state or self._create(fragment.codec)
        about = About(
            fragment.event,
            fragment.k,
            fragment.started.isoformat(),
            fragment.first_ms,
            # the first fragment of the file's every event can start a file of its own
            fragment.codec if last < 0 else None,
            fragment.sound.start if fragment.sound else None,
        )
        number, at = state.fragments + 1, state.end
        data, pictures = self._build(number, state.clock, fragment, about)
        self._write(data, at)
        stored = StoredFragment(
            at, at + pictures, at + len(data), number, fragment.samples, about, fragment.sound
        )
        state.count(stored)
        self._unverified.append(stored)
        self._keep_lasting()
        return True

    def shows(self, event: str) -> bool:
        """True when players see all of the event that is in the file."""
        shown = self._state.shown if self._state else 0
        return all(stored.end <= shown for stored in self.events if stored.event == event)

    def fragments(self, event: str) -> Iterator[StoredFragment]:
        """The event's fragments, read from the file and checked."""
        for stored in self.events:
            if stored.event == event:
                for item in self._walk(stored.at, stored.end, resync=True):
                    if isinstance(item, StoredFragment):
                        yield item

    def read(self, size: int, at: int) -> bytes:
        """Bytes of the file."""
        return self._file.read(size, at)

    def sync(self) -> None:
        """Returns when everything appended is on the medium and reads back as it was written.

        Raises:
            StoreUnavailable: it does not.
        """
        self._file.sync()
        self._synced_at = self._clock.monotonic()
        for fragment in self._unverified:
            self._file.forget_cached(fragment.at, fragment.end - fragment.at)
            found = [item.end for item in self._walk(fragment.at, fragment.end, resync=False)]
            if found != [fragment.end]:
                raise StoreUnavailable(OTHERWISE)
        self._unverified.clear()

    def close(self, *, checkpoint: bool = True) -> None:
        """Closes the file, everything shown unless told otherwise."""
        try:
            if checkpoint:
                self.show_all()
        finally:
            self._file.close()

    def _holds(self, codec: Codec) -> bool:
        return self.codec is None or self.codec.holds(codec)

    def _write(self, data: bytes, at: int) -> None:
        try:
            self._file.write(data, at)
        except OSError as error:
            if cause_of(error) is not Cause.TOO_LARGE:
                raise
            self._file.truncate(at)
            self._full = True
            raise Mismatch("the file system takes no larger file") from error

    def _keep_lasting(self) -> None:
        """In the middle of an event: what was appended goes to the medium now and then."""
        if self._clock.monotonic() - self._synced_at >= SYNC_EVERY:
            self.sync()

    @abstractmethod
    def finish_event(self) -> None:
        """An event is complete: it is on the medium when this returns, and shown if that is due."""

    @abstractmethod
    def tick(self) -> bool:
        """Shows what showing was put off for, if it is due; True when nothing is left."""

    @abstractmethod
    def show_all(self) -> None:
        """Shows what is not shown yet, now."""

    @abstractmethod
    def _create(self, codec: Codec) -> C:
        """Writes what stands before the first fragment."""

    @abstractmethod
    def _build(
        self, number: int, base_ms: int, fragment: Fragment, about: About
    ) -> tuple[bytes, int]:
        """The bytes to append, and where in them the pictures begin."""

    @abstractmethod
    def _walk(self, at: int, end: int, *, resync: bool) -> Iterator[StoredFragment | SlotPair]:
        """What is whole between two places; with `resync` also behind damage."""
