"""H.264 as encoders give it (Annex B) and as MP4 keeps it (lengths, avcC). Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from agent.storage.container.sps import without_rate

# NAL unit types, ITU-T H.264 table 7-1
_IDR = 5
_SEI = 6
_SPS = 7
_PPS = 8
_DELIMITER = 9
_FILLER = 12
_START = b"\0\0\1"


@dataclass(frozen=True, slots=True)
class Codec:
    """The parameters that all samples of one file share.

    Attributes:
        avcc: the AVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 5.3.3; empty: the samples
            are the camera's own JPEGs.
        width: pixels.
        height: pixels.
    """

    avcc: bytes
    width: int
    height: int

    @property
    def original(self) -> bool:
        """True for the camera's own JPEGs: they go into Matroska, nothing is encoded."""
        return not self.avcc


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture: `sample` as MP4 stores it; `avcc` when the unit brought its parameter sets."""

    sample: bytes
    key: bool
    avcc: bytes | None


def split(stream: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B byte stream, without start codes and trailing zeros."""
    at = stream.find(_START)
    while at >= 0:
        begin = at + len(_START)
        at = stream.find(_START, begin)
        # zeros before a start code belong to the code or are padding: no NAL unit ends with one
        unit = stream[begin : at if at >= 0 else len(stream)].rstrip(b"\0")
        if unit:
            yield unit


def avcc(sps: bytes, pps: bytes) -> bytes:
    """The decoder configuration for 4-byte lengths, one SPS and one PPS."""
    return (
        bytes([1, *sps[1:4], 0xFF, 0xE1])
        + struct.pack(">H", len(sps))
        + sps
        + b"\1"
        + struct.pack(">H", len(pps))
        + pps
    )


def access_unit(stream: bytes) -> AccessUnit:
    """One picture from Annex B; parameter sets move to `avcc`, x264's rate and version note go."""
    sample = bytearray()
    key = False
    sps = pps = b""
    for unit in split(stream):
        kind = unit[0] & 31
        if kind == _SPS:
            sps = without_rate(unit)
        elif kind == _PPS:
            pps = unit
        elif kind in {_DELIMITER, _FILLER} or (kind == _SEI and b"x264" in unit[:64]):
            continue
        else:
            key = key or kind == _IDR
            sample += struct.pack(">I", len(unit)) + unit
    record = avcc(sps, pps) if len(sps) >= 4 and pps else None
    return AccessUnit(bytes(sample), key, record)
