"""The camera's own JPEGs in Matroska: elements, head, clusters and the walk over them. Pure.

    EBML head | Segment of unknown length
        { Info, Void (the mark), Tracks, { Cluster, Void (note) }* }

A live stream as players know it: it ends where the file ends, so it is valid after a kill. A note
behind each cluster has its checksum, event and times; players skip Void elements. The mark in the
head says up to where everything is on the medium.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence

from agent.storage.container.boxes import ReadAt
from agent.storage.container.fragments import (
    About,
    StoredFragment,
    checksum,
    counted,
    from_json,
    to_json,
)
from agent.storage.container.h264 import Codec
from agent.storage.container.moov import Sample

# element ids, RFC 9559 section 5.1 and RFC 8794
_EBML = 0x1A45DFA3
_SEGMENT = b"\x18\x53\x80\x67"
_UNKNOWN_LENGTH = b"\x01" + b"\xff" * 7
_INFO = 0x1549A966
_DURATION = 0x4489
_TRACKS = 0x1654AE6B
_CLUSTER = 0x1F43B675
_TIMESTAMP = 0xE7
_SIMPLE_BLOCK = 0xA3
_VOID = 0xEC
_CLUSTER_ID = _CLUSTER.to_bytes(4, "big")
_CLUSTER_HEAD = struct.Struct(">4sQBBQ")  # id, length, timestamp's id, its length, milliseconds
_BLOCK_HEAD = struct.Struct(">BIBhB")  # id, length, track, ms in the cluster, flags
_KEY = 0x80  # every JPEG stands for itself
_LONG = 0x01 << 56  # an 8-byte length, RFC 8794 section 4.1
_FOUR = 0x1 << 28  # a 4-byte length
_NOTE = b"surveillancenote"
_NOTE_HEAD = struct.Struct(">BQ16sII")  # Void, its length, magic, CRC-32, bytes it covers
_MARK = struct.Struct(">16sQI")  # magic, end of what is on the medium, CRC-32 of that number
#: A cluster is about a second of JPEGs; a longer one is damage, not data.
_LARGEST = 256 << 20
_CHUNK = 1 << 20


def element(number: int, *parts: bytes) -> bytes:
    """An element with an 8-byte length."""
    body = b"".join(parts)
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + (_LONG | len(body)).to_bytes(8, "big") + body


def head(codec: Codec, ms: int = 0, end: int = 0) -> bytes:
    """Everything before the first cluster; its length is the same for every file.

    Args:
        codec: width and height of the pictures.
        ms: how long the file plays.
        end: up to where everything is on the medium, for the mark.
    """
    ebml = element(
        _EBML,
        element(0x4282, b"matroska"),  # DocType
        element(0x4287, b"\x04"),  # DocTypeVersion
        element(0x4285, b"\x02"),  # DocTypeReadVersion: SimpleBlock
    )
    info = element(
        _INFO,
        element(0x2AD7B1, (1_000_000).to_bytes(3, "big")),  # TimestampScale: milliseconds
        element(0x4D80, b"surveillance-agent"),  # MuxingApp
        element(0x5741, b"surveillance-agent"),  # WritingApp
        element(_DURATION, struct.pack(">d", ms)),
    )
    video = element(
        0xE0,
        element(0xB0, codec.width.to_bytes(4, "big")),
        element(0xBA, codec.height.to_bytes(4, "big")),
    )
    entry = element(
        0xAE,
        element(0xD7, b"\x01"),  # TrackNumber
        element(0x73C5, b"\x01"),  # TrackUID
        element(0x83, b"\x01"),  # TrackType: video
        element(0x9C, b"\x00"),  # no lacing
        element(0x86, b"V_MJPEG"),
        video,
    )
    mark = element(_VOID, _MARK.pack(_NOTE, end, zlib.crc32(struct.pack(">Q", end))))
    return ebml + _SEGMENT + _UNKNOWN_LENGTH + info + mark + element(_TRACKS, entry)


HEAD_BYTES = len(head(Codec(b"", 2, 2)))


def marked_end(data: bytes) -> int | None:
    """What the mark in a head says, or None when it is damaged."""
    at = data.find(_NOTE)
    if at < 0 or at + _MARK.size > len(data):
        return None
    _, end, crc = _MARK.unpack_from(data, at)
    return int(end) if zlib.crc32(struct.pack(">Q", end)) == crc else None


def build(number: int, base_ms: int, samples: Sequence[Sample], data: bytes, about: About) -> bytes:
    """A cluster and its note, ready to be appended; the arguments as in `fragments.build`."""
    blocks, at, ms = [], 0, 0
    for sample in samples:
        length = _FOUR | (sample.size + 4)
        blocks.append(_BLOCK_HEAD.pack(_SIMPLE_BLOCK, length, 0x81, ms, _KEY))
        blocks.append(data[at : at + sample.size])
        at += sample.size
        ms += sample.ms
    body = b"".join(blocks)
    cluster = _cluster_head(len(body), base_ms) + body
    pictures = [[sample.size, sample.ms] for sample in samples]
    text = json.dumps(
        {"number": number, **to_json(about), "pictures": pictures}, separators=(",", ":")
    ).encode()
    rest = _NOTE_HEAD.size - 9 + len(text)
    noted = _NOTE_HEAD.pack(_VOID, _LONG | rest, _NOTE, zlib.crc32(cluster), len(cluster))
    return cluster + noted + text


def retimed(cluster: bytes, base_ms: int) -> bytes:
    """The same cluster beginning at another time."""
    return _cluster_head(len(cluster) - _CLUSTER_HEAD.size, base_ms) + cluster[_CLUSTER_HEAD.size :]


def walk(
    read: ReadAt, at: int, end: int, *, resync: bool, trusted: int = 0
) -> Iterator[StoredFragment]:
    """The whole clusters from `at` on, in order; `data_at` is where the note begins.

    Args:
        read: the file.
        at: where a cluster should begin.
        end: the file's length.
        resync: look for the next cluster behind damage, instead of stopping there.
        trusted: up to here only structure is checked, not every byte.
    """
    while at < end:
        item = _read_cluster(read, at, end, checked=at >= trusted)
        if item is None and resync:
            item = _next_cluster(read, at + 1, end)
        if item is None:
            return
        at = item.end
        yield item


def _cluster_head(length: int, base_ms: int) -> bytes:
    size = _LONG | (length + _CLUSTER_HEAD.size - 12)
    return _CLUSTER_HEAD.pack(_CLUSTER_ID, size, _TIMESTAMP, 0x88, base_ms)


def _read_cluster(read: ReadAt, at: int, end: int, *, checked: bool) -> StoredFragment | None:
    begin = read(12, at)
    if len(begin) < 12 or begin[:4] != _CLUSTER_ID or begin[4] != 1:
        return None
    length = int.from_bytes(begin[5:], "big")
    note_at = at + 12 + length
    if length > _LARGEST or note_at + _NOTE_HEAD.size > end:
        return None
    void, size, magic, crc, covered = _NOTE_HEAD.unpack(read(_NOTE_HEAD.size, note_at))
    size ^= _LONG
    rest = size - (_NOTE_HEAD.size - 9)
    if void != _VOID or magic != _NOTE or covered != note_at - at or not 0 < rest < _CHUNK:
        return None
    if note_at + 9 + size > end or (checked and checksum(read, at, note_at) != crc):
        return None
    try:
        content = json.loads(read(rest, note_at + _NOTE_HEAD.size))
        pictures = [map(counted, picture) for picture in content["pictures"]]
        samples = tuple(Sample(size, ms, key=True) for size, ms in pictures)
        about = from_json(content)
        number = counted(content["number"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return StoredFragment(at, note_at, note_at + 9 + size, number, samples, about)


def _next_cluster(read: ReadAt, at: int, end: int) -> StoredFragment | None:
    while at < end:
        piece = read(_CHUNK, at)
        where = piece.find(_CLUSTER_ID)
        while where >= 0:
            item = _read_cluster(read, at + where, end, checked=True)
            if item is not None:
                return item
            where = piece.find(_CLUSTER_ID, where + 1)
        if len(piece) < _CHUNK:
            return None
        at += _CHUNK - 3  # the id may lie across two pieces
    return None
