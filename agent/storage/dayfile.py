"""One MP4 a day that is appended to and plays at every moment, after any kill or power cut.

Append: a fragment is written at the end. Checkpoint: the new moov goes into the slot that is not
the current one, both are synced, then one 16-byte write makes it the current one. No byte that a
current moov refers to ever changes. After an OSError the object is of no use: open the file anew,
which repairs it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from agent.core.errors import StoreError, StoreUnavailable
from agent.runtime.clock import Clock
from agent.storage import daystate
from agent.storage.daystate import DayState, StoredEvent, first_pair
from agent.storage.files import DataFile, exists, open_data_file, sync_folder
from agent.storage.fragments import (
    About,
    SlotPair,
    StoredFragment,
    build,
    data_offset,
    walk,
)
from agent.storage.h264 import Codec
from agent.storage.moov import FTYP
from agent.storage.records import Fragment
from agent.storage.recovery import Found, Recovery, recover

#: A player that is still reading a moov must not see its slot rewritten; slots alternate, so it has
#: 10-20 s.
GAP = 10.0
#: Bytes per second that checkpoints may write on average: flash wears out (RECORDING: 13.4 GB a day
#: without).
CHECKPOINT_RATE = 50_000
#: A long event is shown while it goes on: what is older than this many seconds, if the checkpoint
#: costs at most this part of the bytes recorded since the last one.
LIVE_AFTER = 30.0
LIVE_SHARE = 0.25
#: Within an event data goes to the medium this often.
SYNC_EVERY = 5.0
#: FAT ends at 4 GiB - 1: the next part begins well before.
ROLL_BYTES = 3_900_000_000
_COPY = 1 << 20
_OTHERWISE = "the day's file reads back otherwise than it was written"

Opener = Callable[[int, str], DataFile]


class Mismatch(StoreError):
    """The samples have other parameters than the file: the caller opens the next part."""


class DayFile:
    """An open day's file; `open_day_file` makes one.

    Attributes:
        recovery: how it was found.
    """

    def __init__(
        self,
        file: DataFile,
        recovery: Recovery,
        clock: Clock,
        first_slot: int = daystate.FIRST_SLOT,
    ) -> None:
        self.recovery = recovery
        self._file = file
        self._state = recovery.state
        self._clock = clock
        self._first_slot = first_slot
        self._checkpoint_at: float | None = None
        self._checkpoint_size = 0
        self._synced_at = clock.monotonic()
        self._hidden_since = clock.monotonic()
        self._unverified: list[StoredFragment] = []
        self._repair()

    @property
    def codec(self) -> Codec | None:
        """The parameters of its samples; None while it is empty."""
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
        if self.codec not in {None, fragment.codec}:
            return False
        return self.size < ROLL_BYTES or not fragment.samples[0].key

    def last_k(self, event: str) -> int:
        """The number of the event's last fragment in this file, -1 when there is none."""
        return max((stored.k for stored in self.events if stored.event == event), default=-1)

    def append(self, fragment: Fragment) -> bool:
        """Appends a fragment; False when it is there already (a record that came twice).

        Raises:
            Mismatch: `takes` would have said no.
        """
        if self.codec not in {None, fragment.codec}:
            raise Mismatch("other codec parameters than those of the file")
        if fragment.k <= self.last_k(fragment.event):
            return False
        state = self._state or self._create(fragment.codec)
        about = About(
            fragment.event,
            fragment.k,
            fragment.started.isoformat(),
            fragment.first_ms,
            # the first fragment of the file's every event can start a file of its own
            fragment.codec if self.last_k(fragment.event) < 0 else None,
        )
        at = state.end
        if state.shown == at:
            self._hidden_since = self._clock.monotonic()
        data = build(state.fragments + 1, state.clock, fragment.samples, fragment.body, about)
        self._file.write(data, at)
        number = state.fragments + 1
        stored = StoredFragment(
            at, at + data_offset(data), at + len(data), number, fragment.samples, about
        )
        state.count(stored)
        self._unverified.append(stored)
        self._keep_lasting(state)
        return True

    def finish_event(self) -> None:
        """An event is complete: shown now, or, when the last checkpoint is too near, synced now."""
        if not self.tick():
            self.sync()

    def tick(self) -> bool:
        """Shows what is not shown yet when a checkpoint is due; True when nothing is left."""
        state = self._state
        if state is None or state.shown >= state.end:
            return True
        if self._due():
            self.checkpoint()
        return state.shown >= state.end

    def shows(self, event: str) -> bool:
        """True when the current moov holds all of the event that is in the file."""
        shown = self._state.shown if self._state else 0
        return all(stored.end <= shown for stored in self.events if stored.event == event)

    def fragments(self, event: str) -> Iterator[StoredFragment]:
        """The event's fragments, read from the file and checked."""
        for stored in self.events:
            if stored.event == event:
                for item in walk(self.read, stored.at, stored.end, resync=True):
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
            if not any(True for _ in walk(self.read, fragment.at, fragment.end, resync=False)):
                raise StoreUnavailable(_OTHERWISE)
        self._unverified.clear()

    def checkpoint(self) -> None:
        """Makes everything appended part of what players see."""
        state = self._state
        if state is None:
            return
        self._checkpoint_at = self._clock.monotonic()
        state.generation += 1
        target = 1 - state.current
        content = daystate.slot_content(state, target)
        if len(content) > state.slots.size:
            target = 0
            content = self._grow(state, len(content))
        place = state.slots.slot(target)
        self._file.write(content, place)
        self.sync()  # first: data and table are on the medium
        self._file.forget_cached(place, len(content))
        if self.read(len(content), place) != content:
            raise StoreUnavailable(_OTHERWISE)
        state.current = target
        self._file.write(daystate.jump(state, self._first_slot), daystate.JUMP)
        self.sync()  # only then: the table is the current one
        state.shown = state.end
        self._checkpoint_size = len(content)

    def show_all(self) -> None:
        """Shows what is not shown yet, however near the last checkpoint is."""
        if self._state is not None and self._state.shown < self._state.end:
            self.checkpoint()

    def close(self, *, checkpoint: bool = True) -> None:
        """Closes the file, everything shown unless told otherwise."""
        try:
            if checkpoint:
                self.show_all()
        finally:
            self._file.close()

    def _due(self) -> bool:
        if self._checkpoint_at is None:
            return True
        pause = max(GAP, self._checkpoint_size / CHECKPOINT_RATE)
        return self._clock.monotonic() - self._checkpoint_at >= pause

    def _keep_lasting(self, state: DayState) -> None:
        """In the middle of an event: shows or syncs what was appended, now and then."""
        now = self._clock.monotonic()
        affordable = (state.end - state.shown) * LIVE_SHARE > self._checkpoint_size
        if now - self._hidden_since >= LIVE_AFTER and affordable and self._due():
            self.checkpoint()
        elif now - self._synced_at >= SYNC_EVERY:
            self.sync()

    def _grow(self, state: DayState, needed: int) -> bytes:
        """Appends a pair of larger slots and returns the content for its first one."""
        size = max(daystate.GROWTH * state.slots.size, 2 * needed)
        self._file.write(struct.pack(">I4s", 8 + 2 * size, b"free") + bytes(2 * size), state.end)
        state.slots = SlotPair(state.end + 8, size)
        state.end = state.slots.end
        return daystate.slot_content(state, 0)

    def _create(self, codec: Codec) -> DayState:
        pair = first_pair(self._first_slot)
        state = DayState(codec, pair, pair.end)
        self._write_head(state)
        self._file.write(daystate.slot_content(state, 0), pair.slot(0))
        self.sync()
        state.shown = state.end
        self._state = state
        return state

    def _write_head(self, state: DayState) -> None:
        self._file.write(daystate.head(state, self._first_slot), 0)

    def _repair(self) -> None:
        """Brings the file to what recovery has found."""
        state, found = self._state, self.recovery.found
        if state is None:
            self._file.truncate(0)
            return
        if found is Found.DATA:
            self._write_head(state)
        elif self._file.read(len(FTYP), 0) != FTYP:
            self._file.write(FTYP, 0)
        if self.recovery.cut or self._file.size < state.end:
            self._file.truncate(state.end)
        if self.recovery.tail or found is not Found.CHECKPOINT:
            self.checkpoint()
        elif self._file.dirty:
            self.sync()


