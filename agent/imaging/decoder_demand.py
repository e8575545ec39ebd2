"""What decoding an H.264 or H.265 stream takes in memory, read from its parameter sets. Pure.

A decoder has the memory for all its reference pictures before anybody sees the first one. So what
the stream demands is read here, before it is decoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.imaging.bits import Bits, unescaped
from agent.imaging.nal import H264, HEADER, HEVC
from agent.imaging.sps import h264, h265

#: Bytes of a decoder that are counted with the agent's own: H.264 of 1920x1080, four references.
DECODER_FREE = 32 * 2**20
#: Pictures that FFmpeg has beyond those that the stream demands: measured, see
#: docs/explanation/security.md.
_OWN_PICTURES = 6
#: A parameter set has some hundred bytes; what is longer is read no further.
_MOST_SET = 4096
#: Sets that are read of one packet; a camera sends one, or the same one again.
_MOST_SETS = 8

#: Sequence parameter sets, behind a start code: NAL unit type 7 of H.264, 33 of H.265.
_SETS = {
    H264: re.compile(rb"\x00\x00\x01(?=[\x07\x27\x47\x67])"),
    HEVC: re.compile(rb"\x00\x00\x01(?=[\x42\x43])"),
}
#: Bytes of a pixel of 8 bits, times two: grey, 4:2:0, 4:2:2, 4:4:4.
_HALVES = (2, 3, 4, 6)
#: Reference pictures that a stream may have (H.264 annex A.3.1, H.265 annex A.4.2).
_MOST_REFERENCES = 16
#: Pixels a side that no decoder takes.
_WIDEST = 1 << 16


@dataclass(frozen=True, slots=True)
class Demand:
    """What a stream says of its pictures.

    Attributes:
        width: pixels, as they are coded.
        height: likewise.
        picture: bytes of one decoded picture.
        pictures: that a decoder has at the same time.
    """

    width: int
    height: int
    picture: int
    pictures: int

    @property
    def size(self) -> int:
        """Bytes that its decoder needs."""
        return self.picture * self.pictures

    @property
    def counted(self) -> int:
        """Bytes of them that are counted as work of the camera."""
        return max(0, self.size - DECODER_FREE)


class TooManySets(ValueError):
    """A packet has more parameter sets than any camera sends."""


def demand(codec: str, data: bytes) -> Demand | None:
    """The largest demand of the parameter sets in these bytes; None: there is none that is known.

    Args:
        codec: FFmpeg's name of it.
        data: a packet, or parameter sets, with start codes.

    Raises:
        TooManySets: reading them all would take time.
    """
    pattern = _SETS.get(codec)
    if pattern is None:
        return None
    found: Demand | None = None
    for number, match in enumerate(pattern.finditer(data)):
        if number == _MOST_SETS:
            raise TooManySets
        unit = data[match.end() : match.end() + _MOST_SET].partition(b"\0\0\1")[0]
        try:
            one = _demand(codec, unit)
        except (IndexError, ValueError):
            continue  # FFmpeg cannot read it either
        if found is None or one.size > found.size:
            found = one
    return found


def _demand(codec: str, unit: bytes) -> Demand:
    bits = Bits(unescaped(unit))
    if codec == H264:
        sps = h264(bits)
    else:
        bits.take(8 * HEADER[HEVC])
        sps = h265(bits)
    sides = 0 < sps.width < _WIDEST and 0 < sps.height < _WIDEST
    if not (sides and sps.references <= _MOST_REFERENCES):
        raise ValueError
    samples = sps.width * sps.height * _HALVES[sps.chroma] // 2
    picture = samples * (2 if max(sps.depths) else 1)
    return Demand(sps.width, sps.height, picture, sps.references + _OWN_PICTURES)
