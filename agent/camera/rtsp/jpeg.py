"""JPEGs out of RTP (RFC 2435), which leaves out their headers: these are written again. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from agent.camera.rtsp.depacketizer import Coded, Depacketizer
from agent.camera.rtsp.rtp import Row
from agent.imaging.jpeg import encode

_MAIN = struct.Struct(">B3sBBBB")
#: Types from here on have restart intervals (RFC 2435, 3.1.3).
_RESTARTS = 64
#: Tables of a quality from here on are in the packets.
_OWN_TABLES = 128
#: The tables may change with each picture.
_ALWAYS_SENT = 255
_TABLE = 64
#: Height and width in the head of a JPEG's frame (ITU T.81, B.2.2).
_FRAME = re.compile(rb"\xff[\xc0\xc1].{3}(..)(..)", re.DOTALL)


class Jpeg(Depacketizer):
    """Puts the pictures of one stream together.

    Args:
        most: bytes of a picture; what is larger counts as broken.
        size: width and height in pixels, for pictures that are too large for the one byte that
            the packets have for an eighth of each.
        more: gives the segments of a header that the camera sent with the packets.
    """

    def __init__(
        self, most: int, size: tuple[int, int] = (0, 0), more: Callable[[], bytes] = bytes
    ) -> None:
        self._most, self._size_said, self._more = most, size, more
        self._tables: dict[int, bytes] = {}  # by quality, of which there are 128
        self._header = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._timestamp: int | None = None
        self._broken = True  # until a first fragment came

    def add(self, packet: Row) -> Iterator[Coded]:
        """Takes the next packet; gives the picture that it completes."""
        payload, timestamp, marker, lost = packet
        if timestamp != self._timestamp:
            if self._parts:
                yield Coded(b"", self._timestamp or 0)
            self._begin(timestamp)
        self._broken = self._broken or lost
        if not self._broken:
            self._broken = not self._take(payload)
        if self._broken:
            self._parts.clear()
        if marker:
            whole = b"".join([self._header, *self._parts])
            if not whole.endswith(b"\xff\xd9"):
                whole += b"\xff\xd9"
            yield Coded(b"" if self._broken or not self._parts else whole, timestamp)
            self._begin(None)

    def _begin(self, timestamp: int | None) -> None:
        self._timestamp, self._header, self._parts = timestamp, b"", []
        self._size, self._broken = 0, False

    def _take(self, payload: bytes) -> bool:
        """False: it does not go on where the last one ended, or cannot be understood."""
        if len(payload) < _MAIN.size:
            return False
        _, offset, kind, quality, width, height = _MAIN.unpack_from(payload)
        at, interval = _MAIN.size, 0
        if kind >= _RESTARTS:
            interval = int.from_bytes(payload[at : at + 2], "big")
            at += 4
        first = int.from_bytes(offset, "big") == 0
        if int.from_bytes(offset, "big") != self._size:
            return False
        if first and quality >= _OWN_TABLES:
            length = int.from_bytes(payload[at + 2 : at + 4], "big")
            at += 4 + length
            if length:
                precision = payload[at - length - 3]
                self._tables[quality] = _of_bytes(payload[at - length : at], precision)
        if first:
            tables = self._tables.get(quality, b"")
            if quality < _OWN_TABLES:
                tables = usual_tables(quality)
            across, down = (width * 8, height * 8) if width and height else self._large()
            known = len(tables) in {_TABLE, 2 * _TABLE} and kind % _RESTARTS < 2
            if not (known and across and down):
                return False
            self._header = header(kind % _RESTARTS, across, down, tables, interval)
            if quality == _ALWAYS_SENT:
                del self._tables[quality]
        self._parts.append(payload[at:])
        self._size += len(payload) - at
        return self._size <= self._most

    def _large(self) -> tuple[int, int]:
        """Width and height where the packets do not say them; zeros: nobody does."""
        frame = _FRAME.search(self._more())
        if frame is None:
            return self._size_said
        return int.from_bytes(frame[2], "big"), int.from_bytes(frame[1], "big")


def _of_bytes(tables: bytes, precision: int) -> bytes:
    """Quantization tables of 8 bits; a bit of `precision` says of each that it has 16."""
    found, at = b"", 0
    for number in range(2):
        wide = precision >> number & 1
        table = tables[at : at + (_TABLE << wide)]
        at += len(table)
        pairs = zip(table[::2], table[1::2], strict=False)
        found += bytes(0xFF if high else low for high, low in pairs) if wide else table
    return found


def header(kind: int, width: int, height: int, tables: bytes, interval: int) -> bytes:
    """All of a JPEG before its picture (RFC 2435, appendix B).

    Args:
        kind: 0: colours at half of the width, 1: and at half of the height.
        width: pixels.
        height: pixels.
        tables: one or two of 64 bytes.
        interval: blocks between restarts; 0: none.
    """
    two = tables if len(tables) > _TABLE else tables * 2
    parts = [b"\xff\xd8"]
    for number in range(2):
        table = two[number * _TABLE : (number + 1) * _TABLE]
        parts.append(b"\xff\xdb\x00\x43" + bytes((number,)) + table)
    if interval:
        parts.append(b"\xff\xdd\x00\x04" + interval.to_bytes(2, "big"))
    sampling = b"\x21" if kind == 0 else b"\x22"
    size = struct.pack(">HH", height, width)
    parts.append(
        b"\xff\xc0\x00\x11\x08" + size + b"\x03\x01" + sampling + b"\x00\x02\x11\x01\x03\x11\x01"
    )
    parts.append(_usual_codes())
    parts.append(b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00")
    return b"".join(parts)


@cache
def usual_tables(quality: int) -> bytes:
    """The two quantization tables of a quality from 1 to 99 (RFC 2435, appendix A)."""
    factor = max(1, min(99, quality))
    scale = 5000 // factor if factor < 50 else 200 - 2 * factor
    return bytes(max(1, min(255, (value * scale + 50) // 100)) for value in _standard_tables())


@cache
def _standard_tables() -> bytes:
    """Tables K.1 and K.2 of ITU T.81 in zigzag order: those of quality 50 in any JPEG library."""
    found = [body[1:] for code, body in _segments() if code == 0xDB]
    return b"".join(found)[: 2 * _TABLE]


@cache
def _usual_codes() -> bytes:
    """The four Huffman tables of ITU T.81, annex K.3, as segments."""
    found = [body for code, body in _segments() if code == 0xC4]
    return b"".join(b"\xff\xc4" + (len(body) + 2).to_bytes(2, "big") + body for body in found)


def _segments() -> Iterator[tuple[int, bytes]]:
    """Marker and body of the segments of a JPEG of our own, which has the standard tables."""
    sample = encode(np.zeros((16, 16, 3), np.uint8), 50)
    at = 2
    while sample[at + 1] != 0xDA:
        length = int.from_bytes(sample[at + 2 : at + 4], "big")
        yield sample[at + 1], sample[at + 4 : at + 2 + length]
        at += 2 + length
