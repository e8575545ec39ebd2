"""The day's file for `recording.format: original`: Matroska with the camera's own JPEGs.

The same promises as `agent.storage.dayfile`, by simpler means: a live stream ends where its file
ends, so what is appended and synced is shown. Opening it walks over the clusters; up to the mark
only their structure is looked at. After an OSError the object is of no use: open the file anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent.core.errors import StoreUnavailable
from agent.runtime.clock import Clock
from agent.storage import dayfile
from agent.storage.daystate import StoredEvent
from agent.storage.files import DataFile
from agent.storage.fragments import About, StoredFragment
from agent.storage.h264 import Codec
from agent.storage.matroska import HEAD_BYTES, build, head, marked_end, walk
from agent.storage.records import Fragment
from agent.storage.recovery import Found, Recovery

#: Within an event data goes to the medium this often, in seconds.
SYNC_EVERY = 5.0


class OriginalFile:
    """An open day's file of original pictures.

    Attributes:
        recovery: how it was found.
    """

    def __init__(self, file: DataFile, clock: Clock, alive: Callable[[], None]) -> None:
        self._file = file
        self._clock = clock
        self._codec: Codec | None = None
        self._events: list[StoredEvent] = []
        self._ms = 0
        self._end = HEAD_BYTES
        self._shown = 0
        self._number = 0
        self._unverified: list[StoredFragment] = []
        self._synced_at = clock.monotonic()
        self.recovery = self._recover(alive)

    @property
    def codec(self) -> Codec | None:
        """Width and height of its pictures; None while it is empty."""
        return self._codec

    @property
    def events(self) -> list[StoredEvent]:
        """The events in it, in order."""
        return self._events

    @property
    def size(self) -> int:
        """Where the next cluster goes."""
        return self._end

    @property
    def durable(self) -> bool:
        """True when everything appended is on the medium."""
        return not self._file.dirty

    def takes(self, fragment: Fragment) -> bool:
        """False when it belongs into the next part: another size, or the file is full."""
        return self._codec in {None, fragment.codec} and self.size < dayfile.ROLL_BYTES

    def last_k(self, event: str) -> int:
        """The number of the event's last fragment in this file, -1 when there is none."""
        return max((stored.k for stored in self._events if stored.event == event), default=-1)

    def append(self, fragment: Fragment) -> bool:
        """Appends a fragment; False when it is there already (a record that came twice)."""
        if fragment.k <= self.last_k(fragment.event):
            return False
        if self._codec is None:
            self._codec = fragment.codec
            self._file.write(head(self._codec), 0)
        about = About(
            fragment.event,
            fragment.k,
            fragment.started.isoformat(),
            fragment.first_ms,
            fragment.codec if self.last_k(fragment.event) < 0 else None,
        )
        data = build(self._number + 1, self._ms, fragment.samples, fragment.body, about)
        at, end = self._end, self._end + len(data)
        self._file.write(data, at)
        stored = StoredFragment(at, at, end, self._number + 1, fragment.samples, about)
        self._count(stored)
        self._unverified.append(stored)
        if self._clock.monotonic() - self._synced_at >= SYNC_EVERY:
            self.sync()
        return True

    def finish_event(self) -> None:
        """An event is complete: it is on the medium and shown when this returns."""
        self.show_all()

    def tick(self) -> bool:
        """Nothing is ever put off here."""
        return True

    def shows(self, event: str) -> bool:
        """True when all of the event that is in the file is on the medium."""
        return all(stored.end <= self._shown for stored in self._events if stored.event == event)

    def fragments(self, event: str) -> Iterator[StoredFragment]:
        """The event's fragments, read from the file and checked."""
        for stored in self._events:
            if stored.event == event:
                yield from walk(self.read, stored.at, stored.end, resync=True)

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
        if self._unverified:
            first, last = self._unverified[0], self._unverified[-1]
            self._file.forget_cached(first.at, last.end - first.at)
            found = list(walk(self.read, first.at, last.end, resync=False))
            if [each.end for each in found] != [each.end for each in self._unverified]:
                raise StoreUnavailable("the day's file reads back otherwise than it was written")
            self._unverified.clear()

    def show_all(self) -> None:
        """Syncs, then writes length and mark into the head, within one sector."""
        if self._codec is not None and self._shown < self._end:
            self.sync()
            self._file.write(head(self._codec, self._ms, self._end), 0)
            self._file.sync()
            self._shown = self._end

    def close(self, *, checkpoint: bool = True) -> None:
        """Closes the file, everything on the medium unless told otherwise."""
        try:
            if checkpoint:
                self.show_all()
        finally:
            self._file.close()

    def _count(self, fragment: StoredFragment) -> None:
        about = fragment.about
        if not self._events or self._events[-1].event != about.event:
            started = (about.event, about.started, about.first_ms)
            self._events.append(StoredEvent(*started, self._ms, 0, 0, fragment.at, 0, 0))
        event = self._events[-1]
        ms = sum(sample.ms for sample in fragment.samples)
        event.k = about.k
        event.ms += ms
        event.frames += len(fragment.samples)
        event.end = self._end = fragment.end
        self._ms += ms
        self._number = fragment.number

    def _recover(self, alive: Callable[[], None]) -> Recovery:
        """Counts what is whole, cuts the rest off; `keep_cut`: more than a torn end."""
        size = self._file.size
        begin = self.read(HEAD_BYTES, 0)
        mark = marked_end(begin)
        trusted = mark if mark is not None and mark <= size else 0
        tail = 0
        gaps = False
        for item in walk(self.read, HEAD_BYTES, size, resync=True, trusted=trusted):
            alive()
            gaps = gaps or item.at != self._end
            if self._codec is None and item.about.codec is None:
                continue  # before the first cluster that says how to read it
            self._codec = self._codec or item.about.codec
            self._count(item)
            tail += item.end > trusted
        if self._codec is None:
            return Recovery(None, _what_is_there(begin, size), cut=size)
        cut = size - self._end
        if cut:
            self._file.truncate(self._end)
        found = Found.REBUILT if gaps else Found.CHECKPOINT
        if begin != head(self._codec, self._ms, self._end):
            found = Found.DATA if mark is None else found
            self.show_all()
        self._shown = self._end
        return Recovery(None, found, tail, cut)


def _what_is_there(begin: bytes, size: int) -> Found:
    """For a file without a single cluster: never used, or nothing of ours."""
    ours = begin[:4] == head(Codec(b"", 2, 2))[:4] or not any(begin)
    return Found.EMPTY if size <= HEAD_BYTES and ours else Found.DAMAGED
