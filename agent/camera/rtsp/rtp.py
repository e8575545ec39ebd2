"""RTP (RFC 3550): packets in their order, and what is missing between them. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_HEADER = struct.Struct(">BBHII")
#: The first byte of a packet without padding, extension and sources (RFC 3550, 5.1).
_PLAIN = 0x80
#: Packets behind a hole that are kept until it is given up: 30 ms of 8 Mbit/s.
_MOST_WAITING = 32
#: Pictures behind a hole, likewise: packets overtake each other by milliseconds, and a slow
#: camera sends 32 of them in many seconds.
_MOST_PICTURES = 2
#: Over UDP a sequence number so far behind the one expected is late or doubled; farther is a new
#: beginning. So are more late ones in their order than come by overtaking, and no new one.
_LATE, _MOST_LATE = 512, 2 * _MOST_WAITING
#: Begins an extension with segments of a JPEG's header (ONVIF Streaming Specification, 5.1.4). The
#: number of its bytes that are looked at.
_JPEG_HEADER, _MOST_HEADER = b"\xff\xd8", 1024
#: RTCP: the sender says goodbye (RFC 3550, 6.6).
_BYE = 203
#: And what it has sent (6.4.1).
_SENDER = 200


class Packet(NamedTuple):
    """One packet: its payload, timestamp, and whether it ends a picture.

    `lost`: packets are missing before it.
    """

    payload: bytes
    timestamp: int
    marker: bool
    lost: bool = False


def payload_type(data: bytes) -> int:
    """Of a packet as it came; -1: it is too short to have one."""
    return data[1] & 0x7F if len(data) >= _HEADER.size else -1


#: The same as a plain tuple, which is made in a sixth of the time.
Row = tuple[bytes, int, bool, bool]


class Order:
    """Packets of one payload type, in the order in which they were sent.

    Over TCP nothing is lost on the way or comes late. What is missing there the camera has left
    out. Where its numbers go back or stand still, it counts from another number or not at all.

    Args:
        payload: RTP payload type; others are left out.
        waits: packets may overtake each other (UDP); over TCP they do not.

    Attributes:
        source: the sender's number (SSRC); None before the first packet.
        jpeg_header: the last extension in which a camera sent what has no place in RFC 2435.
    """

    def __init__(self, payload: int, *, waits: bool) -> None:
        self._payload = payload
        self._waits = waits
        self._expected: int | None = None
        self.source: int | None = None
        self.jpeg_header = b""
        self._waiting: dict[int, Packet] = {}
        self._last = b""  # as it came, over TCP
        self._late: tuple[int, int | None] = 0, None  # the last late number, what was expected then
        self._late_row = 0  # how many came in a row

    def add_all(self, came: Iterable[bytes]) -> list[Row]:
        """Takes packets as they came; gives those whose turn it is.

        What stands here in the loop is done thousands of times a second: nearly always a packet is
        plain and the expected one.
        """
        found: list[Row] = []
        read, payload, begin = _HEADER.unpack_from, self._payload, _HEADER.size
        for data in came:
            if len(data) >= begin and not self._waiting:
                first, second, sequence, timestamp, source = read(data)
                if (
                    sequence == self._expected
                    and first == _PLAIN
                    and source == self.source
                    and second & 0x7F == payload
                ):
                    self._expected = (sequence + 1) & 0xFFFF
                    self._last = data
                    found.append((data[begin:], timestamp, second > 0x7F, False))
                    continue
            found.extend(self.add(data))
        return found

    def add(self, data: bytes) -> Iterator[Packet]:
        """Takes a packet as it came; gives those whose turn it is."""
        read = self._read(data)
        if read is None:
            return
        sequence, packet = read
        if self._expected is None:
            self._expected = sequence
        ahead = (sequence - self._expected) & 0xFFFF
        back = ahead > 0x7FFF
        if not self._waits and data == self._last:
            return  # for the second time
        self._last = data
        if self._waits and ahead > 0xFFFF - _LATE and not self._begins_again(sequence):
            return  # late, or for the second time
        if ahead == 0:
            yield self._next(packet)
        elif not self._waits or back:
            self._waiting.clear()
            self._expected = sequence
            yield self._next(packet._replace(lost=self._waits or not back))
        else:
            self._waiting[sequence] = packet
        yield from self._due()

    def _due(self) -> Iterator[Packet]:
        lost = False
        while self._waiting and self._expected is not None:
            packet = self._waiting.pop(self._expected, None)
            if packet is not None:
                yield self._next(packet._replace(lost=lost))
                lost = False
            elif self._gives_up():
                expected = self._expected
                self._expected = min(self._waiting, key=lambda it: (it - expected) & 0xFFFF)
                lost = True
            else:
                return

    def _begins_again(self, sequence: int) -> bool:
        """Whether it is a restart: more late packets came in their order than by overtaking.

        Where new ones come between them, the network doubles or delays what the camera sends.
        """
        before, expected = self._late
        follows = expected == self._expected and sequence == (before + 1) & 0xFFFF
        self._late = sequence, self._expected
        self._late_row = self._late_row + 1 if follows else 0
        return self._late_row >= _MOST_LATE

    def _gives_up(self) -> bool:
        """What is missing will not come any more."""
        pictures = {packet.timestamp for packet in self._waiting.values()}
        return len(self._waiting) > _MOST_WAITING or len(pictures) > _MOST_PICTURES

    def _next(self, packet: Packet) -> Packet:
        assert self._expected is not None  # noqa: S101  set by `add`
        self._expected = (self._expected + 1) & 0xFFFF
        return packet

    def _read(self, data: bytes) -> tuple[int, Packet] | None:
        """Sequence number and packet (RFC 3550, 5.1); None: it is none of ours."""
        if len(data) < _HEADER.size:
            return None
        first, second, sequence, timestamp, source = _HEADER.unpack_from(data)
        if first >> 6 != 2 or second & 0x7F != self._payload:
            return None
        if source != self.source:  # the camera began again, with new numbers
            self.source, self._expected = source, None
            self._waiting.clear()
        begin, end = _HEADER.size + 4 * (first & 0x0F), len(data)
        if first & 0x10:
            if len(data) < begin + 4:
                return None
            size = 4 * int.from_bytes(data[begin + 2 : begin + 4], "big")
            if data[begin : begin + 2] == _JPEG_HEADER:
                self.jpeg_header = data[begin + 4 : begin + 4 + min(size, _MOST_HEADER)]
            begin += 4 + size
        if first & 0x20:
            end -= data[-1]
        return sequence, Packet(data[begin:end], timestamp, second > 0x7F)


def says_goodbye(data: bytes, source: int | None) -> bool:
    """Whether a packet of RTCP ends the stream of this sender; None: of any."""
    at = 0
    while at + 4 <= len(data) and data[at] >> 6 == 2:
        if data[at + 1] == _BYE:
            count = data[at] & 31
            said = data[at + 4 : at + 4 + 4 * count]
            gone = {int.from_bytes(said[n : n + 4], "big") for n in range(0, len(said), 4)}
            return source is None or not gone or source in gone
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
    return False


class Report(NamedTuple):
    """A sender's report: `ntp` seconds since 1900 were shown when it sampled `timestamp`."""

    ntp: float
    timestamp: int


def sender_report(data: bytes) -> Report | None:
    """What a packet of RTCP says of the sender's clock (RFC 3550, 6.4.1); None: nothing."""
    at = 0
    while at + 20 <= len(data) and data[at] >> 6 == 2:
        if data[at + 1] == _SENDER:
            seconds, parts, timestamp = struct.unpack_from(">III", data, at + 8)
            return Report(seconds + parts / 2**32, timestamp) if seconds else None
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def receiver_report(ours: int) -> bytes:
    """That somebody receives, and nothing about how well (RFC 3550, 6.4.2)."""
    return struct.pack(">BBHI", 0x80, 201, 1, ours)