def open_day_file(
    folder: int,
    name: str,
    clock: Clock,
    *,
    opener: Opener = open_data_file,
    first_slot: int = daystate.FIRST_SLOT,
) -> DayFile:
    """Opens or creates a day's file in an open folder, repaired if need be.

    What cannot be understood is never deleted: it is put aside as `NAME.damaged-N`.

    Raises:
        Locked: another process is writing it.
        OSError: what the file system says.
    """
    new = not exists(folder, name)
    file = opener(folder, name)
    try:
        if new:
            sync_folder(folder)
        recovery = recover(file.read, file.size, first_slot)
        if recovery.found is Found.DAMAGED:
            recovery = replace(recovery, aside=put_aside(folder, name))
            file.close()
            file = opener(folder, name)
            sync_folder(folder)
        if recovery.keep_cut and recovery.state is not None:
            aside = aside_name(folder, name)
            _copy_tail(file, recovery.state.end, folder, aside, opener)
            recovery = replace(recovery, aside=aside)
        return DayFile(file, recovery, clock, first_slot)
    except BaseException:
        file.close()
        raise


def put_aside(folder: int, name: str) -> str:
    """Renames what cannot be understood; its new name."""
    aside = aside_name(folder, name)
    os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
    return aside


def aside_name(folder: int, name: str) -> str:
    """The first free `NAME.damaged-N`."""
    number = 1
    while exists(folder, f"{name}.damaged-{number}"):
        number += 1
    return f"{name}.damaged-{number}"


def _copy_tail(file: DataFile, at: int, folder: int, name: str, opener: Opener) -> None:
    target = opener(folder, name)
    try:
        written = 0
        while piece := file.read(_COPY, at + written):
            target.write(piece, written)
            written += len(piece)
        target.sync()
    finally:
        target.close()
    sync_folder(folder)
