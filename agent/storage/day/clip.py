"""An event's clip: the samples of the day's file as an ordinary file, its head in front.

MP4 for H.264 and H.265, Matroska for original pictures.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agent.storage.container import matroska
from agent.storage.container.boxes import ReadAt
from agent.storage.container.fragments import StoredFragment
from agent.storage.container.h264 import Codec, SoundTrack, parameter_sets, with_lengths
from agent.storage.container.moov import Sample, SampleTable, ftyp, moov
from agent.storage.container.sound import SoundTable
from agent.storage.container.subtitles import Subtitles
from agent.storage.filesystem.files import DataFile

_COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of samples, how to read the file they lie in, and the parameters of that."""

    read: ReadAt
    fragment: StoredFragment
    codec: Codec


@dataclass(frozen=True, slots=True)
class Clip:
    """What was written: `size` in bytes, `ms` played; not `whole`: cut at the limit."""

    size: int
    sha256: str
    frames: int
    ms: int
    whole: bool


#: Where bytes of a clip come from: themselves, or (read, at, size).
_Span = bytes | tuple[ReadAt, int, int]


def write_clip(
    out: DataFile,
    codecs: Sequence[Codec],
    pieces: Iterable[Piece],
    limit: int,
    alive: Callable[[], None],
    *,
    times: bool = False,
) -> Clip:
    """Writes a clip of at most about `limit` bytes of samples into an empty file, unsynced.

    Where the parameters change within it, each key picture has its own before it, as streams have
    them. What no player could show in the same track is left out.

    Args:
        out: the empty file.
        codecs: those of the pieces; the clip is of the first.
        pieces: in order.
        limit: bytes; the rest is left out.
        alive: called now and then, so that a slow store is not taken for a hanging one.
        times: the local time of each second as a track of subtitles.
    """
    codec = codecs[0]
    if codec.original:
        return _write_original(out, codec, pieces, limit, alive)
    mixed = len({it.pictures for it in codecs}) > 1
    table, subtitles = SampleTable(), Subtitles()
    sound = next((it.sound for it in codecs if it.sound), None)
    heard = SoundTable(sound.rate) if sound else None
    spans: list[_Span] = []
    size = ms = 0
    whole = True
    for piece in pieces:
        if piece.codec.original or (piece.codec.kind, piece.codec.turn) != (codec.kind, codec.turn):
            whole = False
            break
        samples = piece.fragment.samples
        run: list[_Span] = [(piece.read, piece.fragment.data_at, sum(it.size for it in samples))]
        if mixed:
            samples, run = _with_parameters(piece)
        length = sum(sample.size for sample in samples)
        if size + length > limit:
            whole = False
            break
        table.add(size, samples)
        if times:
            subtitles.add(ms, piece.fragment)
        spans += run
        size += length
        units = piece.fragment.sound
        if heard is not None and units is not None and piece.codec.sound == sound:
            heard.add(size, ms, units)
            spans.append((piece.read, piece.fragment.sound_at, units.size))
            size += units.size
        ms += sum(sample.ms for sample in samples)
    if times:
        spans.append(subtitles.finish(ms))
    beside = _Beside(sound, heard, subtitles if times else None)
    at, digest = _put(out, _content(codec, table, beside, ms, size, spans), alive)
    return Clip(at, digest, table.samples, ms, whole)


def _put(out: DataFile, content: Iterable[bytes], alive: Callable[[], None]) -> tuple[int, str]:
    """Writes it from the file's start; how many bytes, and their SHA-256."""
    digest, at = hashlib.sha256(), 0
    for data in content:
        out.write(data, at)
        digest.update(data)
        at += len(data)
        alive()
    return at, digest.hexdigest()


def _with_parameters(piece: Piece) -> tuple[tuple[Sample, ...], list[_Span]]:
    """The piece's samples with the parameter sets before each key picture, and their bytes."""
    sets = with_lengths(parameter_sets(piece.codec))
    samples: list[Sample] = []
    spans: list[_Span] = []
    at = piece.fragment.data_at
    for sample in piece.fragment.samples:
        added = sets if sample.key else b""
        samples.append(sample._replace(size=sample.size + len(added)))
        spans += [added, (piece.read, at, sample.size)]
        at += sample.size
    return tuple(samples), spans


def _write_original(
    out: DataFile, codec: Codec, pieces: Iterable[Piece], limit: int, alive: Callable[[], None]
) -> Clip:
    """The event's clusters, their times counted from 0, behind a head with its length."""
    size = matroska.HEAD_BYTES
    ms = frames = 0
    whole = True
    for piece in pieces:
        fragment = piece.fragment
        cluster = piece.read(fragment.data_at - fragment.at, fragment.at)
        if size + len(cluster) > limit:
            whole = False
            break
        out.write(matroska.retimed(cluster, ms), size)
        size += len(cluster)
        frames += len(fragment.samples)
        ms += sum(sample.ms for sample in fragment.samples)
        alive()
    out.write(matroska.head(codec, ms, size), 0)
    digest = hashlib.sha256()
    for at in range(0, size, _COPY):
        digest.update(out.read(min(_COPY, size - at), at))
        alive()
    return Clip(size, digest.hexdigest(), frames, ms, whole)


class _Beside(NamedTuple):
    """The tracks other than the pictures'."""

    sound: SoundTrack | None
    heard: SoundTable | None
    subtitles: Subtitles | None

    def tracks(self, codec: Codec, ms: int, offset: int, size: int) -> list[bytes]:
        """All of them; the samples begin at `offset`, the lines `size` bytes behind that."""
        found = []
        if self.sound is not None and self.heard is not None and self.heard.table.samples:
            found.append(self.heard.track(2, self.sound, offset))
        if self.subtitles is not None:
            found.append(self.subtitles.track(codec, ms, offset + size, 2 + len(found)))
        return found


def _content(
    codec: Codec,
    table: SampleTable,
    beside: _Beside,
    ms: int,
    size: int,
    spans: list[_Span],
) -> Iterable[bytes]:
    def head(offset: int) -> bytes:
        """Everything before the samples, which begin at `offset`."""
        more = beside.tracks(codec, ms, offset, size)
        return ftyp(codec) + moov(codec, table.moved(offset), ms, more=more)

    whole = size + (beside.subtitles.size if beside.subtitles else 0)
    # offsets have a fixed width: the head's length does not depend on them
    yield head(len(head(0)) + 8) + struct.pack(">I4s", 8 + whole, b"mdat")
    for span in spans:
        if isinstance(span, bytes):
            yield span
            continue
        read, start, length = span
        for at in range(start, start + length, _COPY):
            yield read(min(_COPY, start + length - at), at)
