"""Cuts JPEGs out of an HTTP body, with anything around them. Pure.

The bytes decide, the head advises. A picture begins with SOI; its header is stepped over segment
by segment, since a thumbnail has marks of its own; it ends with the EOI behind. Boundaries and
lengths of parts (RFC 2046, 5.1) are needed only where a camera leaves EOI out, and to count parts
that are no pictures. So wrong lengths, boundaries that are never told, and bytes before or behind
a picture cost nothing. Everything that is buffered has a bound.
"""

from __future__ import annotations

import re

from agent.camera.jpeg_header import EOI, HeaderWalk
from agent.camera.session import MOST_BYTES
from agent.imaging.jpeg import MOST_SEGMENTS

#: Bounds what is remembered before a picture: a part's head; real ones have about 100 bytes.
MOST_HEADER = 4096

#: No JPEG is smaller: a quantisation table alone has 69 bytes, frame and scan headers 23 more.
_LEAST_PICTURE = 92
#: SOI, and the first byte of the marker that has to follow.
_SOI = b"\xff\xd8\xff"
#: What cannot be in the midst of a picture's own bytes: its end, or the next one.
_ENDS = re.compile(rb"\xff(?:\xd9|\xd8\xff)")
_END_OF_HEAD = b"\r\n\r\n"
#: What lies between a part's last byte and the next boundary.
_BETWEEN = (b"", b"\r\n", b"\n")
#: A line that looks like a boundary, if the head named none.
_UNTOLD = re.compile(rb"(?:^|\n)(--[^\r\n]{1,100})\r?\n")
#: Shorter boundaries would be found by chance inside a picture.
_LEAST_LINE = 3
#: Headers that are none, in one piece of the body: bounds the time that a made-up one can take.
_MOST_BROKEN = 64


