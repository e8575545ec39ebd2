"""The head of an ordinary MP4 with a track of video: sample tables, moov, chapters. Pure bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from agent.storage.container.boxes import BadBox, box, find, full_box
from agent.storage.container.h264 import Codec

#: Ticks per second, so that all times in the file are milliseconds; a day has 86.4e6 of them: 32
#: bits do.
TIMESCALE = 1000
#: `isom` etc. are ISO/IEC 14496-12 brands that each reader knows (`iso5` is for fragments, and a
#: reader sees none). `avc1` means H.264 with parameter sets in the head.
FTYP = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
#: What files of earlier versions begin with; they are given the new one when they are opened.
FORMER_FTYP = box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6mp41avc1")
#: A chapter list has an 8-bit count (Nero's `chpl`, as FFmpeg reads and writes it).
CHAPTERS = 255

_HEVC_FTYP = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2iso4mp41")
#: What a file of ours may begin with, all of one length.
KNOWN_FTYPS = frozenset({FTYP, FORMER_FTYP, _HEVC_FTYP})

#: How a track stands that is not turned.
IDENTITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_CONFIG = {"avc1": b"avcC", "hvc1": b"hvcC"}
_STBL = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_WORD = 0xFFFFFFFF
_UNDEFINED_LANGUAGE = 0x55C4  # "und", 14496-12 section 8.4.2.3


class Sample(NamedTuple):
    """One picture in a table, in the order of decoding.

    Attributes:
        size: bytes.
        ms: milliseconds until the next one is decoded.
        key: decoding can start here.
        shift: milliseconds from its decoding to its being shown; less than 0 where pictures that
            are decoded later are shown before.
    """

    size: int
    ms: int
    key: bool
    shift: int = 0


class Chapter(NamedTuple):
    """A named place in the file."""

    ms: int
    name: str


class SampleTable:
    """The tables of a moov, kept as they lie on disk: a checkpoint is mere concatenation.

    One fragment is one chunk. 16 bytes per frame at most, and none of them is touched again.
    """

    def __init__(self, *, every_key: bool = False) -> None:
        self.samples = 0
        self._every_key = every_key  # then that is not said
        self._durations = bytearray()  # stts: runs of (count, ms)
        self._shifts = bytearray()  # ctts: runs of (count, ms), where pictures are reordered
        self._reordered = False
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
            if sample.key and not self._every_key:
                self._keys += struct.pack(">I", self.samples)
            self._add_run(self._durations, sample.ms)
            self._add_run(self._shifts, sample.shift & _WORD)
            self._reordered = self._reordered or sample.shift != 0

    @property
    def last_ms(self) -> int:
        """How long the last sample is shown; 1 where there is none."""
        return self._last(self._durations, 8)[1] if self._durations else 1

    def lengthen(self, by: int) -> None:
        """Shows the last sample longer by `by`, or shorter, but at least 1."""
        count, ms = self._last(self._durations, 8)
        if count > 1:
            self._durations[-8:-4] = struct.pack(">I", count - 1)
        else:
            del self._durations[-8:]
        self._add_run(self._durations, max(1, ms + by))

    def moved(self, by: int) -> SampleTable:
        """The same tables with every chunk `by` bytes further."""
        other = SampleTable(every_key=self._every_key)
        other.samples = self.samples
        other._durations, other._sizes = self._durations, self._sizes
        other._shifts, other._reordered = self._shifts, self._reordered
        other._keys, other._runs = self._keys, self._runs
        for (offset,) in struct.iter_unpack(">Q", self._offsets):
            other._offsets += struct.pack(">Q", offset + by)
        return other

    def boxes(self) -> tuple[bytes, ...]:
        """The tables as boxes: stts, ctts, stss, stsc, stsz, co64."""
        return (
            _counted(b"stts", self._durations, 8),
            _counted(b"ctts", self._shifts, 8, 1) if self._reordered else b"",
            b"" if self._every_key else _counted(b"stss", self._keys, 4),
            _counted(b"stsc", self._runs, 12),
            full_box(b"stsz", 0, 0, struct.pack(">II", 0, self.samples), self._sizes),
            _counted(b"co64", self._offsets, 8),
        )

    @classmethod
    def parse(cls, moov: bytes, *, every_key: bool = False) -> SampleTable:
        """The tables of a moov that this module has built.

        Raises:
            BadBox: it has other ones.
        """
        table = cls(every_key=every_key)
        table._durations = _body(moov, b"stts", 8)
        table._keys = bytearray() if every_key else _body(moov, b"stss", 8)
        table._runs = _body(moov, b"stsc", 8)
        table._sizes = _body(moov, b"stsz", 12)
        table._offsets = _body(moov, b"co64", 8)
        table.samples = len(table._sizes) // 4
        with suppress(BadBox):
            table._shifts = _body(moov, b"ctts", 8)
            table._reordered = True
        if table.samples and not table._shifts:
            table._shifts += struct.pack(">II", table.samples, 0)
        return table

    def _add_run(self, runs: bytearray, value: int) -> None:
        if runs:
            count, last = self._last(runs, 8)
            if last == value:
                runs[-8:-4] = struct.pack(">I", count + 1)
                return
        runs += struct.pack(">II", 1, value)

    @staticmethod
    def _last(table: bytearray, width: int) -> tuple[int, ...]:
        return struct.unpack(f">{width // 4}I", table[-width:])


def moov(
    codec: Codec,
    table: SampleTable,
    ms: int,
    chapters: Sequence[Chapter] = (),
    more: Sequence[bytes] = (),
) -> bytes:
    """The moov of a file whose samples `table` describes; `ms` is the length of the whole.

    `more` are the tracks behind the video's, from number 2 on; those without bytes are left out.
    """
    mvhd = full_box(
        b"mvhd",
        0,
        0,
        struct.pack(">IIIIIH", 0, 0, TIMESCALE, ms, 0x10000, 0x100),
        bytes(10),
        IDENTITY,
        bytes(24),
        struct.pack(">I", 2 + len(more)),
    )
    return box(b"moov", mvhd, trak(1, _video(codec), table, ms), *more, _chapters(chapters))


def parse_codec(data: bytes) -> Codec:
    """The codec parameters in a moov.

    Raises:
        BadBox: it has none.
    """
    stsd = find(data, *_STBL, b"stsd")
    kind = next((it for it in _CONFIG if data[stsd.body + 12 : stsd.body + 16] == it.encode()), "")
    if not kind:
        raise BadBox("no sample entry that the agent writes")
    entry = find(data, *_STBL, b"stsd", kind.encode())
    config = find(data, *_STBL, b"stsd", kind.encode(), _CONFIG[kind])
    width, height = struct.unpack_from(">HH", data, entry.body + 24)
    head = find(data, b"moov", b"trak", b"tkhd")
    turned = struct.unpack_from(">i", data, head.body + 40)[0] < 0
    return Codec(data[config.body : config.end], width, height, kind, 180 if turned else 0)


def ftyp(codec: Codec) -> bytes:
    """What a file with these parameters begins with."""
    return _HEVC_FTYP if codec.kind == "hvc1" else FTYP


class Track(NamedTuple):
    """What kinds of track differ in.

    Attributes:
        handler: the kind's name in `hdlr`.
        name: of the handler, for people.
        header: the media header, a box.
        entry: the sample entry, a box.
        matrix: 36 bytes, how it is turned and where it stands.
        width: pixels.
        height: pixels.
        scale: ticks a second.
        volume: 8.8 bits; sound has one.
    """

    handler: bytes
    name: bytes
    header: bytes
    entry: bytes
    matrix: bytes
    width: int
    height: int
    scale: int = TIMESCALE
    volume: int = 0


def trak(
    number: int,
    track: Track,
    table: SampleTable,
    ms: int,
    *,
    ticks: int | None = None,
    start: int = 0,
) -> bytes:
    """One track, which `table` describes.

    Args:
        number: of the track.
        track: its kind.
        table: its samples.
        ms: its length.
        ticks: the same in its own scale; None: that is milliseconds.
        start: milliseconds of the film before it begins.
    """
    tkhd = full_box(
        b"tkhd",
        0,
        3,  # enabled, in movie
        struct.pack(">IIIII", 0, 0, number, 0, start + ms),
        bytes(12),
        struct.pack(">HH", track.volume, 0),
        track.matrix,
        struct.pack(">II", track.width << 16, track.height << 16),
    )
    length = ms if ticks is None else ticks
    mdhd = full_box(
        b"mdhd",
        1 if length > _WORD else 0,
        0,
        struct.pack(
            ">QQIQHH" if length > _WORD else ">IIIIHH",
            *(0, 0, track.scale, length, _UNDEFINED_LANGUAGE, 0),
        ),
    )
    hdlr = full_box(b"hdlr", 0, 0, bytes(4), track.handler, bytes(12), track.name + b"\0")
    url = full_box(b"url ", 0, 1)  # flag 1: the samples are in this very file
    dinf = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), url))
    stsd = full_box(b"stsd", 0, 0, struct.pack(">I", 1), track.entry)
    # one expression, no names for inner boxes: Python can free each copy of a long day's tables
    return box(
        b"trak",
        tkhd,
        _delayed(start, ms),
        box(
            b"mdia",
            mdhd,
            hdlr,
            box(b"minf", track.header, dinf, box(b"stbl", stsd, *table.boxes())),
        ),
    )


def _delayed(start: int, ms: int) -> bytes:
    """The edit list of a track that begins later than the film (14496-12 section 8.6.6)."""
    if not start:
        return b""
    one = 0x10000  # the rate
    edits = struct.pack(">IIiIIiI", 2, start, -1, one, ms, 0, one)
    return box(b"edts", full_box(b"elst", 0, 0, edits))


def _video(codec: Codec) -> Track:
    header = full_box(b"vmhd", 0, 1, bytes(8))
    entry = _sample_entry(codec)
    size = codec.width, codec.height
    return Track(b"vide", b"VideoHandler", header, entry, _matrix(codec), *size)


def _matrix(codec: Codec) -> bytes:
    """How a player turns the pictures (ISO/IEC 14496-12 section 8.3.2)."""
    if not codec.turn:
        return IDENTITY
    one = 0x10000
    corner = codec.width * one, codec.height * one
    return struct.pack(">6i3I", -one, 0, 0, 0, -one, 0, corner[0], corner[1], 0x40000000)


def _sample_entry(codec: Codec) -> bytes:
    return box(
        codec.kind.encode(),
        bytes(6),
        struct.pack(">H", 1),
        bytes(16),
        struct.pack(">HHII", codec.width, codec.height, 0x480000, 0x480000),  # 72 dpi, as everybody
        bytes(4),
        struct.pack(">H", 1),
        bytes(32),
        struct.pack(">Hh", 24, -1),
        box(_CONFIG[codec.kind], codec.avcc),
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


def _counted(kind: bytes, table: bytearray, width: int, version: int = 0) -> bytes:
    return full_box(kind, version, 0, struct.pack(">I", len(table) // width), table)


def _body(data: bytes, kind: bytes, skip: int) -> bytearray:
    found = find(data, *_STBL, kind)
    if found.body + skip > found.end:
        raise BadBox(f"{kind!r} is too short")
    return bytearray(data[found.body + skip : found.end])
