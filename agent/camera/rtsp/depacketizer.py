"""Pictures of H.264 (RFC 6184), H.265 (RFC 7798) and MPEG-4 (RFC 6416) out of RTP payloads. Pure.

A picture ends with the marker, or with the next timestamp where a camera sets no markers. Parameter
sets are remembered: a camera may say them once, in its description or in its stream, and a decoder
that begins with a later key picture needs them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple, Protocol

from agent.camera.rtsp.rtp import Row
from agent.imaging import nal
from agent.imaging.nal import SETS, shows, split, type_of

_START = b"\0\0\0\1"
#: The start codes of a byte stream, the short one first.
_CODES = (b"\0\0\1", _START)
#: Pictures without prediction, one after the other, from which on they count as key pictures.
_ENOUGH_UNTOLD = 2


class Coded(NamedTuple):
    """A picture as it was coded.

    Attributes:
        data: in Annex B, or a JPEG; empty: it came broken.
        timestamp: of its packets.
        key: decoding can begin here.
        sets: the parameter sets in force, in Annex B.
    """

    data: bytes
    timestamp: int
    key: bool = True
    sets: bytes = b""


class Depacketizer(Protocol):
    """Puts pictures of one codec together."""

    def add(self, packet: Row) -> Iterable[Coded]:
        """Takes the next packet; gives the pictures that it completes."""
        ...

    def add_all(self, packets: Iterable[Row]) -> list[Coded]:
        """Takes the next packets; gives the pictures that they complete."""
        return [picture for packet in packets for picture in self.add(packet)]


class NalUnits(Depacketizer):
    """What H.264 and H.265 have in common: a picture is a row of NAL units.

    Attributes:
        codec: FFmpeg's name, of the class.

    Args:
        sets: those of the description.
        most: bytes of a picture; what is larger counts as broken.
    """

    codec: ClassVar[str]
    #: For a packet that is neither the first nor the last part of a unit. These bits of its first
    #: byte have this value. The upper two bits of the byte there are 0.
    _part: ClassVar[tuple[int, int, int]]

    def __init__(self, sets: Iterable[bytes], most: int) -> None:
        self._most = most
        self._sets: dict[int, list[bytes]] = {}
        for several in sets:
            for unit in _parted(self.codec, several):
                self._sets.setdefault(type_of(self.codec, unit), []).append(unit)
        self._units: list[bytes] = []  # of this picture; bounded by `most`
        self._size = 0
        self._new_sets: set[int] = set()  # kinds that this picture brought
        self._fragment: list[bytes] | None = None
        self._timestamp: int | None = None
        self._marked = True  # markers end pictures, as long as no picture goes on behind one
        self._broken = self._pictured = self._key = False
        self._in_force: bytes | None = None  # all sets, in Annex B; None: they changed

    def add(self, packet: Row) -> list[Coded]:
        """Takes the next packet; gives the pictures that it completes."""
        payload, timestamp, marker, lost = packet
        found: list[Coded] = []
        if timestamp != self._timestamp and (lost or not self._inside(payload)):
            self._broken = self._broken or (lost and bool(self._units))  # its end may be lost
            self._ended(found)
            self._timestamp = timestamp
        if lost:
            self._broken, self._fragment = True, None
        self._size += len(payload)
        if self._size > self._most:
            self._broken, self._fragment = True, None
            self._units.clear()
        else:
            self._take(payload)
        if marker and self._fragment is not None:
            self._marked = False  # this camera marks each packet
        if marker and self._marked:
            self._ended(found)
        return found

    def add_all(self, packets: Iterable[Row]) -> list[Coded]:
        """Takes the next packets; gives the pictures that they complete.

        Most of them are parts from the middle of a unit; they only lie in the list from then on.
        """
        found: list[Coded] = []
        bits, value, at = self._part
        for packet in packets:
            payload, timestamp, marker, lost = packet
            fragment = self._fragment
            if (
                fragment is not None
                and len(payload) > at
                and payload[0] & bits == value
                and not payload[at] & 0xC0
                and timestamp == self._timestamp
                and not (marker or lost or self._size > self._most)
            ):
                self._size += len(payload)
                fragment.append(payload[at + 1 :])
            else:
                found.extend(self.add(packet))
        return found

    def whole(self, stream: bytes) -> list[Coded]:
        """Takes a picture that is whole, in Annex B."""
        found: list[Coded] = []
        for unit in split(stream):
            self._unit(unit)
        self._ended(found)
        return found

    def _inside(self, payload: bytes) -> bool:
        """Whether the unit goes on that came in part: some cameras give each part its own time."""
        bits, value, at = self._part
        goes_on = len(payload) > at and payload[0] & bits == value and not payload[at] & 0x80
        return goes_on and self._fragment is not None

    def _take(self, payload: bytes) -> None:
        raise NotImplementedError

    def _begins(self, kind: int, unit: bytes) -> bool:
        """Whether decoding can begin with this unit's picture."""
        raise NotImplementedError

    def _goes_on(self, unit: bytes) -> bool:
        """Whether this part of a picture is not its first."""
        raise NotImplementedError

    def _key_by_its_parts(self) -> bool:
        """Whether decoding can begin with this picture, which is whole."""
        return self._key

    def _unit(self, data: bytes) -> None:
        """Takes a unit as it came: of some cameras several in one."""
        for unit in _parted(self.codec, data):
            self._one(unit)

    def _one(self, unit: bytes) -> None:
        kind = type_of(self.codec, unit)
        if kind in SETS[self.codec]:
            if kind not in self._new_sets:
                self._new_sets.add(kind)
                self._sets[kind] = []
            self._sets[kind].append(unit)
            self._in_force = None
        pictured = shows(self.codec, kind)
        if pictured and not self._pictured and not self._broken and self._goes_on(unit):
            self._marked = False  # this camera marks each part
            self._broken = True
        self._key = self._key or self._begins(kind, unit)
        self._pictured = self._pictured or pictured
        self._units.append(unit)

    def _begin(self, first: bytes) -> None:
        """A fragmented unit begins with these bytes."""
        self._fragment = [first]

    def _go_on(self, part: bytes, *, last: bool) -> None:
        """The unit in fragments goes on."""
        if self._fragment is None:
            self._broken = True  # its beginning was lost
            return
        self._fragment.append(part)
        if last:
            unit, self._fragment = b"".join(self._fragment), None
            self._unit(unit)

    def _ended(self, found: list[Coded]) -> None:
        """Adds the picture, if there is one; parameter sets alone wait for theirs."""
        if self._broken or self._fragment is not None:
            found.append(Coded(b"", self._timestamp or 0))
        elif self._pictured:
            if self._in_force is None:
                self._in_force = self._those(self._sets)
            self._key = self._key_by_its_parts()
            data = _START + _START.join(self._units)
            if self._key:
                data = self._those(set(self._sets) - self._new_sets) + data
            found.append(Coded(data, self._timestamp or 0, self._key, self._in_force))
        elif self._size <= self._most:
            return
        self._units, self._fragment, self._size, self._new_sets = [], None, 0, set()
        self._broken = self._pictured = self._key = False

    def _those(self, kinds: Iterable[int]) -> bytes:
        """The sets of these kinds."""
        return b"".join(_START + unit for kind in sorted(kinds) for unit in self._sets[kind])


