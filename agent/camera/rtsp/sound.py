"""Units of sound out of RTP payloads: AAC (RFC 3640), G.711 (RFC 3551), Opus (RFC 7587). Pure."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from agent.camera.rtsp.rtp import Packet
from agent.camera.rtsp.sdp import Media
from agent.core.frame import SoundFormat
from agent.imaging.bits import Bits

#: Bytes of a unit: AAC says its size in 13 bits, and a packet of the others is smaller.
MOST_UNIT = 8192
#: Units in a packet: a camera puts one to ten into it.
_MOST_UNITS = 64
_G711 = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw"}
_OPUS_RATE = 48000
#: Ticks of a unit of AAC, and with a shorter window (ISO/IEC 14496-3, 4.4.1).
_AAC, _AAC_SHORT = 1024, 960
#: Sampling rates by index (ISO/IEC 14496-3, table 1.18).
_RATES = (
    *(96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050),
    *(16000, 12000, 11025, 8000, 7350),
)
_OWN_RATE = 15
#: Kinds of AAC that everybody plays: LC, and LC with SBR or PS.
_LC, _EXTENDED = 2, frozenset({5, 29})
_RATES_ALLOWED = range(4000, 96001)


class NoSound(ValueError):
    """Sound of a kind that is not recorded; the text says why."""


class Piece(NamedTuple):
    """A unit, and the ticks from its packet's timestamp to its first sample; empty: broken."""

    data: bytes
    after: int


class SoundDepacketizer(Protocol):
    """Takes units out of packets."""

    def add(self, packet: Packet) -> Iterator[Piece]:
        """Takes the next packet; gives the units that it completes."""
        ...


def format_of(media: Media) -> SoundFormat:
    """How a stream's sound is coded.

    Raises:
        NoSound: it is of a kind that is not recorded.
    """
    if media.codec in _G711:
        if media.rate not in _RATES_ALLOWED or media.channels > 2:
            raise NoSound(f"{media.codec} of {media.rate} Hz is not recorded")
        return SoundFormat(_G711[media.codec], media.rate, media.channels)
    if media.codec == "OPUS" and media.rate == _OPUS_RATE:
        return SoundFormat("opus", _OPUS_RATE, 2 if media.options.get("sprop-stereo") == "1" else 1)
    if media.codec != "MPEG4-GENERIC":
        kind = media.codec or f"payload type {media.payload}"
        raise NoSound(f"{kind} is not recorded: set the camera's sound to AAC or G.711")
    try:
        config = binascii.unhexlify(media.options.get("config", ""))
        return aac_format(config, media.rate)
    except (binascii.Error, ValueError, IndexError):
        raise NoSound("AAC whose description cannot be read") from None


def aac_format(config: bytes, rate: int) -> SoundFormat:
    """What an AudioSpecificConfig says (ISO/IEC 14496-3, 1.6.2.1).

    Args:
        config: the record.
        rate: ticks a second, as the description has it.

    Raises:
        ValueError, IndexError: it says what is not recorded, or is cut off.
    """
    bits = Bits(config[:64])
    kind = bits.take(5)
    core = _rate(bits)
    channels = bits.take(4)
    if kind in _EXTENDED:
        _rate(bits)
        kind = bits.take(5)
    short = bits.take(1)
    if kind != _LC or not 1 <= channels <= 7 or not {rate, core} <= set(_RATES_ALLOWED):
        raise ValueError("AAC of a kind that is not recorded")
    samples = (_AAC_SHORT if short else _AAC) * rate // core
    return SoundFormat("aac", rate, 8 if channels == 7 else channels, config, samples)


def _rate(bits: Bits) -> int:
    index = bits.take(4)
    return bits.take(24) if index == _OWN_RATE else _RATES[index]


def depacketizer(media: Media, sound: SoundFormat) -> SoundDepacketizer:
    """What takes the units out of a stream's packets.

    Raises:
        NoSound: the sizes of its units have no fixed place.
    """
    return Aac(media, sound.samples) if sound.codec == "aac" else Whole()


class Whole:
    """G.711 and Opus: a packet is a unit."""

    def add(self, packet: Packet) -> Iterator[Piece]:
        """Takes the next packet."""
        if packet.payload:
            fits = len(packet.payload) <= MOST_UNIT
            yield Piece(packet.payload if fits else b"", 0)


class Aac:
    """RFC 3640: sizes first, then units; or a unit in fragments.

    Args:
        media: tells in how many bits the sizes are.
        samples: ticks of a unit.

    Raises:
        NoSound: it tells no usable ones.
    """

    def __init__(self, media: Media, samples: int) -> None:
        self._samples = samples
        self._bits = [self._option(media, "sizelength", 13)]
        self._bits += [self._option(media, name, 3) for name in ("indexlength", "indexdeltalength")]
        if not 0 < self._bits[0] <= 16:
            raise NoSound("AAC without the sizes of its units")
        self._parts: list[bytes] = []  # of a unit in fragments, bounded by its size
        self._wanted = 0

    def add(self, packet: Packet) -> Iterator[Piece]:
        """Takes the next packet; gives the units that it completes."""
        if packet.lost or (self._parts and not packet.payload):
            self._parts.clear()
        try:
            sizes, at = self._sizes(packet.payload)
        except (IndexError, ValueError):
            self._parts.clear()
            yield Piece(b"", 0)
            return
        payload = packet.payload[at:]
        if len(sizes) == 1 and (self._parts or sizes[0] > len(payload)):
            yield from self._fragment(payload, sizes[0], last=packet.marker)
            return
        self._parts.clear()
        at = 0
        for number, size in enumerate(sizes):
            whole = 0 < size <= len(payload) - at
            yield Piece(payload[at : at + size] if whole else b"", number * self._samples)
            at += size

    def _fragment(self, payload: bytes, size: int, *, last: bool) -> Iterator[Piece]:
        if self._parts and size != self._wanted:
            self._parts.clear()
            yield Piece(b"", 0)
            return
        self._wanted = size
        self._parts.append(payload)
        if last or sum(map(len, self._parts)) >= size:
            data = b"".join(self._parts)
            self._parts.clear()
            yield Piece(data if len(data) == size else b"", 0)

    def _sizes(self, payload: bytes) -> tuple[list[int], int]:
        """The sizes of the units, and where the first of them begins."""
        length = int.from_bytes(payload[:2], "big")
        end = 2 + (length + 7) // 8
        if not length or end > len(payload):
            raise ValueError("no sizes")
        bits = Bits(payload[2:end])
        sizes: list[int] = []
        first, index, delta = self._bits[0], *self._bits[1:]
        taken = 0
        while taken + first <= length and len(sizes) < _MOST_UNITS:
            sizes.append(bits.take(first))
            skipped = delta if len(sizes) > 1 else index
            if skipped:
                bits.take(skipped)
            taken += first + skipped
        return sizes, end

    @staticmethod
    def _option(media: Media, name: str, usual: int) -> int:
        text = media.options.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else usual
