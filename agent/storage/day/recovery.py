"""What a day's file still holds after a kill, a power cut or damage: found by reading only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.storage.container.boxes import ReadAt
from agent.storage.container.fragments import SlotPair, StoredFragment, walk
from agent.storage.container.moov import FTYP, KNOWN_FTYPS
from agent.storage.day.checkpoint import (
    CHAIN,
    DayState,
    first_pair,
    read_jump,
    read_slot,
)


class Found(StrEnum):
    """Where the state came from."""

    EMPTY = "empty"
    CHECKPOINT = "checkpoint"  # the regular way: the jump leads to a whole slot
    SLOTS = "slots"  # the jump is damaged, a slot is whole
    REBUILT = "rebuilt"  # the slot speaks of bytes that are gone
    DATA = "data"  # the head is destroyed: everything from the notes of the fragments
    DAMAGED = "damaged"  # nothing of ours could be read


_WORDS = {
    Found.SLOTS: "the way to the table was damaged, the newest whole table is used",
    Found.REBUILT: "bytes that the table speaks of are gone, what is whole is kept",
    Found.DATA: "the head was destroyed, rebuilt from the fragments",
    Found.DAMAGED: "nothing in it could be read",
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """The outcome.

    Attributes:
        state: None when there is nothing to go on with.
        found: how the state was found.
        tail: whole fragments behind the last checkpoint.
        cut: bytes behind the last whole fragment, to be cut off.
        keep_cut: True when among these bytes is a whole fragment: they are damage, not a torn end,
            and
            have to be put aside first.
        aside: where to damaged bytes were put.
    """

    state: DayState | None
    found: Found
    tail: int = 0
    cut: int = 0
    keep_cut: bool = False
    aside: str | None = None

    @property
    def lossless(self) -> bool:
        """True when nothing is missing but what a kill may cost: a fragment that was not whole."""
        return self.aside is None and self.found in {Found.EMPTY, Found.CHECKPOINT}

    @property
    def text(self) -> str | None:
        """What was found and what was lost, for people; None when there is nothing to tell."""
        if self.lossless and not self.cut and not self.tail:
            return None
        words = [_WORDS[self.found]] if self.found in _WORDS else []
        if self.tail:
            words.append(f"{self.tail} fragments not yet shown are kept")
        if self.cut:
            words.append(f"{self.cut} bytes behind the last whole fragment are cut off")
        if self.aside:
            words.append(f"what could not be read is in {self.aside}")
        return "; ".join(words)


def recover(read: ReadAt, size: int, first_slot: int) -> Recovery:
    """Finds out what a file of `size` bytes holds.

    Every whole fragment before the first torn byte is kept; with a destroyed head or table also
    those behind damage in the middle.
    """
    if size == 0 or _unborn(read, size, first_slot):
        return Recovery(None, Found.EMPTY, cut=size)
    state, found = _from_slots(read, size)
    if state is None or state.end > size:
        rebuilt = _from_data(read, size, first_slot, state)
        if rebuilt is None:
            return Recovery(None, Found.DAMAGED)
        kept = Found.DATA if state is None else Found.REBUILT
        return Recovery(rebuilt, kept, rebuilt.fragments, max(0, size - rebuilt.end))
    tail = 0
    for item in walk(read, state.end, size, resync=False):
        tail += _take(state, item)
    cut = size - state.end
    keep = cut > 0 and any(True for _ in walk(read, state.end, size, resync=True))
    return Recovery(state, found, tail, cut, keep)


def _unborn(read: ReadAt, size: int, first_slot: int) -> bool:
    """True for what a power cut leaves of a file that has never held a fragment."""
    if size > first_pair(first_slot).end:
        return False
    data = read(size, 0)
    begins = data[: len(FTYP)] in {each[:size] for each in KNOWN_FTYPS}
    return (begins and _from_slots(read, size)[0] is None) or not any(data)


def _from_slots(read: ReadAt, size: int) -> tuple[DayState | None, Found]:
    """The current state, or the newest of any whole slot when the jump leads nowhere."""
    at = read_jump(read)
    state = read_slot(read, at, size) if at is not None else None
    if state is not None:
        return state, Found.CHECKPOINT
    newest: DayState | None = None
    for item in walk(read, CHAIN, size, resync=False):
        if isinstance(item, SlotPair):
            for index in (0, 1):
                other = read_slot(read, item.slot(index), size)
                if other and (newest is None or other.generation > newest.generation):
                    newest = other
    return newest, Found.SLOTS


def _from_data(read: ReadAt, size: int, first_slot: int, known: DayState | None) -> DayState | None:
    """The state, counted again from all fragments; the codec from a slot or the first one."""
    pair = first_pair(first_slot)
    state: DayState | None = None
    if known is not None:
        state = DayState(known.codec, pair.end, slots=pair, generation=known.generation)
    for item in walk(read, pair.end, size, resync=True):
        if state is None:
            codec = item.about.codec if isinstance(item, StoredFragment) else None
            if codec is None:
                continue  # before the first fragment that says how to read it
            state = DayState(codec, pair.end, slots=pair)
        _take(state, item)
    return state


def _take(state: DayState, item: StoredFragment | SlotPair) -> int:
    """Counts what was walked over; 1 for a fragment."""
    if isinstance(item, SlotPair):
        state.slots, state.end = item, item.end
        return 0
    state.count(item)
    return 1