class H264(NalUnits):
    """RFC 6184: single units, STAP-A, FU-A."""

    codec = nal.H264
    _part = 0x1F, 28, 1
    _untold = 0  # pictures without prediction since the last one of which the camera said so

    def _begins(self, kind: int, unit: bytes) -> bool:
        # with a recovery point a camera without IDR pictures says where one can begin
        return kind == nal.IDR or (kind == nal.SEI and nal.recovers(unit))

    def _goes_on(self, unit: bytes) -> bool:
        return len(unit) > 1 and not unit[1] & 0x80  # first_mb_in_slice is not 0

    def _key_by_its_parts(self) -> bool:
        """Some cameras send neither IDR pictures nor recovery points, or sent them long ago.

        What they send instead is coded without prediction from others. The second such picture
        counts, and gets a recovery point. Between IDR pictures one alone is no beginning, because
        what follows may refer to others.
        """
        if self._key:
            self._untold = 0
            return True
        slices = [unit for unit in self._units if type_of(self.codec, unit) == nal.SLICE]
        if not slices or not all(map(nal.unpredicted, slices)):
            return False
        self._untold += 1
        if self._untold < _ENOUGH_UNTOLD:
            return False
        self._units.insert(self._units.index(slices[0]), nal.RECOVERY_POINT)
        return True

    def _take(self, payload: bytes) -> None:
        kind = payload[0] & 31 if payload else 0
        if 1 <= kind <= 23 or payload.startswith(_CODES):
            self._unit(payload)
        elif kind in {24, 25}:
            for unit in _aggregated(payload, 1 if kind == 24 else 3):
                self._unit(unit)
        elif kind in {28, 29} and len(payload) > 2:
            if payload[1] & 0x80:
                self._begin(bytes((payload[0] & 0xE0 | payload[1] & 31,)))
            begin = 4 if kind == 29 and payload[1] & 0x80 else 2
            self._go_on(payload[begin:], last=bool(payload[1] & 0x40))


