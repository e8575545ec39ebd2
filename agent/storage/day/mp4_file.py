"""One MP4 a day that is appended to and plays at every moment, after any kill or power cut.

Append: a fragment is written at the end. Checkpoint: the new moov goes into the slot that is not
the current one, both are synced, then one 16-byte write makes it the current one. No byte that a
current moov refers to ever changes. After an OSError the object is of no use: open the file again,
which repairs it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from agent.core.errors import StoreUnavailable
from agent.runtime.clock import Clock
from agent.storage.container.fragments import (
    About,
    SlotPair,
    StoredFragment,
    build,
    data_offset,
    walk,
)
from agent.storage.container.h264 import Codec
from agent.storage.container.moov import FTYP, ftyp
from agent.storage.day import checkpoint
from agent.storage.day.checkpoint import DayState, first_pair
from agent.storage.day.day_part import OTHERWISE, DayPart
from agent.storage.day.recovery import Found, Recovery, recover
from agent.storage.filesystem.files import DataFile, exists, open_data_file, sync_folder
from agent.storage.records import Fragment

#: A player that is still reading a moov must not see its slot rewritten; slots alternate, so it has
#: 10-20 s.
GAP = 10.0
#: Bytes per second that checkpoints may write on average: flash wears out (RECORDING: 13.4 GB a day
#: without).
CHECKPOINT_RATE = 50_000
#: Players see a long event while it runs: the part older than this number of seconds. The
#: checkpoint for it may cost at most this part of the bytes recorded since the last one.
LIVE_AFTER = 30.0
LIVE_SHARE = 0.25
_COPY = 1 << 20

Opener = Callable[[int, str], DataFile]


class DayFile(DayPart[DayState]):
    """An open day's MP4; `open_day_file` makes one."""

    def __init__(
        self,
        file: DataFile,
        recovery: Recovery,
        clock: Clock,
        first_slot: int = checkpoint.FIRST_SLOT,
    ) -> None:
        super().__init__(file, clock)
        self.recovery = recovery
        self._state = recovery.state
        self._first_slot = first_slot
        self._checkpoint_at: float | None = None
        self._checkpoint_size = 0
        self._hidden_since: float | None = None
        self._owed = False  # an event is complete and not shown yet
        self._repair()

    def finish_event(self) -> None:
        """An event is complete: shown now, or, when the last checkpoint is too near, synced now."""
        self._owed = True
        if not self.tick():
            self.sync()

    def tick(self) -> bool:
        """Shows the event that is owed when a checkpoint is due; True when nothing is left.

        A running event is not: each checkpoint writes the table of the whole day.
        """
        state = self._state
        if state is None or state.shown >= state.end:
            return True
        if self._owed and self._due():
            self.checkpoint()
        elif not self.durable:
            super()._keep_lasting()
        return state.shown >= state.end

    def checkpoint(self) -> None:
        """Makes everything appended part of what players see."""
        state = self._state
        if state is None:
            return
        self._checkpoint_at = self._clock.monotonic()
        state.generation += 1
        target = 1 - state.current
        content = checkpoint.slot_content(state, target)
        if len(content) > state.slots.size:
            target = 0
            content = self._grow(state, len(content))
        place = state.slots.slot(target)
        self._file.write(content, place)
        self.sync()  # first: data and table are on the medium
        self._file.forget_cached(place, len(content))
        for at in range(0, len(content), _COPY):
            if self.read(_COPY, place + at)[: len(content) - at] != content[at : at + _COPY]:
                raise StoreUnavailable(OTHERWISE)
        state.current = target
        self._file.write(checkpoint.jump(state, self._first_slot), checkpoint.JUMP)
        self.sync()  # only then: the table is the current one
        state.shown = state.end
        self._hidden_since, self._owed = None, False
        self._checkpoint_size = len(content)

    def show_all(self) -> None:
        """Shows what is not shown yet, however near the last checkpoint is."""
        if self._state is not None and self._state.shown < self._state.end:
            self.checkpoint()

    def _due(self) -> bool:
        if self._checkpoint_at is None:
            return True
        pause = max(GAP, self._checkpoint_size / CHECKPOINT_RATE)
        return self._clock.monotonic() - self._checkpoint_at >= pause

    def _keep_lasting(self) -> None:
        """In the middle of an event: shows what was appended, or at least syncs it."""
        now = self._clock.monotonic()
        if self._hidden_since is None:
            self._hidden_since = now
        hidden = self._state.end - self._state.shown if self._state else 0
        affordable = hidden * LIVE_SHARE > self._checkpoint_size
        if now - self._hidden_since >= LIVE_AFTER and affordable and self._due():
            self.checkpoint()
        else:
            super()._keep_lasting()

    def _grow(self, state: DayState, needed: int) -> bytes:
        """Appends a pair of larger slots and returns the content for its first one."""
        size = max(checkpoint.GROWTH * state.slots.size, 2 * needed)
        self._file.write(struct.pack(">I4s", 8 + 2 * size, b"free") + bytes(2 * size), state.end)
        state.slots = SlotPair(state.end + 8, size)
        state.end = state.slots.end
        return checkpoint.slot_content(state, 0)

    def _create(self, codec: Codec) -> DayState:
        pair = first_pair(self._first_slot)
        state = DayState(codec, pair.end, slots=pair)
        self._write_head(state)
        self._file.write(checkpoint.slot_content(state, 0), pair.slot(0))
        self.sync()
        state.shown = state.end
        return state

    def _build(
        self, number: int, base_ms: int, fragment: Fragment, about: About
    ) -> tuple[bytes, int]:
        data = build(number, base_ms, fragment.samples, fragment.body, about, fragment.sound)
        return data, data_offset(data)

    def _walk(self, at: int, end: int, *, resync: bool) -> Iterator[StoredFragment | SlotPair]:
        return walk(self.read, at, end, resync=resync)

    def _write_head(self, state: DayState) -> None:
        self._file.write(checkpoint.head(state, self._first_slot), 0)

    def _repair(self) -> None:
        """Brings the file to what recovery has found."""
        state, found = self._state, self.recovery.found
        if state is None:
            self._file.truncate(0)
            return
        if found is Found.DATA:
            self._write_head(state)
        elif self._file.read(len(FTYP), 0) != ftyp(state.codec):
            self._file.write(ftyp(state.codec), 0)
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
    first_slot: int = checkpoint.FIRST_SLOT,
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
