"""Boxes of the ISO base media file format (ISO/IEC 14496-12), out and in. Pure bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

#: What lies between a box's header and its first child (14496-12 section 8.5.2, 14496-15 section
#: 5.4.2).
_PREFIX = {b"stsd": 8, b"avc1": 78, b"hvc1": 78}

ReadAt = Callable[[int, int], bytes]  # (size, at) -> bytes, fewer at the end of the file


class BadBox(ValueError):
    """The bytes are not the box they should be."""


class Box(NamedTuple):
    """Where a box lies: `start` of its header, `body` after it, `end` behind it."""

    kind: bytes
    start: int
    body: int
    end: int


def box(kind: bytes, *parts: bytes | bytearray) -> bytes:
    """A box with a 32-bit size."""
    return b"".join((struct.pack(">I4s", 8 + sum(map(len, parts)), kind), *parts))


def full_box(kind: bytes, version: int, flags: int, *parts: bytes | bytearray) -> bytes:
    """A box that begins with a version and 24 bits of flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def children(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes side by side in `data[start:end]`; stops at the first that does not fit."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        found = read_box(lambda size, at: data[at : at + size], start, end)
        if found is None:
            return
        yield found
        start = found.end


def find(data: bytes, *path: bytes) -> Box:
    """The first box down a path of kinds.

    Raises:
        BadBox: there is none.
    """
    start, end = 0, len(data)
    found = Box(b"", 0, 0, end)
    for kind in path:
        match = next((child for child in children(data, start, end) if child.kind == kind), None)
        if match is None:
            raise BadBox(f"no {kind!r} in {path!r}")
        found = match
        start, end = found.body + _PREFIX.get(kind, 0), found.end
    return found


def read_box(read: ReadAt, at: int, end: int) -> Box | None:
    """The box at `at`, or None when no whole, sane box begins there before `end`."""
    head = read(16, at)
    if len(head) < 8:
        return None
    size, kind = struct.unpack_from(">I4s", head)
    length = 8
    if size == 1:  # a 64-bit size follows the kind
        if len(head) < 16:
            return None
        (size,) = struct.unpack_from(">Q", head, 8)
        length = 16
    if size < length or at + size > end:
        return None
    return Box(kind, at, at + length, at + size)
