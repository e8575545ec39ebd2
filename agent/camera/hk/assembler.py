"""Image datagrams -> whole JPEGs: puts them in order, and `jpeg_splitter` cuts them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from agent.camera.hk.jpeg_splitter import (
    FIRST_HEADER,
    FRAME_LIMIT,
    NOTHING,
    AssemblerCounts,
    FrameCutter,
)
from agent.camera.hk.packets import DATAGRAM_MAX, FRAGMENT_MIN
from agent.camera.jpeg_header import SOI

#: How far ahead of a missing datagram others are held back: enough for neighbours that overtake
#: each other, and too few to delay the next frame (15 fragments at least).
REORDER_WINDOW = 8

#: How far back a repeated or late datagram is recognised; farther back it is a hole of nearly 256.
MEMORY = 32


class Assembler:
    """Puts image datagrams in order and lets the cutter take the frames out.

    A number ahead of the expected one waits for at most `REORDER_WINDOW` others. Then the missing
    ones are lost. A number behind is a repetition only if its bytes are the same. Otherwise the
    stream has jumped, if the next datagram follows from it, or the datagram is a stray one.
    8-bit numbers cannot show a hole of exactly 256: a caller that knows of one calls `hole`.
    """

    def __init__(self, counts: AssemblerCounts | None = None, limit: int = FRAME_LIMIT) -> None:
        self.counts = AssemblerCounts() if counts is None else counts
        self._cutter = FrameCutter(self.counts, limit)
        self._expected: int | None = None  # number of the next datagram; None: not yet known
        self._waiting: dict[int, bytes] = {}
        self._seen: list[bytes | None] = [None] * MEMORY  # by number, None: lost
        self._stray: bytes | None = None

    @property
    def buffered(self) -> int:
        """Bytes of the frame in progress and of datagrams that wait for their turn."""
        return self._cutter.buffered + sum(map(len, self._waiting.values()))

    def push(self, datagram: bytes) -> Sequence[bytes]:
        """Takes a datagram; returns the JPEGs, SOI to EOI, that became whole by it."""
        if not FRAGMENT_MIN <= len(datagram) <= DATAGRAM_MAX:
            self.counts.bad += 1
            return NOTHING
        self.counts.fragments += 1
        number = datagram[0]
        if number != self._expected or self._waiting:
            return self._out_of_order(number, datagram)
        self._seen[number % MEMORY] = datagram
        self._expected = (number + 1) & 0xFF
        return self._cutter.take(datagram)

    def settle(self) -> Sequence[bytes]:
        """Nothing more is on its way: gives up what is missing, returns the frames behind it."""
        frames: list[bytes] = []
        while self._waiting and self._expected is not None:
            self._lose(self._expected, self._nearest(self._expected))
            self._drain(frames)
        return frames

    def hole(self) -> None:
        """Datagrams are known to be lost before the next one."""
        self._waiting.clear()
        self._expected = None
        self._seen = [None] * MEMORY
        self._cutter.hole()

    def _out_of_order(self, number: int, datagram: bytes) -> Sequence[bytes]:
        """Finds the place of a datagram that is not simply the next one."""
        frames: list[bytes] = []
        if self._expected is None:
            self._waiting[number] = datagram
            self._synchronise(number, starts=datagram[FIRST_HEADER:].startswith(SOI))
            self._drain(frames)
            return frames
        ahead = (number - self._expected) & 0xFF
        self.counts.reordered += ahead == 0
        if ahead > REORDER_WINDOW and self._is_past(number, datagram, 256 - ahead):
            return NOTHING
        while self._waiting and REORDER_WINDOW < ahead <= 2 * REORDER_WINDOW:
            self._lose(self._expected, self._nearest(self._expected))
            self._drain(frames)
            ahead = (number - self._expected) & 0xFF
        if ahead > REORDER_WINDOW:
            if not self._has_jumped(self._expected, number, datagram):
                return frames
        elif number in self._waiting:
            if self._waiting[number] == datagram:
                self.counts.repeated += 1
            else:  # two datagrams claim one number: neither can be trusted
                self.counts.bad += 1
                self.hole()
            return frames
        self._waiting[number] = datagram
        self._drain(frames)
        return frames

    def _synchronise(self, number: int, *, starts: bool) -> None:
        """Begins with the earliest number at hand, once a frame's first fragment is among them.

        So a first fragment that was overtaken still finds its followers; without one (the session
        is joined in midstream) as many as the window holds are waited for.
        """
        if starts or len(self._waiting) > REORDER_WINDOW:
            first = (number - REORDER_WINDOW) & 0xFF
            for other in list(self._waiting):
                if (other - first) & 0xFF > 2 * REORDER_WINDOW:
                    del self._waiting[other]
                    self.counts.bad += 1
            self._expected = self._nearest(first)
            if not starts:
                self._cutter.hole()

    def _has_jumped(self, expected: int, number: int, datagram: bytes) -> bool:
        """Whether the stream goes on from here; a single stray datagram does not move it.

        The first one with a strange number is kept aside; if the next number follows, both count.
        """
        stray, self._stray = self._stray, datagram
        if stray is None or (stray[0] + 1) & 0xFF != number:
            self.counts.bad += stray is not None
            return False
        self._stray = None
        self._waiting.clear()
        self._lose(expected, stray[0])
        self._waiting[stray[0]] = stray
        return True

    def _nearest(self, number: int) -> int:
        """The first waiting number at or after `number`, counted around."""
        return min(self._waiting, key=lambda waiting: (waiting - number) & 0xFF)

    def _is_past(self, number: int, datagram: bytes, behind: int) -> bool:
        """Whether the datagram is a repetition or came too late; counts it."""
        if behind > MEMORY:
            return False
        seen = self._seen[number % MEMORY]
        if seen is None:
            self.counts.reordered += 1
            return True
        if seen == datagram:
            self.counts.repeated += 1
            return True
        self._cutter.hole()  # two datagrams claim one number: which one was noise?
        return False

    def _lose(self, expected: int, number: int) -> None:
        """Gives up the datagrams from `expected` to before `number`, which becomes the next one."""
        missing = (number - expected) & 0xFF
        self.counts.lost += missing
        for step in range(min(missing, MEMORY)):
            self._seen[(number - 1 - step) % MEMORY] = None
        self._expected = number
        self._cutter.hole()

    def _drain(self, frames: list[bytes]) -> None:
        """Takes the waiting datagrams whose turn it is."""
        while self._expected is not None and self._expected in self._waiting:
            datagram = self._waiting.pop(self._expected)
            self._seen[self._expected % MEMORY] = datagram
            self._expected = (self._expected + 1) & 0xFF
            frames.extend(self._cutter.take(datagram))
