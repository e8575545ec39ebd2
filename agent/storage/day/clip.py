"""An event's clip: the samples of the day's file as an ordinary file, its head in front.

MP4 for H.264, Matroska for original pictures.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.storage.container import matroska
from agent.storage.container.boxes import ReadAt
from agent.storage.container.fragments import StoredFragment
from agent.storage.container.h264 import Codec
from agent.storage.container.moov import FTYP, SampleTable, moov
from agent.storage.filesystem.files import DataFile

_COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of samples, and how to read the file they lie in."""

    read: ReadAt
    fragment: StoredFragment


@dataclass(frozen=True, slots=True)
class Clip:
    """What was written: `size` in bytes, `ms` played; not `whole`: cut at the limit."""

    size: int
    sha256: str
    frames: int
    ms: int
    whole: bool


def write_clip(
    out: DataFile,
    codec: Codec,
    pieces: Iterable[Piece],
    limit: int,
    alive: Callable[[], None],
) -> Clip:
    """Writes a clip of at most about `limit` bytes of samples into an empty file, unsynced.

    Args:
        out: the empty file.
        codec: that of all pieces.
        pieces: in order.
        limit: bytes; the rest is left out.
        alive: called now and then, so that a slow store is not taken for a hanging one.
    """
    if codec.original:
        return _write_original(out, codec, pieces, limit, alive)
    table = SampleTable()
    spans: list[tuple[ReadAt, int, int]] = []  # where to copy from: (read, at, size)
    size = ms = 0
    whole = True
    for piece in pieces:
        samples = piece.fragment.samples
        length = sum(sample.size for sample in samples)
        if size + length > limit:
            whole = False
            break
        table.add(size, samples)
        spans.append((piece.read, piece.fragment.data_at, length))
        size += length
        ms += sum(sample.ms for sample in samples)
    digest = hashlib.sha256()
    at = 0
    for data in _content(codec, table, ms, size, spans):
        out.write(data, at)
        digest.update(data)
        at += len(data)
        alive()
    return Clip(at, digest.hexdigest(), table.samples, ms, whole)


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


def _content(
    codec: Codec, table: SampleTable, ms: int, size: int, spans: list[tuple[ReadAt, int, int]]
) -> Iterable[bytes]:
    # offsets have a fixed width: the head's length does not depend on them
    length = len(FTYP) + len(moov(codec, table, ms)) + 8
    yield FTYP + moov(codec, table.moved(length), ms) + struct.pack(">I4s", 8 + size, b"mdat")
    for read, start, span in spans:
        for at in range(start, start + span, _COPY):
            yield read(min(_COPY, start + span - at), at)
