"""JPEGs -> image datagrams, as the camera cuts them. Pure; for the simulator."""

from __future__ import annotations

from dataclasses import dataclass

from agent.camera.hk.packets import DATAGRAM_MAX, FRAGMENT_MIN

#: What the camera usually sends (proven).
DATAGRAM_SIZE = 904

#: Bytes for both headers and a deferred remainder (ours; no camera sends as few).
DATAGRAM_LEAST = 64

_FIRST_HEADER = 15  # SOI stands behind it (proven); of what it says only the number is known
_HEADER = 4  # number first (proven), then 0 and the length << 4 (as the second dialect has it)
#: The low four bits next to the length: not 0 with a Time2 MIP12 (seen).
_LOW = 4
_LEAST = FRAGMENT_MIN - _HEADER


@dataclass(frozen=True, slots=True)
class Cut:
    """The datagrams of a frame; when `shared`, the last one also begins the following frame."""

    datagrams: tuple[bytes, ...]
    shared: bool


class Fragmenter:
    """Cuts frames one after the other and numbers the datagrams, 255 then 0.

    In the second dialect (`wide`) numbers have 16 bits, and no frame has a longer header.

    A frame `joined` to the following one does not end its last datagram: the following frame's SOI
    comes directly behind its EOI, without a header between.
    """

    def __init__(self, size: int = DATAGRAM_SIZE, *, wide: bool = False) -> None:
        if not DATAGRAM_LEAST <= size <= DATAGRAM_MAX:
            raise ValueError(f"datagrams of {size} bytes: {DATAGRAM_LEAST} to {DATAGRAM_MAX} fit")
        self._size = size
        self._first_header = _HEADER if wide else _FIRST_HEADER
        self._numbers = 0xFFFF if wide else 0xFF
        self._number = 0
        self._ahead = 0  # bytes of the coming frame that are already sent

    def cut(self, frame: bytes, following: bytes = b"", *, joined: bool = False) -> Cut:
        """The datagrams of `frame`; `following` has to be the next frame cut if it is joined."""
        rest = frame[self._ahead :]
        datagrams = []
        header = _HEADER if self._ahead else self._first_header
        self._ahead = 0
        while rest:
            room = self._size - header
            if room < len(rest) < room + _LEAST:  # what is left over would be too short for data
                room -= _LEAST
            chunk, rest = rest[:room], rest[room:]
            if not rest and joined:
                # At least that much stays for a datagram of its own.
                self._ahead = max(0, min(room - len(chunk), len(following) - _LEAST))
                chunk += following[: self._ahead]
            datagrams.append(self._datagram(header, chunk))
            header = _HEADER
        return Cut(tuple(datagrams), bool(self._ahead))

    def _datagram(self, header: int, chunk: bytes) -> bytes:
        length = header + len(chunk)
        head = self._number.to_bytes(2, "little") + (length << 4 & 0xFFFF | _LOW).to_bytes(
            2, "little"
        )
        self._number = (self._number + 1) & self._numbers
        return head.ljust(header, b"\0") + chunk
