"""The stream of image bytes -> whole JPEGs, and distrust of what follows a hole. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.camera.jpeg_header import EOI, SOI, HeaderWalk

#: Bounds what one camera can make us buffer: forty times a usual frame of its kind.
FRAME_LIMIT = 2 * 1024 * 1024

#: Header of a frame's first fragment, with SOI behind it, and of every other fragment (proven).
FIRST_HEADER = 15
HEADER = 4

#: Headers that turn out to be none, in one go: behind damage it is one or two. Bounds the time that
#: a datagram can cost, since each of them is looked for in the same bytes again.
BROKEN_MOST = 16

#: SOI is followed by a marker in every JPEG; entropy-coded data never contains ff d8.
_START = SOI + b"\xff"

#: The EOI that ends a picture, or the SOI of the next where the camera broke one off. A compiled
#: pattern takes half the time of `find` on 900 bytes.
_find_end = re.compile(rb"\xff[\xd8\xd9]").search

NOTHING: tuple[bytes, ...] = ()


@dataclass(slots=True)
class AssemblerCounts:
    """What became of the datagrams and frames so far."""

    fragments: int = 0
    lost: int = 0
    repeated: int = 0
    reordered: int = 0
    bad: int = 0
    frames: int = 0
    damaged: int = 0
    foreign: int = 0  # of other senders
    short: int = 0  # too short for image data


class FrameCutter:
    """Cuts whole JPEGs out of the stream of image bytes.

        SEEKING --SOI--> WALKING --SOS--> SCANNING --EOI--> (whole frame) --> SEEKING
           ^                 |  no JPEG header    |  hole, SOI, too long
           +-----------------+--------------------+   the frame in progress is damaged

    After a hole an SOI may be that of a frame or of an embedded thumbnail. The frame then counts
    only if it has the size of the last certain frame, or of the one before that. The second case
    needs that nothing is missing in between, and no EOI: behind a thumbnail comes the EOI of its
    own picture. While no size is known, the SOI must stand behind a first fragment's header or an
    EOI, and only an SOI may stand behind its own EOI.
    """

    def __init__(self, counts: AssemblerCounts, limit: int = FRAME_LIMIT) -> None:
        self._counts = counts
        self._limit = limit
        self._buffer = bytearray()
        self._walk: HeaderWalk | None = None  # None: seeking
        self._scanning = False  # the walk is done: only an EOI is missing
        self._scanned = 0  # offset before which there is none
        self._certain = True  # no hole since the session's start or a certain end of a frame
        self._size: tuple[int, int] | None = None  # of the last certain frame
        self._candidate: tuple[int, int] | None = None  # of the last one not trusted
        self._sought = 0  # offset before which an EOI is the candidate's own

    @property
    def buffered(self) -> int:
        """Bytes held now; never more than the limit and one datagram."""
        return len(self._buffer)

    def hole(self) -> None:
        """Bytes are missing here: the frame in progress is damaged, the next start uncertain."""
        self._give_up()
        self._certain = False
        self._candidate = None

    def take(self, datagram: bytes) -> Sequence[bytes]:
        """Adds the next datagram, of 17 bytes or more; returns the frames that it completes."""
        if datagram[16] == 0xD8 and datagram[15] == 0xFF and self._begins_frame(datagram):
            self._give_up()
            self._buffer += datagram[FIRST_HEADER:]
            self._begin()
            return self._cut()
        self._buffer += datagram[HEADER:]
        if not self._scanning or _find_end(self._buffer, self._scanned) is not None:
            return self._cut()
        self._scanned = len(self._buffer) - 1
        if self._scanned > self._limit:
            self.hole()
        return NOTHING

    def _begins_frame(self, datagram: bytes) -> bool:
        """Whether the SOI at offset 15 is behind a first fragment's header, not amid data."""
        if self._walk is None:
            return True
        if not self._walk.done:  # inside a segment that is not at its end: a thumbnail's SOI
            return self._walk.at <= len(self._buffer)
        return datagram[FIRST_HEADER - 2 : FIRST_HEADER] != EOI

    def _begin(self) -> HeaderWalk:
        """The buffer now begins with a frame's SOI."""
        self._walk = HeaderWalk()
        self._scanning = False
        self._scanned = 0
        return self._walk

    def _end(self, count: int) -> None:
        """The first `count` bytes are done with, and so is the frame in progress."""
        self._walk = None
        self._scanning = False
        del self._buffer[:count]

    def _give_up(self) -> None:
        """Forgets the bytes at hand; a frame in progress counts as damaged."""
        self._counts.damaged += self._walk is not None
        self._end(len(self._buffer))

    def _cut(self) -> Sequence[bytes]:
        """Takes every whole frame out of the buffer."""
        frames: list[bytes] = []
        broken = 0
        while (walk := self._find_start()) is not None:
            walk.advance(self._buffer)
            if walk.broken:
                broken += 1
                self._drop(len(SOI)) if broken < BROKEN_MOST else self.hole()
                continue
            if not walk.done:
                break
            self._scanning = True
            self._scanned = max(self._scanned, walk.at)
            end = _find_end(self._buffer, self._scanned)
            if end is None:
                self._scanned = max(self._scanned, len(self._buffer) - 1)
                break
            if end.group() == EOI:
                self._finish(end.end(), walk, frames)
            else:
                self._drop(end.start())
        if len(self._buffer) > self._limit:
            self.hole()
        return frames

    def _find_start(self) -> HeaderWalk | None:
        """The walk of the frame in progress, or of the next one that starts in the buffer."""
        if self._walk is not None:
            return self._walk
        found = self._buffer.find(_START)
        while found >= 0 and not self._start_counts(found):
            found = self._buffer.find(_START, found + 1)
        self._doubt_candidate(found if found >= 0 else len(self._buffer))
        if found < 0:
            gone = max(0, len(self._buffer) - len(EOI + SOI))
            del self._buffer[:gone]  # both may end here, the third byte still to come
            self._sought = max(0, self._sought - gone)
            return None
        del self._buffer[:found]
        return self._begin()

    def _start_counts(self, at: int) -> bool:
        if self._certain or self._size is not None:
            return True
        return self._buffer[max(0, at - len(EOI)) : at] == EOI

    def _doubt_candidate(self, end: int) -> None:
        """An EOI before the next start: the candidate was a thumbnail in the picture that it ends.

        Args:
            end: offset of that start, or of what is still to come.
        """
        if self._candidate is not None:
            if self._buffer.find(EOI, self._sought, end) >= 0:
                self._candidate = None
            self._sought = max(self._sought, end - 1)

    def _trusted(self, end: int, size: tuple[int, int] | None) -> bool:
        """Whether a frame of uncertain start is one, not a thumbnail: that has data behind it."""
        if size in {self._size, self._candidate}:
            return True
        return self._size is None and self._ends_picture(end)

    def _ends_picture(self, end: int) -> bool:
        """Whether nothing stands behind that EOI but an SOI."""
        return SOI.startswith(self._buffer[end : end + len(SOI)])

    def _drop(self, count: int) -> None:
        """The frame in progress is none: looks for the next start behind `count` bytes."""
        self._counts.damaged += 1
        self._certain = False
        self._candidate = None
        self._end(count)

    def _finish(self, end: int, walk: HeaderWalk, frames: list[bytes]) -> None:
        """A frame ends at `end`: hands it on, unless it cannot be trusted."""
        if not self._certain and not self._trusted(end, walk.size):
            # A thumbnail, or a camera that changed its size: then the next frame confirms it.
            if self._ends_picture(end):  # no thumbnail: the next one may come behind a hole
                self._size = None
            self._drop(end - len(EOI))
            self._candidate, self._sought = walk.size, len(EOI)
            return
        frames.append(bytes(self._buffer[:end]))
        self._end(end)
        self._counts.frames += 1
        self._certain = True
        self._size, self._candidate = walk.size, None
