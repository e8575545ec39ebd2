"""The bytes of an HTTP body out of what the connection brings: chunks joined, gzip unpacked. Pure.

The bytes decide, the head advises: what is said to come in chunks and does not is taken as it is.
We ask for no compression; what is compressed all the same is unpacked with a bound.
"""

from __future__ import annotations

import zlib

from agent.camera.http.head import Head

#: Unpacked bytes per packed one, and to begin with: JPEGs cannot be packed, only bombs can.
_MOST_GROWTH, _FREE = 16, 64 * 1024
#: Unpacked at a time, so that the sum is looked at before the memory is taken.
_STEP = 64 * 1024
#: A chunk's size line, with extensions.
_MOST_LINE = 256
_GZIP = b"\x1f\x8b"


class Bomb(Exception):
    """Compressed bytes that grow as no picture does."""


class Body:
    """One body; `over` when its own marks say that it has ended, which only chunks do."""

    def __init__(self, head: Head) -> None:
        self._chunks = _Chunks() if head.chunked else None
        self._zipped = head.get("content-encoding").lower()
        self._zip: _Unzip | None = None
        self._first: bytes | None = b""  # what has come before the packing is known; None: it is

    @property
    def over(self) -> bool:
        """The last chunk has come."""
        return self._chunks is not None and self._chunks.over

    def push(self, data: bytes) -> bytes:
        """The bytes of the body in these bytes of the connection.

        Raises:
            Bomb: it is compressed, and grows beyond measure.
        """
        if self._chunks is not None:
            data = self._chunks.push(data)
        if self._first is not None:
            data = self._first + data
            if not self.over and data in {b"", _GZIP[:1]}:
                self._first = data  # the next byte tells
                return b""
            self._first = None
            packed = data[:1] == b"\x78" and "deflate" in self._zipped
            if packed or data[:2] == _GZIP:
                self._zip = _Unzip()
        return data if self._zip is None else self._zip.push(data)


class _Unzip:
    """gzip or zlib, told apart by the library."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._came = self._made = 0

    def push(self, data: bytes) -> bytes:
        """What these bytes become."""
        self._came += len(data)
        pieces = []
        try:
            while data and not self._stream.eof:
                pieces.append(self._stream.decompress(data, _STEP))
                data = self._stream.unconsumed_tail
                self._made += len(pieces[-1])
                if self._made > _FREE + _MOST_GROWTH * self._came:
                    raise Bomb(f"{self._came} bytes become more than {self._made}")
        except zlib.error:
            pass  # damage: the pictures tell how much is missing
        return b"".join(pieces)


class _Chunks:
    """Joins chunks; a first size that is none means that there are no chunks at all."""

    def __init__(self) -> None:
        self.over = False
        self._raw = False
        self._buffer = bytearray()
        self._left = 0  # bytes of the running chunk
        self._begun = False

    def push(self, data: bytes) -> bytes:
        """The bytes in the chunks."""
        self._buffer += data
        out = bytearray()
        while self._buffer and not self.over and not self._raw:
            if self._left:
                out += self._buffer[: self._left]
                taken = min(self._left, len(self._buffer))
                self._left -= taken
                del self._buffer[:taken]
            elif not self._size():
                break
        return bytes(out) + self._unframed()

    def _unframed(self) -> bytes:
        """All that is there, where there are no chunks."""
        if not self._raw:
            return b""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def _size(self) -> bool:
        """Reads the next size line; False when more bytes are needed, or there are no chunks."""
        start = 0
        while self._begun and bytes(self._buffer[start : start + 1]) in {b"\r", b"\n"}:
            start += 1  # behind the chunk before
        end = self._buffer.find(b"\n", start, start + _MOST_LINE)
        if end < 0:
            self._raw = len(self._buffer) - start >= _MOST_LINE or self._buffer[:1] == b"\xff"
            return False
        digits = bytes(self._buffer[start:end]).partition(b";")[0].strip()
        try:
            self._left = int(digits, 16) if digits.isalnum() and len(digits) <= 8 else -1
        except ValueError:
            self._left = -1
        if self._left < 0:
            self._raw, self._left = True, 0
            return False
        self._begun = True
        self.over = self._left == 0
        del self._buffer[: end + 1]
        return True
