"""What a day's file knows of itself, and the bytes of its head. Pure.

    0    ftyp                  32 bytes
    32   jump                  16-byte head of a free or mdat box that reaches to the CURRENT moov
    48   free                  a pair of slots, each: moov | mdat of size 0 (to the end of the file)
    | note
         { moof mdat note }*   the data
         [ free                a larger pair of slots, when the moov has outgrown the old ones
         { moof mdat note }* ]

A player sees ftyp, something to skip, moov, mdat to the end: the most ordinary MP4 there is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import Any

from agent.storage.container.boxes import ReadAt, read_box
from agent.storage.container.fragments import (
    SlotPair,
    StoredFragment,
    compact,
    counted,
    read_note,
    sealed,
)
from agent.storage.container.h264 import Codec
from agent.storage.container.moov import FTYP, Chapter, SampleTable, ftyp, moov, parse_codec
from agent.storage.container.sound import SoundTable, to_list, track_of

JUMP = len(FTYP)
_JUMP = struct.Struct(">I4sQ")
CHAIN = JUMP + _JUMP.size
_LARGEST_SHORT = 0xFFFFFFFF
#: Bytes for a moov of some 8,000 frames; four times as many each time it becomes too small.
FIRST_SLOT = 128 * 1024
GROWTH = 4


@dataclass(slots=True)
class StoredEvent:
    """One event's place in the file; milliseconds on the file's clock, bytes from its start.

    Attributes:
        started: local start of the event, ISO 8601 with offset.
        first_ms: milliseconds since 1970, UTC, of its first picture.
        k: number of its last fragment.
    """

    event: str
    started: str
    first_ms: int
    position: int
    ms: int
    frames: int
    at: int
    end: int
    k: int


@dataclass(slots=True)
class Contents:
    """What a day's file of either format holds.

    Attributes:
        end: where the next fragment goes.
        clock: milliseconds that the file plays.
        shown: up to where players see it.
        fragments: number of the last fragment.
    """

    codec: Codec
    end: int
    clock: int = 0
    shown: int = 0
    fragments: int = 0
    events: list[StoredEvent] = field(default_factory=list)

    def count(self, fragment: StoredFragment) -> None:
        """Takes a fragment that lies in the file into account."""
        about = fragment.about
        if not self.events or self.events[-1].event != about.event:
            self.events.append(
                StoredEvent(
                    about.event, about.started, about.first_ms, self.clock, 0, 0, fragment.at, 0, 0
                )
            )
        event = self.events[-1]
        ms = sum(sample.ms for sample in fragment.samples)
        event.k = about.k
        event.ms += ms
        event.frames += len(fragment.samples)
        event.end = self.end = fragment.end
        self.clock += ms
        self.fragments = fragment.number


@dataclass(slots=True)
class DayState(Contents):
    """All that is needed to append to a day's MP4.

    Attributes:
        slots, current: the pair in use, and which of the two the jump leads to.
        generation: counts checkpoints.
    """

    slots: SlotPair = field(kw_only=True)
    current: int = 0
    generation: int = 0
    table: SampleTable = field(default_factory=SampleTable)
    sound: SoundTable | None = None

    def count(self, fragment: StoredFragment) -> None:
        """Takes a fragment that lies in the file into account."""
        base_ms = self.clock
        Contents.count(self, fragment)  # super() does not know classes with slots before 3.14
        self.table.add(fragment.data_at, fragment.samples)
        if fragment.sound is not None and self.codec.sound is not None:
            self.sound = self.sound or SoundTable(self.codec.sound.rate)
            self.sound.add(fragment.sound_at, base_ms, fragment.sound)

    @property
    def tracks(self) -> tuple[bytes, ...]:
        """Those other than the pictures'."""
        if self.sound is None or self.codec.sound is None:
            return ()
        return (self.sound.track(2, self.codec.sound),)