class PictureCutter:
    """Bytes in, whole JPEGs out, as the camera sent them; an EOI that it left out is added.

    Attributes:
        damaged: parts that were no whole JPEG, or too large; their bytes are thrown away.
        others: parts that say themselves that they are none, or are empty: sound, readings.
        found: whole JPEGs.
        marks: boundaries that were seen.
    """

    def __init__(
        self, boundary: str = "", limit: int = MOST_BYTES, length: int | None = None
    ) -> None:
        """Begins before the first picture.

        Args:
            boundary: as the content type names it, with its dashes or without; empty: not at all.
            limit: bytes of one picture, at most.
            length: of the first picture, where its own head stands before the body.
        """
        self.damaged = self.others = self.found = self.marks = 0
        self._told = _line_of(boundary.strip().strip('"').lstrip("-").encode("latin-1", "replace"))
        self._line = b""  # a boundary, as it came
        self._limit = limit
        self._buffer = bytearray()
        self._walk: HeaderWalk | None = None  # None: before a picture
        self._looked = 0  # bytes of the buffer in which nothing more is to be found
        self._since = 0  # boundaries since the last picture
        self._part = -1  # where in the buffer the part begins; negative: not there any more
        self._length: int | None = None  # of the part, as its head says
        self._first = length if length is not None and length <= limit else None
        self._owed = 0  # bytes of the part that are still to come behind its picture
        self._extra = False  # what is walked over is a second picture of its part: a small copy
        self._trusted = False  # the last length was right
        self._ends = False  # the camera's pictures have an EOI

    @property
    def missing(self) -> int:
        """Bytes that must come before another picture can be whole; at least 1."""
        if self._walk is None:  # a head alone is worth no waking, nor is a line's end
            return max(1, len(self._line) + _LEAST_PICTURE - len(self._buffer))
        if self._length is None or not self._trusted:
            return 1
        return max(1, self._length - len(self._buffer))

    @property
    def partial(self) -> int:
        """Bytes of a picture that has begun and is not whole; 0 between two."""
        return 0 if self._walk is None else len(self._buffer)

    @property
    def why(self) -> str:
        """Why there is no picture now, for a message."""
        if self._walk is not None:
            said = "" if self._length is None else f" of {self._length}, as its part's head says"
            return f"one has begun, {len(self._buffer)} bytes came{said}, and no end mark"
        if not self.marks and not self.found:
            return "neither a boundary nor the begin of a JPEG was found"
        unfit = self.damaged + self.others
        return f"{unfit} parts were no JPEGs" if unfit else "none has begun"

    def push(self, data: bytes) -> list[bytes]:
        """The JPEGs that these bytes complete, oldest first."""
        whole = self._whole(data)
        if whole is not None:
            return [whole]
        self._buffer += data
        jpegs: list[bytes] = []
        broken = 0
        while True:
            before = self.damaged
            if not (self._seek() if self._walk is None else self._advance(jpegs)):
                return jpegs
            broken += self.damaged - before
            if broken > _MOST_BROKEN:
                self._buffer.clear()
                self._looked = 0

    def finish(self, *, cut: bool = False) -> list[bytes]:
        """The answer has ended, or paused for long: what is there without an EOI may be whole.

        Args:
            cut: more bytes were announced than came.
        """
        jpegs: list[bytes] = []
        if self._walk is not None:
            if self._walk.done and self._walk.at < len(self._buffer) and not cut:
                self._take_without_end(bytes(self._buffer), jpegs)
            else:
                self.damaged += 1
        self._begin_anew(len(self._buffer))
        return jpegs

    def _whole(self, data: bytes) -> bytes | None:
        """The usual case, a quarter of the work: one part and nothing else. None: the long way.

        A length that was right before, and fits the marks at both ends, is believed.
        """
        if not self._trusted or self._walk is not None or self._buffer not in _BETWEEN:
            return None
        mark = 2 if data.startswith(b"\r\n") else 0  # which belongs to the part before
        first = mark + len(self._line)
        end = data.find(_END_OF_HEAD, first, first + MOST_HEADER)
        if end < 0 or not data.startswith(self._line + b"\r\n", mark):
            return None
        length = _content_length(data[first:end])
        start = end + len(_END_OF_HEAD)
        jpeg, rest = data[start : start + (length or 0)], data[start + (length or 0) :]
        if len(jpeg) != length or length > self._limit or rest not in _BETWEEN:
            return None
        if not jpeg.startswith(_SOI) or not jpeg.endswith(EOI):
            return None
        self._buffer[:] = rest
        self._looked, self._since = 0, 0
        self._ends = self._trusted = True
        self.found += 1
        self.marks += 1
        return jpeg

    def _seek(self) -> bool:
        """Looks for the begin of a picture; False when more bytes are needed."""
        start = self._buffer.find(_SOI)
        self._count_marks(len(self._buffer) if start < 0 else start)
        if start < 0:
            self._drop(max(0, len(self._buffer) - MOST_HEADER))
            return False
        head = bytes(self._buffer[max(0, start - MOST_HEADER) : start])
        self._extra = start == 0 and self._owed > 0
        self._length = _content_length(head) or self._first
        self._first = None
        if not self._line and (untold := _UNTOLD.search(head)):
            self._line = untold[1]
            self.marks += 1
        del self._buffer[:start]
        self._walk, self._looked = HeaderWalk(most=MOST_SEGMENTS), 0
        return True

    def _count_marks(self, end: int) -> None:
        """Boundaries in the text before `end`; all but the last one began parts without JPEG."""
        if self._told is None:
            return
        for found in self._told.finditer(self._buffer, self._looked, end):
            if self._since:  # the part before has no picture
                other = self._part >= 0 and _is_other(self._buffer[self._part : found.start()])
                self.others += other
                self.damaged += not other
            self._line = found[1]
            self._looked = self._part = found.end()
            self.marks += 1
            self._since += 1

    def _advance(self, jpegs: list[bytes]) -> bool:
        """Goes on with a picture; False when more bytes are needed."""
        walk = self._walk
        assert walk is not None  # noqa: S101  for the type checker; `push` asks
        walk.advance(self._buffer)
        if walk.broken:
            self.damaged += 1
            self._begin_anew(2)
            return True
        if walk.done and (end := self._end(walk.at)) is not None:
            if self._buffer.startswith(EOI, end):
                self._take(end + len(EOI), jpegs)
            else:
                self._take_without_end(bytes(self._buffer[:end]), jpegs)
                self._begin_anew(end)
            return True
        if len(self._buffer) > self._limit:
            self.damaged += 1
            self._begin_anew(len(self._buffer))
        return False

    def _end(self, begin: int) -> int | None:
        """Where the picture's EOI is, or what comes in its place: a boundary, the next picture."""
        if self._trusted and self._length is not None and begin < self._length <= self._limit:
            last = self._length - len(EOI)
            if len(self._buffer) < self._length or self._buffer.startswith(EOI, last):
                return last if len(self._buffer) >= self._length else None
        begin = max(begin, self._looked)
        if (found := _ENDS.search(self._buffer, begin)) is not None:
            return found.start()
        if not self._ends and len(self._line) >= _LEAST_LINE:  # who sends EOI needs no boundary
            mark = re.compile(rb"\n" + re.escape(self._line) + rb"(?=\r|\n|--)")
            if (found := mark.search(self._buffer, begin)) is not None:
                return found.start()
        self._looked = max(begin, len(self._buffer) - len(self._line) - 2)
        return None

    def _take(self, length: int, jpegs: list[bytes]) -> None:
        """A picture with its EOI."""
        if self._extra:
            self._owed -= length
            self._begin_anew(length)
            return
        self._owed = (self._length or 0) - length
        if length > self._limit:
            self.damaged += 1
        else:
            jpegs.append(bytes(self._buffer[:length]))
            self.found += 1
        self._ends = True
        self._trusted = self._length == length
        self._begin_anew(length)

    def _take_without_end(self, body: bytes, jpegs: list[bytes]) -> None:
        """A picture without EOI: of a camera that never sends one it is whole, else it is torn."""
        if self._extra:
            return
        at = body.rfind(self._line, -MOST_HEADER) if len(self._line) >= _LEAST_LINE else -1
        body = (body if at < 0 else body[:at]).removesuffix(b"\n").removesuffix(b"\r")
        cut = self._length is not None and len(body) + 2 < self._length
        if self._ends or cut or len(body) > self._limit:
            self.damaged += 1
            return
        self._trusted = False
        self.found += 1
        jpegs.append(body + EOI)

    def _begin_anew(self, after: int) -> None:
        """Seeks again, behind this number of bytes."""
        del self._buffer[:after]
        self._walk, self._looked, self._since, self._part = None, 0, 0, -1

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._looked = max(0, self._looked - count)
        self._part -= count


def _line_of(bare: bytes) -> re.Pattern[bytes] | None:
    """A line that is this boundary, with any number of dashes before it; not the closing one."""
    if not bare:
        return None
    return re.compile(rb"(?:^|(?<=\n))(-*" + re.escape(bare) + rb")(?=\r?\n)")


def _is_other(part: bytearray) -> bool:
    """A part without a picture that is meant to have none: by its own content type, or empty."""
    head, _, body = bytes(part).replace(b"\r\n", b"\n").partition(b"\n\n")
    for line in head.splitlines():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            return not body.strip() or not value.strip().lower().startswith(b"image/")
    return not body.strip()


def _content_length(head: bytes) -> int | None:
    """What the head of a part says; None: nothing of use."""
    for line in reversed(head.splitlines()):  # a regular expression takes three times as long
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            digits = value.strip()
            return int(digits) if digits.isdigit() and len(digits) < 12 else None
    return None
