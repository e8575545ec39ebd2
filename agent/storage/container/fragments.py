"""The unit that the day's file grows by: moof, mdat, a note with a checksum; the walk over them.

Players never see any of it (it lies inside one big mdat): it is for recovery, which believes
nothing whose checksum is wrong.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.storage.container.boxes import (
    BadBox,
    Box,
    ReadAt,
    box,
    children,
    find,
    full_box,
    read_box,
)
from agent.storage.container.h264 import KINDS, TURNS, Codec
from agent.storage.container.moov import Sample
from agent.storage.container.sound import SoundRun, run_of, to_list, track_of

_NOTE = b"surveillancenote"  # 16 bytes: the extended type of our uuid box
# sample flags, ISO/IEC 14496-12 section 8.8.3.1: depends on no other / on others and is no sync
# sample
_KEY = 0x02000000
_DELTA = 0x01010000
_NOT_SYNC = 0x00010000
_TRUN = 0x701  # data offset; duration, size and flags of each sample
_SHIFTED = 0x800  # and when it is shown
_SOUND_TRUN = 0x301  # data offset; duration and size of each unit
#: A fragment is about one second; a larger box is damage, not data.
_LARGEST = 64 << 20
#: Its table has twelve bytes for a picture; what a note says is text.
_LARGEST_TABLE = 1 << 20
_LARGEST_TEXT = 16 << 20
_CHUNK = 1 << 20
#: Bounds what a note can say: milliseconds until the year 6429, bytes of any file.
_MOST = 1 << 47


@dataclass(frozen=True, slots=True)
class About:
    """What a fragment's note says.

    Attributes:
        event, k: which fragment of which event; the pair is unique.
        started: local start of the event, ISO 8601 with offset.
        first_ms: milliseconds since 1970, UTC, of its first picture.
        codec: in every fragment that begins an event, so that the data alone can be read.
        sound: ticks from the first picture to the first unit of sound; None: there is none.
    """

    event: str
    k: int
    started: str
    first_ms: int
    codec: Codec | None = None
    sound: int | None = None


@dataclass(frozen=True, slots=True)
class StoredFragment:
    """A whole fragment in a file: from `at` to `end`, its samples from `data_at`.

    Its sound lies behind its pictures.
    """

    at: int
    data_at: int
    end: int
    number: int
    samples: tuple[Sample, ...]
    about: About
    sound: SoundRun | None = None

    @property
    def sound_at(self) -> int:
        """Where its sound begins."""
        return self.data_at + sum(sample.size for sample in self.samples)


@dataclass(frozen=True, slots=True)
class SlotPair:
    """Two places of `size` bytes, side by side from `at`, that take turns in holding the moov."""

    at: int
    size: int

    def slot(self, index: int) -> int:
        """Where slot 0 or 1 begins."""
        return self.at + index * self.size

    @property
    def end(self) -> int:
        """The first byte behind both."""
        return self.at + 2 * self.size


def build(
    number: int,
    base_ms: int,
    samples: Sequence[Sample],
    data: bytes,
    about: About,
    sound: SoundRun | None = None,
) -> bytes:
    """A fragment ready to be appended: moof, mdat, note.

    Args:
        number: counts the file's fragments from 1.
        base_ms: the file's clock at the first sample.
        samples: in order; their sizes and those of the sound add up to `data`.
        data: the samples themselves, and behind them the sound.
        about: goes into the note.
        sound: with the pictures.
    """
    moof = _moof(number, base_ms, samples, 0, sound)
    moof = _moof(number, base_ms, samples, len(moof) + 8, sound)
    whole = moof + struct.pack(">I4s", 8 + len(data), b"mdat") + data
    return whole + note(whole, to_json(about))


def data_offset(fragment: bytes) -> int:
    """Where the samples begin in what `build` has returned."""
    (moof,) = struct.unpack_from(">I", fragment)
    return int(moof) + 8


def compact(content: object) -> str:
    """JSON without blanks."""
    return json.dumps(content, separators=(",", ":"))


def note(covered: bytes, content: dict[str, Any]) -> bytes:
    """A box with the checksum of the bytes right before it, and something to remember."""
    return sealed(covered, compact(content).encode())


def sealed(covered: bytes, text: bytes) -> bytes:
    """As `note`, of JSON."""
    return box(b"uuid", _NOTE, struct.pack(">II", zlib.crc32(covered), len(covered)), text)


def read_note(read: ReadAt, at: int, end: int, covered_from: int) -> tuple[int, Any] | None:
    """(end of the note, its content) if a whole note at `at` covers `covered_from`..`at`."""
    found = read_box(read, at, end)
    if found is None or found.kind != b"uuid" or not 32 <= found.end - at <= _LARGEST_TEXT:
        return None
    data = read(found.end - at, at)
    crc, length = struct.unpack_from(">II", data, 24)
    if data[8:24] != _NOTE or length != at - covered_from or length > _LARGEST:
        return None
    if checksum(read, covered_from, at) != crc:
        return None
    try:
        return found.end, json.loads(data[32:])
    except (ValueError, RecursionError):
        return None


def walk(read: ReadAt, at: int, end: int, *, resync: bool) -> Iterator[StoredFragment | SlotPair]:
    """The whole fragments and slot pairs from `at` on, in order.

    Without `resync` it stops at the first byte that is not right; with it, the next whole fragment
    behind the damage is looked for.
    """
    while at < end:
        item = _read_item(read, at, end)
        if item is None and resync:
            item = _next_item(read, at + 1, end)
        if item is None:
            return
        at = item.end
        yield item


def _read_item(read: ReadAt, at: int, end: int) -> StoredFragment | SlotPair | None:
    found = read_box(read, at, end)
    if found is None:
        return None
    if found.kind == b"free" and found.end - found.body > 64:
        return SlotPair(found.body, (found.end - found.body) // 2)
    if found.kind == b"moof" and found.end - at <= _LARGEST_TABLE:
        return _read_fragment(read, found, end)
    return None


def _read_fragment(read: ReadAt, moof: Box, end: int) -> StoredFragment | None:
    mdat = read_box(read, moof.end, end)
    if mdat is None or mdat.kind != b"mdat":
        return None
    noted = read_note(read, mdat.end, end, moof.start)
    if noted is None:
        return None
    try:
        number, samples, units = _parse_moof(read(moof.end - moof.start, moof.start))
        about = from_json(noted[1])
        sound = None if about.sound is None else run_of(about.sound, units)
    except (struct.error, ValueError, LookupError, TypeError, AttributeError):
        return None
    return StoredFragment(moof.start, mdat.body, noted[0], number, samples, about, sound)


def _next_item(read: ReadAt, at: int, end: int) -> StoredFragment | None:
    """The first whole fragment that begins at or behind `at`, at any distance."""
    while at < end:
        piece = read(_CHUNK, at)
        where = piece.find(b"moof")
        while where >= 0:
            start = at + where - 4  # the size stands before the kind
            item = _read_item(read, start, end)
            if isinstance(item, StoredFragment):
                return item
            where = piece.find(b"moof", where + 1)
        if len(piece) < _CHUNK:
            return None
        at += _CHUNK - 3  # the word may lie across two pieces
    return None


def checksum(read: ReadAt, at: int, end: int) -> int:
    """The CRC-32 of the bytes from `at` to `end`."""
    crc = 0
    while at < end:
        piece = read(min(_CHUNK, end - at), at)
        if not piece:
            break
        crc = zlib.crc32(piece, crc)
        at += len(piece)
    return crc


def _moof(
    number: int, base_ms: int, samples: Sequence[Sample], offset: int, sound: SoundRun | None
) -> bytes:
    shifted = any(sample.shift for sample in samples)
    entries = b"".join(
        struct.pack(">III", sample.ms, sample.size, _KEY if sample.key else _DELTA)
        + (struct.pack(">i", sample.shift) if shifted else b"")
        for sample in samples
    )
    version, flags = (1, _TRUN | _SHIFTED) if shifted else (0, _TRUN)
    traf = box(
        b"traf",
        full_box(b"tfhd", 0, 0x020000, struct.pack(">I", 1)),  # offsets count from the moof
        full_box(b"tfdt", 1, 0, struct.pack(">Q", base_ms)),
        full_box(b"trun", version, flags, struct.pack(">Ii", len(samples), offset), entries),
    )
    mfhd = full_box(b"mfhd", 0, 0, struct.pack(">I", number))
    if sound is None:
        return box(b"moof", mfhd, traf)
    at = offset + sum(sample.size for sample in samples)
    units = b"".join(struct.pack(">II", unit.ticks, unit.size) for unit in sound.samples)
    beside = box(
        b"traf",
        full_box(b"tfhd", 0, 0x020000, struct.pack(">I", 2)),
        full_box(b"trun", 0, _SOUND_TRUN, struct.pack(">Ii", len(sound.samples), at), units),
    )
    return box(b"moof", mfhd, traf, beside)


def _parse_moof(moof: bytes) -> tuple[int, tuple[Sample, ...], list[tuple[int, int]]]:
    """Number, samples, and size and ticks of each unit of sound."""
    (number,) = struct.unpack_from(">I", moof, find(moof, b"moof", b"mfhd").body + 4)
    trun = find(moof, b"moof", b"traf", b"trun")
    about, count = struct.unpack_from(">II", moof, trun.body)
    at = trun.body + 12
    shape = struct.Struct(">IIIi" if about & _SHIFTED else ">III")
    if at + shape.size * count != trun.end:
        raise BadBox("trun of another shape")
    samples = tuple(
        Sample(size, ms, not flags & _NOT_SYNC, shift[0] if shift else 0)
        for ms, size, flags, *shift in shape.iter_unpack(moof[at : trun.end])
    )
    return number, samples, _units(moof)


def _units(moof: bytes) -> list[tuple[int, int]]:
    whole = find(moof, b"moof")
    trafs = [it for it in children(moof, whole.body, whole.end) if it.kind == b"traf"]
    if len(trafs) < 2:
        return []
    beside = moof[trafs[1].start : trafs[1].end]
    trun = find(beside, b"traf", b"trun")
    about, count = struct.unpack_from(">II", beside, trun.body)
    at = trun.body + 12
    if about != _SOUND_TRUN or at + 8 * count != trun.end:
        raise BadBox("trun of another shape")
    return [(size, ticks) for ticks, size in struct.iter_unpack(">II", beside[at : trun.end])]


def to_json(about: About) -> dict[str, Any]:
    """What is kept of it in a note."""
    content: dict[str, Any] = {
        "event": about.event,
        "k": about.k,
        "started": about.started,
        "first_ms": about.first_ms,
    }
    if about.codec is not None:
        codec = about.codec
        content["codec"] = [codec.avcc.hex(), codec.width, codec.height]
        if (codec.kind, codec.turn, codec.sound) != ("avc1", 0, None):
            content["codec"] += [codec.kind, codec.turn]
        if codec.sound is not None:
            content["codec"] += to_list(codec.sound)
    if about.sound is not None:
        content["sound"] = about.sound
    return content


def from_json(content: dict[str, Any]) -> About:
    """The reverse of `to_json`.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    codec = content.get("codec")
    return About(
        str(content["event"]),
        counted(content["k"]),
        str(content["started"]),
        counted(content["first_ms"]),
        _codec(*codec) if codec else None,
        content.get("sound"),
    )


def _codec(
    config: str,
    width: int,
    height: int,
    kind: str = "avc1",
    turn: int = 0,
    *sound: object,
) -> Codec:
    if kind not in KINDS or turn not in TURNS:
        raise ValueError("parameters that the agent does not write")
    track = track_of(*sound) if sound else None
    return Codec(bytes.fromhex(config), counted(width), counted(height), kind, turn, track)


def counted(value: object) -> int:
    """A number that was read from a note, which anybody may have written.

    Raises:
        ValueError: it is no whole number from 0 to `_MOST`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise ValueError("not a number that the agent writes")
    return value