class H265(NalUnits):
    """RFC 7798: single units, aggregation packets, fragmentation units."""

    codec = nal.HEVC
    _part = 0x7E, 49 << 1, 2

    def _begins(self, kind: int, unit: bytes) -> bool:  # noqa: ARG002
        return 16 <= kind <= 21

    def _goes_on(self, unit: bytes) -> bool:
        return len(unit) > 2 and not unit[2] & 0x80  # first_slice_segment_in_pic_flag

    def _take(self, payload: bytes) -> None:
        if len(payload) < 3:
            return
        kind = payload[0] >> 1 & 63
        if kind == 48:
            for unit in _aggregated(payload, 2):
                self._unit(unit)
        elif kind == 49:
            if payload[2] & 0x80:
                first = payload[0] & 0x81 | (payload[2] & 63) << 1
                self._begin(bytes((first, payload[1])))
            self._go_on(payload[3:], last=bool(payload[2] & 0x40))
        elif kind < 48:
            self._unit(payload)


def _parted(codec: str, data: bytes) -> Iterable[bytes]:
    """The NAL units in what came as one.

    Some cameras put several into one, with the start codes of a byte stream before or between
    them. A NAL unit has no start code in itself. Slices are large, and are looked at only where
    they begin with one.
    """
    if not data:
        return ()
    whole = shows(codec, type_of(codec, data)) and not data.startswith(_CODES)
    if whole or _CODES[0] not in data:
        return (data,)
    return split(_START + data)


def _aggregated(payload: bytes, at: int) -> Iterator[bytes]:
    """The units of one packet, each behind its length."""
    while at + 2 < len(payload):
        length = int.from_bytes(payload[at : at + 2], "big")
        yield payload[at + 2 : at + 2 + length]
        at += 2 + length


class Mpeg4(Depacketizer):
    """RFC 6416: the packets of a picture, one behind the other."""

    #: Start of a picture of kind I (ISO/IEC 14496-2, 6.2.5).
    _INTRA = re.compile(rb"\x00\x00\x01\xb6[\x00-\x3f]")

    def __init__(self, config: bytes, most: int) -> None:
        self._config, self._most = config, most
        self._parts: list[bytes] = []
        self._size = 0
        self._broken = False

    def add(self, packet: Row) -> Iterator[Coded]:
        """Takes the next packet; gives the picture that it completes."""
        payload, timestamp, marker, lost = packet
        self._size += len(payload)
        self._broken = self._broken or lost or self._size > self._most
        if self._broken:
            self._parts.clear()
        else:
            self._parts.append(payload)
        if not marker:
            return
        data = b"".join(self._parts)
        key = self._INTRA.search(data) is not None
        if self._broken or data:
            begin = self._config if key and data else b""
            yield Coded(begin + data, timestamp, key, self._config)
        self._parts, self._size, self._broken = [], 0, False
