"""H.265 as MP4 keeps it: hvcC. Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from agent.imaging.bits import Bits, unescaped
from agent.imaging.nal import HEADER, HEVC, HEVC_SPS, type_of
from agent.imaging.sps import Sps, h265


def read_sps(unit: bytes) -> Sps:
    """The set in a NAL unit.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return h265(Bits(unescaped(unit[HEADER[HEVC] :])))
    except IndexError:
        raise ValueError("a sequence parameter set that is cut off") from None


def hvcc(units: Sequence[bytes]) -> bytes:
    """The decoder configuration record of these parameter sets (ISO/IEC 14496-15 section 8.3.3).

    Args:
        units: NAL units, in the order VPS, SPS, PPS; at least one SPS.
    """
    sps = read_sps(next(unit for unit in units if type_of(HEVC, unit) == HEVC_SPS))
    arrays = b""
    kinds = sorted({type_of(HEVC, unit) for unit in units})
    for kind in kinds:
        chosen = [unit for unit in units if type_of(HEVC, unit) == kind]
        arrays += struct.pack(">BH", 0x80 | kind, len(chosen))
        arrays += b"".join(struct.pack(">H", len(unit)) + unit for unit in chosen)
    return (
        b"\1"
        + sps.general
        + struct.pack(
            ">HBBBBHBB",
            0xF000,
            0xFC,
            0xFC | sps.chroma,
            0xF8 | min(7, sps.depths[0]),
            0xF8 | min(7, sps.depths[1]),
            0,
            sps.layers << 3 | sps.nested << 2 | 3,  # lengths have 4 bytes
            len(kinds),
        )
        + arrays
    )
