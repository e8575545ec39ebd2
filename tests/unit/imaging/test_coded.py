"""What a stream demands of its decoder is what its parameter sets say."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import av
import pytest

from agent.imaging.coded import H264, HEVC, Demand, TooManySets, demand


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
