"""H.264 as encoders give it (Annex B) and as MP4 keeps it (lengths, avcC). Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent.imaging import nal
from agent.storage.container.sps_rewrite import without_rate

#: Of `Codec`: sample entries of ISO/IEC 14496-15, and degrees.
KINDS = frozenset({"avc1", "hvc1"})
TURNS = frozenset({0, 180})
#: What a clip may be coded in, as events and the manifest say it.
NAMES = ("h264", "h265", "mjpeg")


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """The parameters that all sound of one file shares; it is AAC.

    Attributes:
        config: the AudioSpecificConfig, ISO/IEC 14496-3 section 1.6.2.1.
        rate: ticks a second.
        channels: loudspeakers.
    """

    config: bytes
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Codec:
    """The parameters that all samples of one file share.

    Attributes:
        avcc: the AVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 5.3.3, or of H.265 the
            HEVCDecoderConfigurationRecord, section 8.3.3; empty: the samples are the camera's own
            JPEGs.
        width: pixels.
        height: pixels.
        kind: `avc1` (H.264) or `hvc1` (H.265), the name of the sample entry.
        turn: degrees by which a player turns the pictures, 0 or 180.
        sound: of the sound with them; None: there is none.
    """

    avcc: bytes
    width: int
    height: int
    kind: str = "avc1"
    turn: int = 0
    sound: SoundTrack | None = None

    @property
    def pictures(self) -> Codec:
        """The same without sound."""
        return replace(self, sound=None) if self.sound else self

    def holds(self, other: Codec) -> bool:
        """Whether a file with these parameters takes samples with those: also without sound."""
        return self == other or (other.sound is None and self.pictures == other)

    @property
    def original(self) -> bool:
        """True for the camera's own JPEGs: they go into Matroska, nothing is encoded."""
        return not self.avcc

    @property
    def name(self) -> str:
        """What messages and the manifest call it."""
        if self.original:
            return "mjpeg"
        return "h265" if self.kind == "hvc1" else "h264"


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture: `sample` as MP4 stores it; `avcc` when the unit brought its parameter sets."""

    sample: bytes
    key: bool
    avcc: bytes | None


def avcc(sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """The decoder configuration for 4-byte lengths; at least one SPS, 31 at most."""
    return (
        bytes([1, *sps[0][1:4], 0xFF, 0xE0 | len(sps)])
        + b"".join(struct.pack(">H", len(unit)) + unit for unit in sps)
        + bytes([len(pps)])
        + b"".join(struct.pack(">H", len(unit)) + unit for unit in pps)
    )


def with_lengths(units: Iterable[bytes]) -> bytes:
    """NAL units as a sample has them."""
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in units)


def parameter_sets(codec: Codec) -> list[bytes]:
    """The NAL units that the record of H.264 or H.265 holds.

    Raises:
        ValueError: the record is none that the agent writes.
    """
    record = codec.avcc
    found: list[bytes] = []
    try:
        if codec.kind == "avc1":
            found, at = _units(record, 6, record[5] & 31)
            return found + _units(record, at + 1, record[at])[0]
        at = 23
        for _ in range(record[22]):
            units, at = _units(record, at + 3, int.from_bytes(record[at + 1 : at + 3], "big"))
            found += units
    except IndexError:
        raise ValueError("parameters that the agent does not write") from None
    return found


def _units(record: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """The given number of NAL units with 16-bit lengths from `at` on, and where they end."""
    found = []
    for _ in range(count):
        length = int.from_bytes(record[at : at + 2], "big")
        found.append(record[at + 2 : at + 2 + length])
        at += 2 + length
    return found, at


def access_unit(stream: bytes) -> AccessUnit:
    """One picture from Annex B; parameter sets move to `avcc`, x264's rate and version note go."""
    sample = bytearray()
    key = False
    sps = pps = b""
    for unit in nal.split(stream):
        kind = nal.type_of(nal.H264, unit)
        if kind == nal.SPS:
            sps = without_rate(unit)
        elif kind == nal.PPS:
            pps = unit
        elif kind in {nal.DELIMITER, nal.FILLER} or (kind == nal.SEI and b"x264" in unit[:64]):
            continue
        else:
            key = key or kind == nal.IDR
            sample += struct.pack(">I", len(unit)) + unit
    record = avcc([sps], [pps]) if len(sps) >= 4 and pps else None
    return AccessUnit(bytes(sample), key, record)
