"""The second dialect's image data, brought into the form that `assembler` knows. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from agent.camera.hk.assembler import Assembler
from agent.camera.hk.jpeg_splitter import FIRST_HEADER, HEADER, NOTHING
from agent.camera.hk.packets import DATAGRAM_MAX, FRAGMENT_MIN
from agent.camera.jpeg_header import SOI

_START = SOI + b"\xff"
_PADDING = bytes(FIRST_HEADER - HEADER)

#: Numbers this far from the expected one, or farther, are beyond what 8 bits tell apart.
_FAR = 128


class WideAssembler(Assembler):
    """An assembler for 16-bit numbers, and for frames that begin behind 4 bytes of header.

    First fragments that leave no bytes for the longer header (over 2,037 bytes) are taken as they
    are. Then the first frame of a session may be missed.

    The low byte alone orders the datagrams. It cannot show a hole of 128 or more: the whole number
    shows that, if the next datagram confirms it. So a stray datagram moves nothing.
    """

    _last: int | None = None
    _far: int | None = None

    def push(self, datagram: bytes) -> Sequence[bytes]:
        """Takes a datagram; returns the JPEGs, SOI to EOI, that became whole by it."""
        if not FRAGMENT_MIN <= len(datagram) <= DATAGRAM_MAX:
            self.counts.bad += 1
            return NOTHING
        number = datagram[0] | datagram[1] << 8
        if self._last is not None and _FAR <= (number - self._last) & 0xFFFF <= 0x10000 - _FAR:
            if self._far is None or number != (self._far + 1) & 0xFFFF:
                self._far = number
                self.counts.bad += 1
                return NOTHING
            self.counts.lost += (number - self._last - 1) & 0xFFFF
            self.hole()
        self._last, self._far = number, None
        if (
            datagram[HEADER : HEADER + 3] == _START
            and len(datagram) + len(_PADDING) <= DATAGRAM_MAX
        ):
            datagram = datagram[:HEADER] + _PADDING + datagram[HEADER:]
        return super().push(datagram)
