"""Whether a camera of the family sends H.264 where JPEGs are expected. Pure.

*Seen*: members with H.264 exist (firmware source of the family, 2016). How their packets carry it
is not published. So the agent reports it and does not read it.
"""

from __future__ import annotations

import re

from agent.imaging.bits import Bits, unescaped
from agent.imaging.sps import cropped, h264

#: A sequence parameter set and the picture parameter set behind it, as a key picture begins.
_SETS = re.compile(rb"\x00\x00\x01([\x27\x47\x67].{3,200}?)\x00\x00\x01[\x28\x48\x68]", re.DOTALL)
#: They begin the picture, behind the headers of the datagram.
_NEAR = 512
_LEAST, _MOST = 64, 8192  # pixels a side


def sent_h264(datagram: bytes) -> tuple[int, int] | None:
    """Width and height of the H.264 that begins in this datagram; None: none does."""
    found = _SETS.search(datagram[:_NEAR])
    if found is None:
        return None
    bits = Bits(unescaped(found[1].rstrip(b"\0")))
    try:
        width, height = cropped(bits, h264(bits))
    except (IndexError, ValueError):
        return None
    fits = _LEAST <= width <= _MOST and _LEAST <= height <= _MOST
    return (width, height) if fits else None
