"""What decoding an H.264 or H.265 stream takes in memory, read from its parameter sets. Pure.

A decoder has the memory for all its reference pictures before anybody sees the first one. So what
the stream demands is read here, before it is decoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.imaging.bits import Bits, skip_scalings, unescaped

#: The names of FFmpeg of what is read here.
H264, HEVC = "h264", "hevc"
#: Pictures that FFmpeg has besides those that the stream demands: measured, see docs/security.md.
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
#: Profiles of H.264 that say more of their samples.
_HIGH = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
#: Bytes of a pixel of 8 bits, times two: grey, 4:2:0, 4:2:2, 4:4:4.
_HALVES = (2, 3, 4, 6)
#: Reference pictures that a stream may have (H.264 annex A.3.1, H.265 annex A.4.2).
_MOST_REFERENCES = 16
#: Pixels a side that no decoder takes.
_WIDEST = 1 << 16
#: Blocks of H.264 are 16 pixels wide.
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Demand:
    """What a stream says of its pictures.

    Attributes:
        width: pixels, as they are coded.
        height: likewise.
        picture: bytes of one decoded picture.
        pictures: that a decoder has at once.
    """

    width: int
    height: int
    picture: int
    pictures: int

    @property
    def size(self) -> int:
        """Bytes that its decoder needs."""
        return self.picture * self.pictures


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
    read = _of_h264 if codec == H264 else _of_hevc
    found: Demand | None = None
    for number, match in enumerate(pattern.finditer(data)):
        if number == _MOST_SETS:
            raise TooManySets
        unit = data[match.end() : match.end() + _MOST_SET].partition(b"\0\0\1")[0]
        try:
            one = read(unescaped(unit))
        except (IndexError, ValueError):
            continue  # FFmpeg cannot read it either
        if found is None or one.size > found.size:
            found = one
    return found


def _of_h264(unit: bytes) -> Demand:
    """ITU-T H.264 section 7.3.2.1.1."""
    bits = Bits(unit)
    bits.take(8)
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    colours, depth = 1, 8
    if profile in _HIGH:
        colours = bits.golomb()
        if colours == 3:
            bits.take(1)
        depth += max(bits.golomb(), bits.golomb())
        bits.take(1)
        if bits.take(1):
            skip_scalings(bits, 12 if colours == 3 else 8)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.skip_golombs(2)
        bits.skip_golombs(min(bits.golomb(), 256))
    references = bits.golomb()
    bits.take(1)
    width = (bits.golomb() + 1) * _BLOCK
    height = bits.golomb() + 1
    height *= _BLOCK if bits.take(1) else 2 * _BLOCK
    return _demand(width, height, colours, depth, references)


def _of_hevc(unit: bytes) -> Demand:
    """ITU-T H.265 section 7.3.2.2.1."""
    bits = Bits(unit)
    bits.take(16 + 4)
    layers = bits.take(3)
    bits.take(1)
    bits.take(88 + 8)  # profile, level
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    colours = bits.golomb()
    if colours == 3:
        bits.take(1)
    width, height = bits.golomb(), bits.golomb()
    if bits.take(1):
        bits.skip_golombs(4)
    depth = 8 + max(bits.golomb(), bits.golomb())
    bits.golomb()
    references = 0
    for _ in range(layers + 1 if bits.take(1) else 1):
        references = max(references, bits.golomb() + 1)
        bits.skip_golombs(2)
    return _demand(width, height, colours, depth, references)


def _demand(width: int, height: int, colours: int, depth: int, references: int) -> Demand:
    if not (0 < width < _WIDEST and 0 < height < _WIDEST and references <= _MOST_REFERENCES):
        raise ValueError
    picture = width * height * _HALVES[min(colours, 3)] // 2 * (1 if depth == 8 else 2)
    return Demand(width, height, picture, references + _OWN_PICTURES)
