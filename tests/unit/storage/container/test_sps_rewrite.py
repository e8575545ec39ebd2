"""A parameter set without its frame rate decodes to the same pictures."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.imaging.nal import split
from agent.storage.container.sps_rewrite import without_rate

_SPS = 7
KINDS = [
    ("baseline", "", "yuv420p"),
    ("main", "interlaced=1:overscan=show:chromaloc=1", "yuv420p"),
    ("main", "nal-hrd=vbr:vbv-maxrate=500:vbv-bufsize=500", "yuv420p"),
    ("high", "cqm=jvt", "yuv420p"),
    ("high10", "", "yuv420p10le"),
    ("high444", "cqm=jvt", "yuv444p"),
]


def encoded(profile: str, params: str, pixels: str, size: tuple[int, int]) -> list[bytes]:
    """The NAL units of one picture."""
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, pixels
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25, 1)
    encoder.options = {"profile": profile, "tune": "zerolatency", "x264-params": params}
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    picture = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(format=pixels)
    picture.pts = 0
    packets = [*encoder.encode(picture), *encoder.encode(None)]
    return list(split(b"".join(bytes(packet) for packet in packets)))


def decoded(units: list[bytes]) -> tuple[list[bytes], float]:
    """Its planes, and the rate that the stream tells; 0: none."""
    decoder = av.VideoCodecContext.create("h264", "r")
    stream = b"".join(b"\0\0\0\1" + unit for unit in units)
    (picture,) = [*decoder.decode(av.Packet(stream)), *decoder.decode(None)]
    rate = float(decoder.framerate or 0)  # PyAV 19 says 0/1 where earlier ones say None
    return [bytes(plane) for plane in picture.planes], rate


@pytest.mark.parametrize(("profile", "params", "pixels"), KINDS)
@pytest.mark.parametrize("size", [(160, 120), (36, 52), (336, 200)])
def test_only_the_rate_goes(profile: str, params: str, pixels: str, size: tuple[int, int]) -> None:
    units = encoded(profile, params, pixels, size)
    bare = [without_rate(unit) if unit[0] & 31 == _SPS else unit for unit in units]
    assert bare != units
    planes, rate = decoded(units)
    assert rate == 25
    assert decoded(bare) == (planes, 0)
    assert [without_rate(unit) for unit in bare if unit[0] & 31 == _SPS] == [
        unit for unit in bare if unit[0] & 31 == _SPS
    ]


@given(st.binary(max_size=60))
def test_what_cannot_be_read_stays_as_it_is_or_loses_its_rate(data: bytes) -> None:
    once = without_rate(data)
    assert len(once) <= len(data) + 3
