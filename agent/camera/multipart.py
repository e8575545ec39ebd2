"""Cuts JPEGs out of an HTTP body of many parts (RFC 2046, 5.1), as MJPEG cameras send it. Pure.

Lenient where cameras are: a boundary with or without its leading dashes, parts without a length,
lines that end with LF alone, bytes behind the picture. Everything that is buffered has a bound.
"""

from __future__ import annotations

from enum import Enum

from agent.camera.session import MOST_BYTES
from agent.imaging.jpeg import dimensions

#: Bounds a part's headers; real ones have about 100 bytes.
MOST_HEADER = 4096

#: No JPEG is smaller: a quantisation table alone has 69 bytes, frame and scan headers 23 more.
_LEAST_PICTURE = 92

_SOI = b"\xff\xd8"
_EOI = b"\xff\xd9"
_END_OF_HEAD = b"\r\n\r\n"
#: What lies between a part's last byte and the next boundary.
_BETWEEN = (b"", b"\r\n", b"\n")


class _Where(Enum):
    SEEK = "before a boundary"
    HEAD = "in a part's headers"
    BODY = "in a part's body"


class Multipart:
    """Bytes in, whole JPEGs out, byte for byte as the camera sent them.

    Attributes:
        damaged: parts that were no whole JPEG, or too large; their bytes are thrown away.
    """

    def __init__(self, boundary: str, limit: int = MOST_BYTES) -> None:
        """Begins before the first part.

        Args:
            boundary: as the content type names it.
            limit: bytes of one part, at most.

        Raises:
            ValueError: there is no boundary.
        """
        bare = boundary.strip().strip('"').lstrip("-")
        if not bare:
            raise ValueError("a multipart content type without a boundary")
        self.damaged = 0
        self._mark = b"--" + bare.encode("latin-1", "replace")
        self._limit = limit
        self._buffer = bytearray()
        self._where = _Where.SEEK
        self._length: int | None = None
        self._searched = 0  # bytes of the body without a boundary

    @property
    def missing(self) -> int:
        """So many bytes have to come before another picture can be whole; at least 1."""
        if self._where is _Where.SEEK:  # a head alone is worth no waking, nor is a line's end
            return max(1, len(self._mark) + _LEAST_PICTURE - len(self._buffer))
        if self._where is _Where.HEAD or self._length is None:
            return 1
        return max(1, self._length - len(self._buffer))

    def push(self, data: bytes) -> list[bytes]:
        """The JPEGs that these bytes complete, oldest first."""
        whole = self._whole(data)
        if whole is not None:
            return [whole]
        self._buffer += data
        jpegs: list[bytes] = []
        while self._advance(jpegs):
            pass
        return jpegs

    def _whole(self, data: bytes) -> bytes | None:
        """The usual case, a quarter of the work: one part and nothing else. None: the long way."""
        if self._where is not _Where.SEEK or self._buffer not in _BETWEEN:
            return None
        mark = 2 if data.startswith(b"\r\n") else 0  # which belongs to the part before
        first = mark + len(self._mark)
        end = data.find(_END_OF_HEAD, first, first + MOST_HEADER)
        if end < 0 or not data.startswith(self._mark, mark):
            return None
        head = data[first:end]
        length = _content_length(head)
        if length is None or not 0 < length <= self._limit or b"\n\n" in head:
            return None
        start = end + len(_END_OF_HEAD)
        jpeg, rest = data[start : start + length], data[start + length :]
        if len(jpeg) != length or rest not in _BETWEEN:
            return None
        if not jpeg.startswith(_SOI) or not jpeg.endswith(_EOI):
            return None
        self._buffer[:] = rest
        return jpeg

    def _advance(self, jpegs: list[bytes]) -> bool:
        """One step; False when more bytes are needed."""
        if self._where is _Where.SEEK:
            return self._seek()
        if self._where is _Where.HEAD:
            return self._head()
        return self._counted(jpegs) if self._length is not None else self._uncounted(jpegs)

    def _seek(self) -> bool:
        start = self._buffer.find(self._mark)
        if start < 0:
            del self._buffer[: max(0, len(self._buffer) - len(self._mark) + 1)]
            return False
        del self._buffer[: start + len(self._mark)]
        self._where = _Where.HEAD
        return True

    def _head(self) -> bool:
        most = MOST_HEADER + 4  # a head that just fits, and its end; no picture is looked through
        ends = [(self._buffer.find(end, 0, most), len(end)) for end in (_END_OF_HEAD, b"\n\n")]
        end, width = min((e for e in ends if e[0] >= 0), default=(-1, 0))
        if end < 0 or end > MOST_HEADER:
            if len(self._buffer) > MOST_HEADER:
                self._give_up()
                return True
            return False
        head = bytes(self._buffer[:end])
        del self._buffer[: end + width]
        self._length = _content_length(head)
        if self._length is not None and not 0 < self._length <= self._limit:
            self._give_up()
            return True
        self._where, self._searched = _Where.BODY, 0
        return True

    def _counted(self, jpegs: list[bytes]) -> bool:
        """A body whose length its headers say."""
        length = self._length or 0
        if len(self._buffer) < length:
            return False
        self._take(jpegs, length)
        self._where = _Where.SEEK
        return True

    def _uncounted(self, jpegs: list[bytes]) -> bool:
        """A body that ends at the next boundary, or with a JPEG that is complete."""
        end = self._buffer.find(self._mark, self._searched)
        if end >= 0:
            self._take(jpegs, end)
            self._where = _Where.SEEK
            return True
        if len(self._buffer) > self._limit:
            self._give_up()
            return True
        self._searched = max(0, len(self._buffer) - len(self._mark) + 1)
        # the boundary may come with the next picture only; a thumbnail's end has no size before it
        if self._buffer.endswith(tuple(_EOI + after for after in _BETWEEN)):
            jpeg = _trimmed(bytes(self._buffer))
            if dimensions(jpeg) is not None:
                jpegs.append(jpeg)
                self._buffer.clear()
                self._where = _Where.SEEK
        return False

    def _take(self, jpegs: list[bytes], length: int) -> None:
        with memoryview(self._buffer) as whole:
            jpeg = _trimmed(bytes(whole[:length]))
        del self._buffer[:length]
        if jpeg:
            jpegs.append(jpeg)
        else:
            self.damaged += 1

    def _give_up(self) -> None:
        """The part is thrown away as far as it is there; the rest goes while seeking."""
        self.damaged += 1
        del self._buffer[:1]
        self._where = _Where.SEEK


def _trimmed(body: bytes) -> bytes:
    """The JPEG without what some cameras put behind it; empty when it is none."""
    end = body.rfind(_EOI)
    return body[: end + 2] if body.startswith(_SOI) and end > 0 else b""


def _content_length(head: bytes) -> int | None:
    for line in head.splitlines():  # a regular expression takes three times as long
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            digits = value.strip()
            return int(digits) if digits.isdigit() and len(digits) < 12 else 0
    return None
