"""The head of an ordinary MP4 with one H.264 track: sample tables, moov, chapters. Pure bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from agent.storage.container.boxes import BadBox, box, find, full_box
from agent.storage.container.h264 import Codec

#: Ticks per second, so that all times in the file are milliseconds; a day has 86.4e6 of them: 32
#: bits do.
TIMESCALE = 1000
#: `isom` etc.: ISO/IEC 14496-12 brands that each reader knows (`iso5` is for fragments, of which a
#: reader sees none); `avc1` says H.264 with parameter sets in the head.
FTYP = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
#: What files of earlier versions begin with; they are given the new one when they are opened.
FORMER_FTYP = box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6mp41avc1")
#: A chapter list has an 8-bit count (Nero's `chpl`, as FFmpeg reads and writes it).
CHAPTERS = 255

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_STBL = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_UNDEFINED_LANGUAGE = 0x55C4  # "und", 14496-12 section 8.4.2.3


class Sample(NamedTuple):
    """One picture in a table: bytes, milliseconds shown, and can decoding start here."""

    size: int
    ms: int
    key: bool


class Chapter(NamedTuple):
    """A named place in the file."""

    ms: int
    name: str


class SampleTable:
    """The tables of a moov, kept as they lie on disk: a checkpoint is mere concatenation.

    One fragment is one chunk. 16 bytes per frame at most, and none of them is touched again.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._durations = bytearray()  # stts: runs of (count, ms)
        self._sizes = bytearray()  # stsz
        self._keys = bytearray()  # stss
        self._runs = bytearray()  # stsc: (first chunk, samples per chunk, description)
        self._offsets = bytearray()  # co64

    def add(self, offset: int, samples: Sequence[Sample]) -> None:
        """Adds a chunk whose first byte lies at `offset` in the file."""
        self._offsets += struct.pack(">Q", offset)
        if not self._runs or self._last(self._runs, 12)[1] != len(samples):
            self._runs += struct.pack(">III", len(self._offsets) // 8, len(samples), 1)
        for sample in samples:
            self.samples += 1
            self._sizes += struct.pack(">I", sample.size)
            if sample.key:
                self._keys += struct.pack(">I", self.samples)
            self._add_duration(sample.ms)

    def moved(self, by: int) -> SampleTable:
        """The same tables with every chunk `by` bytes further."""
        other = SampleTable()
        other.samples = self.samples
        other._durations, other._sizes = self._durations, self._sizes
        other._keys, other._runs = self._keys, self._runs
        for (offset,) in struct.iter_unpack(">Q", self._offsets):
            other._offsets += struct.pack(">Q", offset + by)
        return other

    def boxes(self) -> tuple[bytes, ...]:
        """The tables as boxes: stts, stss, stsc, stsz, co64."""
        return (
            _counted(b"stts", self._durations, 8),
            _counted(b"stss", self._keys, 4),
            _counted(b"stsc", self._runs, 12),
            full_box(b"stsz", 0, 0, struct.pack(">II", 0, self.samples), self._sizes),
            _counted(b"co64", self._offsets, 8),
        )

    @classmethod
    def parse(cls, moov: bytes) -> SampleTable:
        """The tables of a moov that this module has built.

        Raises:
            BadBox: it has other ones.
        """
        table = cls()
        table._durations = _body(moov, b"stts", 8)
        table._keys = _body(moov, b"stss", 8)
        table._runs = _body(moov, b"stsc", 8)
        table._sizes = _body(moov, b"stsz", 12)
        table._offsets = _body(moov, b"co64", 8)
        table.samples = len(table._sizes) // 4
        return table

    def _add_duration(self, ms: int) -> None:
        if self._durations:
            count, last = self._last(self._durations, 8)
            if last == ms:
                self._durations[-8:-4] = struct.pack(">I", count + 1)
                return
        self._durations += struct.pack(">II", 1, ms)

    @staticmethod
    def _last(table: bytearray, width: int) -> tuple[int, ...]:
        return struct.unpack(f">{width // 4}I", table[-width:])


def moov(codec: Codec, table: SampleTable, ms: int, chapters: Sequence[Chapter] = ()) -> bytes:
    """The moov of a file whose samples `table` describes; `ms` is the length of the whole."""
    mvhd = full_box(
        b"mvhd",
        0,
        0,
        struct.pack(">IIIIIH", 0, 0, TIMESCALE, ms, 0x10000, 0x100),
        bytes(10),
        _MATRIX,
        bytes(24),
        struct.pack(">I", 2),
    )
    return box(b"moov", mvhd, _trak(codec, table, ms), _chapters(chapters))


def parse_codec(data: bytes) -> Codec:
    """The codec parameters in a moov.

    Raises:
        BadBox: it has none.
    """
    entry = find(data, *_STBL, b"stsd", b"avc1")
    config = find(data, *_STBL, b"stsd", b"avc1", b"avcC")
    width, height = struct.unpack_from(">HH", data, entry.body + 24)
    return Codec(data[config.body : config.end], width, height)


def _trak(codec: Codec, table: SampleTable, ms: int) -> bytes:
    tkhd = full_box(
        b"tkhd",
        0,
        3,  # enabled, in movie
        struct.pack(">IIIII", 0, 0, 1, 0, ms),
        bytes(16),
        _MATRIX,
        struct.pack(">II", codec.width << 16, codec.height << 16),
    )
    mdhd = full_box(
        b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, TIMESCALE, ms, _UNDEFINED_LANGUAGE, 0)
    )
    hdlr = full_box(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"VideoHandler\0")
    url = full_box(b"url ", 0, 1)  # flag 1: the samples are in this very file
    dinf = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), url))
    stsd = full_box(b"stsd", 0, 0, struct.pack(">I", 1), _sample_entry(codec))
    vmhd = full_box(b"vmhd", 0, 1, bytes(8))
    # one expression, no names for inner boxes: Python can free each copy of a long day's tables
    return box(
        b"trak",
        tkhd,
        box(
            b"mdia",
            mdhd,
            hdlr,
            box(b"minf", vmhd, dinf, box(b"stbl", stsd, *table.boxes())),
        ),
    )


def _sample_entry(codec: Codec) -> bytes:
    return box(
        b"avc1",
        bytes(6),
        struct.pack(">H", 1),
        bytes(16),
        struct.pack(">HHII", codec.width, codec.height, 0x480000, 0x480000),  # 72 dpi, as everybody
        bytes(4),
        struct.pack(">H", 1),
        bytes(32),
        struct.pack(">Hh", 24, -1),
        box(b"avcC", codec.avcc),
    )


def _chapters(chapters: Sequence[Chapter]) -> bytes:
    if not chapters:
        return b""
    step = -(-len(chapters) // CHAPTERS)  # more than fit: every second, third ... one
    chosen = chapters[::step]
    entries = b"".join(_chapter(chapter) for chapter in chosen)
    return box(b"udta", full_box(b"chpl", 1, 0, bytes(4), bytes([len(chosen)]), entries))


def _chapter(chapter: Chapter) -> bytes:
    name = chapter.name.encode()[:255]
    return struct.pack(">QB", chapter.ms * 10_000, len(name)) + name  # in units of 100 ns


def _counted(kind: bytes, table: bytearray, width: int) -> bytes:
    return full_box(kind, 0, 0, struct.pack(">I", len(table) // width), table)


def _body(data: bytes, kind: bytes, skip: int) -> bytearray:
    found = find(data, *_STBL, kind)
    if found.body + skip > found.end:
        raise BadBox(f"{kind!r} is too short")
    return bytearray(data[found.body + skip : found.end])
