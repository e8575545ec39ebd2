"""The day's file for `recording.format: original`: Matroska with the camera's own JPEGs.

It gives the same promises as `agent.storage.day.mp4_file`, in a simpler way. A live stream ends
where its file ends, so players see what is appended and synced. Opening it walks over the clusters,
and up to the mark checks only their structure. After an OSError the object is of no use: open the
file again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent.runtime.clock import Clock
from agent.storage.container.fragments import About, StoredFragment
from agent.storage.container.h264 import Codec
from agent.storage.container.matroska import HEAD_BYTES, build, head, marked_end, walk
from agent.storage.day.checkpoint import Contents
from agent.storage.day.day_part import DayPart
from agent.storage.day.recovery import Found, Recovery
from agent.storage.filesystem.files import DataFile
from agent.storage.records import Fragment


class OriginalFile(DayPart[Contents]):
    """An open day's file of original pictures."""

    def __init__(self, file: DataFile, clock: Clock, alive: Callable[[], None]) -> None:
        super().__init__(file, clock)
        self.recovery = self._recover(alive)

    def finish_event(self) -> None:
        """An event is complete: it is on the medium and shown when this returns."""
        self.show_all()

    def tick(self) -> bool:
        """Nothing is ever put off here."""
        return True

    def show_all(self) -> None:
        """Syncs, then writes length and mark into the head, within one sector."""
        state = self._state
        if state is not None and state.shown < state.end:
            self.sync()
            self._file.write(head(state.codec, state.clock, state.end), 0)
            self._file.sync()
            state.shown = state.end

    def _create(self, codec: Codec) -> Contents:
        self._file.write(head(codec), 0)
        return Contents(codec, HEAD_BYTES)

    def _build(
        self, number: int, base_ms: int, fragment: Fragment, about: About
    ) -> tuple[bytes, int]:
        return build(number, base_ms, fragment.samples, fragment.body, about), 0

    def _walk(self, at: int, end: int, *, resync: bool) -> Iterator[StoredFragment]:
        return walk(self.read, at, end, resync=resync)

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
            gaps = gaps or item.at != (self.size or HEAD_BYTES)
            if self._state is None:
                if item.about.codec is None:
                    continue  # before the first cluster that says how to read it
                self._state = Contents(item.about.codec, HEAD_BYTES)
            self._state.count(item)
            tail += item.end > trusted
        state = self._state
        if state is None:
            return Recovery(None, _what_is_there(begin, size), cut=size)
        cut = size - state.end
        if cut:
            self._file.truncate(state.end)
        found = Found.REBUILT if gaps else Found.CHECKPOINT
        if begin != head(state.codec, state.clock, state.end):
            found = Found.DATA if mark is None else found
            self.show_all()
        state.shown = state.end
        return Recovery(None, found, tail, cut)


def _what_is_there(begin: bytes, size: int) -> Found:
    """For a file without a single cluster: never used, or nothing of ours."""
    ours = begin[:4] == head(Codec(b"", 2, 2))[:4] or not any(begin)
    return Found.EMPTY if size <= HEAD_BYTES and ours else Found.DAMAGED