def head(state: DayState, first_slot: int) -> bytes:
    """The first bytes of a file with empty slots: zeros, not holes, so that the space is sure."""
    free = struct.pack(">I4s", 8 + 2 * first_slot, b"free") + bytes(2 * first_slot)
    return ftyp(state.codec) + jump(state, first_slot) + free


def first_pair(first_slot: int) -> SlotPair:
    """The pair of slots in the head."""
    return SlotPair(CHAIN + 8, first_slot)


def jump(state: DayState, first_slot: int) -> bytes:
    """The 16 bytes at `JUMP` that make the current slot the current one.

    A later pair of slots lies behind data, so there the box is an mdat.
    """
    to = state.slots.slot(state.current)
    kind = b"free" if to < first_pair(first_slot).end else b"mdat"
    # a size of 64 bits only where it has to be: not every reader takes one of any box
    size = to - JUMP
    return _JUMP.pack(size, kind, 0) if size <= _LARGEST_SHORT else _JUMP.pack(1, kind, size)


def slot_content(state: DayState, index: int) -> bytes:
    """What goes into slot `index`: moov, header of the mdat, and the note that proves them."""
    chapters = [Chapter(event.position, event.started[11:19]) for event in state.events]
    head = moov(state.codec, state.table, state.clock, chapters, state.tracks)
    visible = head + struct.pack(">I4s", 0, b"mdat")
    content: dict[str, Any] = {
        "generation": state.generation,
        "fragments": state.fragments,
        "clock": state.clock,
        "end": state.end,
        "slots": [state.slots.at, state.slots.size],
        "current": index,
    }
    if state.codec.sound is not None:
        reaches = state.sound or SoundTable(state.codec.sound.rate)
        content["sound"] = [*to_list(state.codec.sound), reaches.start, reaches.clock]
    # one event at a time: JSON's encoder makes a string of every number, and keeps them all
    events = ",".join(
        compact([e.event, e.started, e.first_ms, e.position, e.ms, e.frames, e.at, e.end, e.k])
        for e in state.events
    )
    text = f'{compact(content)[:-1]},"events":[{events}]}}'
    return visible + sealed(visible, text.encode())


def read_jump(read: ReadAt) -> int | None:
    """Where the current slot begins, or None when the jump is damaged."""
    data = read(_JUMP.size, JUMP)
    if len(data) < _JUMP.size:
        return None
    size, kind, length = _JUMP.unpack(data)
    length = length if size == 1 else size
    return JUMP + length if length >= _JUMP.size and kind in {b"free", b"mdat"} else None


def read_slot(read: ReadAt, at: int, end: int) -> DayState | None:
    """The state in the slot at `at`, or None when it is not whole."""
    found = read_box(read, at, end)
    if found is None or found.kind != b"moov":
        return None
    noted = read_note(read, found.end + 8, end, at)
    if noted is None:
        return None
    try:
        return _parse(read(found.end - at, at), noted[1])
    except (ValueError, LookupError, TypeError, AttributeError, struct.error):
        return None


def _parse(data: bytes, content: dict[str, Any]) -> DayState:
    at, size = content["slots"]
    codec, sound = parse_codec(data), None
    if "sound" in content:
        *track, start, clock = content["sound"]
        codec = replace(codec, sound=track_of(*track))
        reach = counted(start), counted(clock)
        sound = SoundTable.parse(data, 2, codec.sound.rate if codec.sound else 0, *reach)
    state = DayState(
        codec=codec,
        slots=SlotPair(counted(at), counted(size)),
        end=counted(content["end"]),
        current=counted(content["current"]),
        clock=counted(content["clock"]),
        shown=content["end"],
        fragments=counted(content["fragments"]),
        generation=counted(content["generation"]),
        events=[_parse_event(*event) for event in content["events"]],
        table=SampleTable.parse(data),
        sound=sound,
    )
    if state.current not in {0, 1}:
        raise ValueError("there are two slots")
    return state


def _parse_event(event: str, started: str, *numbers: int) -> StoredEvent:
    return StoredEvent(str(event), str(started), *map(counted, numbers))
