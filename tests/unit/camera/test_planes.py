"""Planes of pictures as decoders give them: white stays white, whatever format they have."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from agent.camera.decoding import planes_of


@pytest.mark.parametrize("color_range", [None, ColorRange.JPEG])
@pytest.mark.parametrize("name", ["yuvj420p", "yuvj422p", "yuvj444p"])
def test_a_full_range_is_kept(name: str, color_range: ColorRange | None) -> None:
    frame = av.VideoFrame(64, 48, name)
    for plane, level in zip(frame.planes, (235, 128, 128), strict=True):
        plane.update(np.full(plane.buffer_size, level, np.uint8).tobytes())
    if color_range is not None:
        frame.color_range = color_range

    planes = planes_of(frame)

    assert planes.luma().min() == planes.luma().max() == 235
    assert abs(planes.colour().astype(int) - 235).max() <= 1
