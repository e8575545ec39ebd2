"""Every byte of a day's file against the checksums in it. Reads only; the file may be growing."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from agent.storage.container import matroska
from agent.storage.container.boxes import ReadAt, read_box
from agent.storage.container.fragments import SlotPair, StoredFragment, walk
from agent.storage.container.moov import FTYP, KNOWN_FTYPS
from agent.storage.day import checkpoint
from agent.storage.day.checkpoint import CHAIN, DayState, read_jump, read_slot

_PIECE = 1 << 20
#: No day's file is larger: it goes on in the next part before.
MOST_BYTES = 1 << 32
#: Fragments and pictures of a day's file; a real one has a tenth.
_MOST_ITEMS = 1_000_000
_MOST_SAMPLES = 20_000_000
#: Bytes that may be read for each byte of the file, and for the file itself; each read counts.
_READS = 16
_READ_AT_LEAST = 256 << 20
_READ_COSTS = 2048
#: What code that reads a file may raise at what somebody made up.
_MADE_UP = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


class _TooMuch(ValueError):
    """Reading it would take too long: it was made for that."""


@dataclass(slots=True)
class DayCheck:
    """What was found; `events` has (id, position in ms, length in ms) of each stretch."""

    damaged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    events: set[tuple[str, int, int]] = field(default_factory=set)


def check_film(name: str, read: ReadAt, size: int) -> DayCheck:
    """Checks a day's file of either format, with any content, within a bound of work."""
    left = _READS * size + _READ_AT_LEAST

    def counted(wanted: int, at: int) -> bytes:
        """Reads, and ends the check when reading costs too much."""
        nonlocal left
        left -= max(min(wanted, size), _READ_COSTS)
        if left < 0:
            raise _TooMuch("reading it takes longer than any that is written")
        return read(min(wanted, size), at) if 0 <= at < size and wanted > 0 else b""

    try:
        return (check_mkv if name.endswith(".mkv") else check_mp4)(counted, size)
    except _MADE_UP as error:
        words = str(error) if isinstance(error, _TooMuch) else type(error).__name__
        return DayCheck(damaged=[f"cannot be understood: {words}"])


class _Count:
    """Bounds what is held of a file."""

    def __init__(self) -> None:
        self._items = self._samples = 0

    def take(self, item: StoredFragment | SlotPair) -> None:
        """Counts one more part; raises `_TooMuch` when there are too many."""
        self._items += 1
        self._samples += len(item.samples) if isinstance(item, StoredFragment) else 0
        if self._items > _MOST_ITEMS or self._samples > _MOST_SAMPLES:
            raise _TooMuch("it has more parts than any that is written")


def check_mp4(read: ReadAt, size: int) -> DayCheck:
    """Checks head, jump, both slots of every pair, and all fragments of an MP4."""
    check = DayCheck()
    at = read_jump(read)
    shown = read_slot(read, at, size) if at is not None else None
    if read(len(FTYP), 0) not in KNOWN_FTYPS or at is None:
        check.damaged.append("its first 48 bytes are damaged")
    elif shown is None:
        check.damaged.append("its table is damaged")
    counted: DayState | None = None
    if shown is not None:
        pair = checkpoint.first_pair(_first_size(read))
        counted = DayState(shown.codec, CHAIN, slots=pair)
    end = CHAIN
    slots: list[str] = []
    count = _Count()
    for item in walk(read, CHAIN, size, resync=True):
        count.take(item)
        if item.end and _start(item) != end:
            check.damaged.append(f"bytes {end} to {_start(item)} are not what was written")
        end = item.end
        if isinstance(item, SlotPair):
            slots += _slots_damaged(read, item, size)
        elif counted is not None:
            counted.count(item)
    if counted is not None and shown is not None:
        _compare(counted, shown, end, check)
    # a kill in the middle of a checkpoint leaves a torn slot, and always something not shown yet
    closed = shown is not None and size == shown.end
    (check.damaged if closed else check.notes).extend(slots)
    if end < size:
        unshown = shown is None or end >= shown.end
        words = f"{size - end} bytes behind the last whole fragment"
        (check.notes if unshown else check.damaged).append(f"{words} (being written, or cut off)")
    return check


def check_mkv(read: ReadAt, size: int) -> DayCheck:
    """Checks mark and all clusters of a Matroska file of original pictures."""
    check = DayCheck()
    begin = read(matroska.HEAD_BYTES, 0)
    marked = matroska.marked_end(begin)
    end = matroska.HEAD_BYTES
    ms = 0
    ms_at_mark = 0
    stretches: list[tuple[str, int, int]] = []
    codec = None
    count = _Count()
    for item in matroska.walk(read, end, size, resync=True):
        count.take(item)
        if item.at != end:
            check.damaged.append(f"bytes {end} to {item.at} are not what was written")
        end = item.end
        codec = codec or item.about.codec
        length = sum(sample.ms for sample in item.samples)
        if stretches and stretches[-1][0] == item.about.event:
            event, position, before = stretches.pop()
            stretches.append((event, position, before + length))
        else:
            stretches.append((item.about.event, ms, length))
        ms += length
        ms_at_mark = ms if end == marked else ms_at_mark
    check.events.update(stretches)
    if marked is None or codec is None or begin != matroska.head(codec, ms_at_mark, marked):
        check.damaged.append("its head is damaged")
    if marked is not None and end < marked:
        check.damaged.append(f"bytes {end} to {marked} are gone or damaged")
    elif end < size:
        check.notes.append(f"{size - end} bytes are not whole yet (being written, or cut off)")
    return check


def _first_size(read: ReadAt) -> int:
    """The size of one slot in the head, from the box that holds the pair."""
    return (int.from_bytes(read(4, CHAIN), "big") - 8) // 2


def _start(item: StoredFragment | SlotPair) -> int:
    return item.at - 8 if isinstance(item, SlotPair) else item.at


def _slots_damaged(read: ReadAt, pair: SlotPair, size: int) -> list[str]:
    """Each slot holds a whole table and nothing behind it, or has never been used; else why not."""
    damaged = []
    for index in (0, 1):
        at = pair.slot(index)
        state = read_slot(read, at, size)
        used = 0 if state is None else _slot_length(read, at, size)
        rest = (read(min(_PIECE, pair.size - n), at + n) for n in range(used, pair.size, _PIECE))
        if any(any(piece) for piece in rest):
            damaged.append(f"slot {index} at {at} is damaged")
    return damaged


def _slot_length(read: ReadAt, at: int, size: int) -> int:
    moov = read_box(read, at, size)
    noted = read_box(read, moov.end + 8, size) if moov else None
    return noted.end - at if noted else 0


def _compare(counted: DayState, shown: DayState, end: int, check: DayCheck) -> None:
    """The table against the fragments that are there, as far as it is said to reach."""
    check.events.update((e.event, e.position, e.ms) for e in counted.events)
    if end < shown.end:
        check.damaged.append(f"bytes {end} to {shown.end} are gone or damaged")
        return
    if end > shown.end:
        check.notes.append(f"{end - shown.end} whole bytes are not shown yet")
    known = [(e.event, e.position, e.at) for e in counted.events[: len(shown.events)]]
    if known != [(e.event, e.position, e.at) for e in shown.events]:
        check.damaged.append("its table does not tell what is in it")
