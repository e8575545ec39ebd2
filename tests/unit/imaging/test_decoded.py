from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.imaging.decoded import Planes
from agent.imaging.jpeg import (
    decode_colour,
    encode,
    private_jpeg,
    small_luma,
    stored_jpeg,
)
from agent.imaging.orientation import Orientation


def scene(height: int, width: int) -> np.ndarray:
    """A smooth colourful picture, uint8 (H, W, 3) BGR."""
    rows, columns = np.mgrid[0:height, 0:width]
    blue, green, red = 255 * rows / height, 255 * columns / width, 255 - 200 * rows / height
    return np.dstack((blue, green, red)).astype(np.uint8)


def planes(bgr: np.ndarray, *, full: bool, stride: int = 0) -> Planes:
    """As a decoder has it; `stride`: bytes behind each row that are no picture."""
    yuv = cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb).astype(np.float64)
    luma, red, blue = (yuv[:, :, n] for n in range(3))
    if not full:
        luma = luma * 219 / 255 + 16
        blue, red = ((it - 128) * 224 / 255 + 128 for it in (blue, red))
    height, width = luma.shape
    half = -(-width // 2), -(-height // 2)
    padded = np.full((height, width + stride), 77, np.uint8)
    padded[:, :width] = np.rint(luma)
    small = [
        np.rint(cv2.resize(it, half, interpolation=cv2.INTER_AREA)).astype(np.uint8)
        for it in (blue, red)
    ]
    return Planes(padded[:, :width], (small[0], small[1]), full=full)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("size", [(1080, 1920), (719, 1278), (47, 63), (3, 5)])
@pytest.mark.parametrize("scale", [4, 8])
def test_a_pixel_of_a_smaller_luma_is_the_mean_of_its_block(
    full: bool,  # noqa: FBT001
    size: tuple[int, int],
    scale: int,
) -> None:
    rng = np.random.default_rng(7)
    luma = rng.integers(0, 256, size, np.uint8)
    luma[: size[0] // 2] = rng.choice(np.array([0, 255], np.uint8), (size[0] // 2, size[1]))
    grey = np.full((2, 2), 128, np.uint8)
    below, right = -size[0] % scale, -size[1] % scale
    whole = np.pad(luma, ((0, below), (0, right)), mode="edge").astype(np.float64)
    blocks = whole.reshape(whole.shape[0] // scale, scale, -1, scale)
    means = np.rint(blocks.mean(axis=(1, 3)))
    expected = means if full else np.clip(np.rint((means - 16) * (255 / 219)), 0, 255)
    found = Planes(luma, (grey, grey), full=full).luma(scale)
    assert found.dtype == np.uint8
    assert np.array_equal(found, expected.astype(np.uint8))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("size", [(48, 64), (47, 63), (90, 121)])
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_luma_is_what_a_jpeg_of_the_picture_has(
    full: bool,  # noqa: FBT001
    size: tuple[int, int],
    scale: int,
) -> None:
    bgr = scene(*size)
    made = small_luma(planes(bgr, full=full, stride=13), scale)
    theirs = small_luma(encode(bgr, 100), scale)
    assert made is not None
    assert theirs is not None
    assert made.shape == theirs.shape
    assert not made.flags.writeable
    inside = np.s_[1:-1, 1:-1]  # at an edge that is rounded up the two fill in differently
    assert np.abs(made[inside].astype(int) - theirs[inside].astype(int)).max(initial=0) <= 3


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_colours_and_ranges_are_right(full: bool, size: tuple[int, int]) -> None:  # noqa: FBT001
    bgr = scene(*size)
    made = decode_colour(planes(bgr, full=full, stride=7))
    assert made is not None
    assert np.abs(made.astype(int) - bgr.astype(int)).max() <= 12
    assert np.abs(made.astype(int) - bgr.astype(int)).mean() <= 2


def test_hd_colours_are_read_as_they_were_meant() -> None:
    luma, blue, red = 63, 102, 240  # pure red of BT.709, limited range
    shape = (
        np.full((16, 16), luma, np.uint8),
        np.full((8, 8), blue, np.uint8),
        np.full((8, 8), red, np.uint8),
    )
    made = Planes(shape[0], (shape[1], shape[2]), hd=True).colour()
    assert np.abs(made[8, 8].astype(int) - (0, 0, 255)).max() <= 3


def test_what_leaves_memory_is_turned_and_black_where_nobody_may_look() -> None:
    bgr = scene(48, 64)
    corner = (((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)),)
    turned = stored_jpeg(planes(bgr, full=False), Orientation(rotate=180), 10**6, corner)
    private = private_jpeg(planes(bgr, full=False), Orientation(), corner)
    for jpeg, expected in ((turned, bgr[::-1, ::-1]), (private, bgr)):
        assert jpeg is not None
        shown = decode_colour(jpeg)
        assert shown is not None
        assert shown[4:20, 4:28].max() <= 12
        difference = shown[30:, 40:].astype(int) - expected[30:, 40:].astype(int)
        assert np.abs(difference).mean() < 6


def test_some_rows_are_a_copy_of_what_the_decoder_has() -> None:
    made = planes(scene(48, 64), full=True, stride=9)
    assert np.array_equal(made.rows(8), made.luma()[::8])


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("size", [(96, 128), (95, 127), (96, 127)])
@pytest.mark.parametrize("wanted", [(64, 48), (43, 31), (128, 96)])
def test_a_fitted_picture_has_the_colours_and_the_size_that_is_wanted(
    full: bool,  # noqa: FBT001
    size: tuple[int, int],
    wanted: tuple[int, int],
) -> None:
    bgr = scene(*size)
    width, height = min(wanted[0], size[1]), min(wanted[1], size[0])
    made = planes(bgr, full=full, stride=13).fitted(width, height)
    assert made.shape == (height, width, 3)
    theirs = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
    inside = np.s_[2:-2, 2:-2]
    assert np.abs(made[inside].astype(int) - theirs[inside].astype(int)).max() <= 8
