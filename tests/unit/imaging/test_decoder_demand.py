"""What a stream demands of its decoder is what its parameter sets say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

import av
import pytest

from agent.imaging.decoder_demand import Demand, TooManySets, demand
from agent.imaging.nal import H264, HEVC


@lru_cache
def first_picture(codec: str, width: int, height: int, references: int, kind: str) -> bytes:
    """The first packet of an encoder, with its parameter sets."""
    name, key = ("libx264", "x264-params") if codec == H264 else ("libx265", "x265-params")
    encoder = cast(av.VideoCodecContext, av.CodecContext.create(name, "w"))
    encoder.width, encoder.height, encoder.pix_fmt = width, height, kind
    quiet = ":log-level=none" if codec == HEVC else ""
    encoder.options = {"preset": "ultrafast", key: f"ref={references}:bframes=0{quiet}"}
    frame = av.VideoFrame(width, height, kind)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return bytes(packets[0])


@pytest.mark.parametrize("references", [1, 4, 16])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (1920, 1080), (358, 202)])
def test_h264(references: int, width: int, height: int) -> None:
    found = demand(H264, first_picture(H264, width, height, references, "yuv420p"))
    assert found is not None
    wide, high = -(-width // 16) * 16, -(-height // 16) * 16
    assert (found.width, found.height) == (wide, high)
    assert found.picture == wide * high * 3 // 2
    assert found.pictures == references + 6
    assert found.size == found.picture * found.pictures


@pytest.mark.parametrize("references", [1, 4, 8])
def test_h265_keeps_one_more_at_least(references: int) -> None:
    found = demand(HEVC, first_picture(HEVC, 1920, 1080, references, "yuv420p"))
    assert found is not None
    assert found.width == 1920
    assert 1080 <= found.height <= 1088
    assert found.pictures > references + 6


@pytest.mark.parametrize(
    ("kind", "halves"),
    [("yuv420p", 3), ("yuv422p", 4), ("yuv444p", 6), ("yuv420p10le", 6), ("yuv444p10le", 12)],
)
def test_what_a_pixel_takes(kind: str, halves: int) -> None:
    found = demand(H264, first_picture(H264, 640, 480, 1, kind))
    assert found is not None
    assert found.picture == 640 * 480 * halves // 2


def test_the_largest_demand_of_several_counts() -> None:
    small, large = (first_picture(H264, 640, 480, refs, "yuv420p") for refs in (1, 16))
    assert demand(H264, small + large + small) == demand(H264, large)


def test_too_many_sets_are_read_no_further() -> None:
    with pytest.raises(TooManySets):
        demand(H264, b"\0\0\1\x67\x64" * 100_000)


@pytest.mark.parametrize("codec", [H264, HEVC])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\1",
        b"\0\0\1\x67",
        b"\0\0\1\x67\x42\0\0" + bytes(5000),
        b"\0\0\1\x42\1" + b"\xff" * 20,
        b"\0\0\1\x42\1" + bytes(5000),
        b"no start code",
    ],
)
def test_what_cannot_be_read_demands_nothing(codec: str, data: bytes) -> None:
    assert demand(codec, data) is None


def test_other_codecs_say_nothing() -> None:
    assert demand("mpeg4", first_picture(H264, 640, 480, 1, "yuv420p")) is None


def test_a_demand_is_what_its_pictures_take_in_all() -> None:
    assert Demand(16, 16, 384, 7).size == 2688


@pytest.mark.parametrize(
    ("references", "read"),
    [(16, True), (17, False), (1 << 16_200, False)],
    ids=["16", "17", "of 5,000 digits"],
)
def test_more_references_than_the_standard_has_demand_nothing(references: int, read: bool) -> None:  # noqa: FBT001
    sets = bytes.fromhex("0000000167") + baseline_set(references)
    assert (demand(H264, sets) is not None) == read


def baseline_set(references: int) -> bytes:
    """A sequence parameter set of 640x480 without its first byte (H.264 section 7.3.2.1.1)."""

    def ue(value: int) -> str:
        digits = f"{value + 1:b}"
        return "0" * (len(digits) - 1) + digits

    # profile 66, level 40; id, frame numbers, order type 2, references, no gaps, macroblocks
    bits = f"{66:08b}{0:08b}{40:08b}" + ue(0) + ue(0) + ue(2) + ue(references) + "0"
    bits += ue(640 // 16 - 1) + ue(480 // 16 - 1) + "1" + "1" + "0" + "0" + "1"
    bits += "0" * (-len(bits) % 8)
    raw = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", raw)
