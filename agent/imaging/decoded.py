"""A picture of video as it lies in its decoder: planes of 4:2:0, read and never copied."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]

#: Numbers of 16 bits in one of 64; the factor that adds them up in the upper one, and its place.
_LANES, _ADDED, _TOP_LANE = 4, np.uint64(0x0001_0001_0001_0001), np.uint64(48)
#: Scales for which they are used; OpenCV has a quick way of its own to halve.
_BY_LANES = frozenset({_LANES, 2 * _LANES})
#: (red of red, green of blue, green of red, blue of blue): ITU-R BT.601 and BT.709.
_BT601 = 1.402, 0.344136, 0.714136, 1.772
_BT709 = 1.5748, 0.187324, 0.468124, 1.8556


class Planes:
    """Luma and two colour planes; see `agent.core.frame.Decoded`.

    Args:
        luma: uint8 (H, W), any strides; nobody writes into it any more.
        colours: uint8 (H / 2, W / 2), rounded up; blue first.
        full: samples take all values from 0 to 255, as in a JPEG; else video's 16 to 235.
        hd: colours are those of BT.709; else of BT.601.
        held: the memory that they take in their camera's account, given back with them.
    """

    __slots__ = ("_colours", "_full", "_hd", "_held", "_luma")

    def __init__(
        self,
        luma: Plane,
        colours: tuple[Plane, Plane],
        *,
        full: bool = False,
        hd: bool = False,
        held: object = None,
    ) -> None:
        self._luma, self._colours, self._full, self._hd = luma, colours, full, hd
        self._held = held

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self._luma.shape
        return height, width

    def luma(self, scale: int = 1) -> Plane:
        """The luma plane with the range of a JPEG: uint8 (H, W), read-only.

        It is what a decoder makes of a JPEG of this picture, so that limits mean the same for both.

        Args:
            scale: 1, 2, 4 or 8; height and width are divided by it and rounded up.
        """
        if scale in _BY_LANES:
            made = _block_means(self._luma, scale, full=self._full)
        else:
            small = _smaller(self._luma, scale)
            made = small if self._full else _as_uint8(cv2.LUT(small, _stretched()))
            made = made[:]  # a view of its own, where it is the decoder's
        made.setflags(write=False)
        return made

    def colour(self, scale: int = 1) -> Plane:
        """The picture, uint8 (H, W, 3) BGR.

        Args:
            scale: as of `luma`.
        """
        if scale == 1 and self._usual:
            return _of_planes(self._luma, *self._colours)
        return self._coloured(_smaller(self._luma, scale))

    def fitted(self, width: int, height: int) -> Plane:
        """As `colour`, in any smaller size."""
        luma = _resized(self._luma, width, height)
        if self._usual and not (width % 2 or height % 2):
            return _of_planes(
                luma, *(_resized(it, width // 2, height // 2) for it in self._colours)
            )
        return self._coloured(luma)

    @property
    def _usual(self) -> bool:
        """OpenCV has a way of its own for these."""
        return not (self._full or self._hd or self._luma.shape[0] % 2 or self._luma.shape[1] % 2)

    def _coloured(self, luma: Plane) -> Plane:
        """Luma of any size with its colours."""
        size = luma.shape[1], luma.shape[0]
        blue, red = (cv2.resize(it, size, interpolation=cv2.INTER_LINEAR) for it in self._colours)
        merged = cv2.merge((luma, _as_uint8(blue), _as_uint8(red)))
        return _as_uint8(cv2.transform(merged, _matrix(full=self._full, hd=self._hd)))

    def rows(self, each: int) -> Plane:
        """A copy of each `each`-th row of luma as it was decoded: uint8 (H / each, W)."""
        return np.ascontiguousarray(self._luma[::each])


def _of_planes(luma: Plane, blue: Plane, red: Plane) -> Plane:
    """BGR of video's usual range and colours, BT.601, in a third of the time of a matrix.

    Each colour stands for four pixels, as a JPEG has them, too.
    """
    height, width = luma.shape
    whole = np.empty((height * 3 // 2, width), np.uint8)
    whole[:height] = luma
    colours = whole[height:].reshape(2, *blue.shape)
    colours[0], colours[1] = blue, red
    return _as_uint8(cv2.cvtColor(whole, cv2.COLOR_YUV2BGR_I420))


def _resized(plane: Plane, width: int, height: int) -> Plane:
    if plane.shape == (height, width):
        return plane
    return _as_uint8(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))


def _smaller(plane: Plane, scale: int) -> Plane:
    """The plane at a part of its size: each pixel is the mean of those that it stands for.

    Where the sides are no multiple of `scale`, it is as if they were, see `_filled`, as in a JPEG.
    """
    if scale == 1:
        return plane
    plane = _filled(plane, scale)
    size = plane.shape[1] // scale, plane.shape[0] // scale
    return _as_uint8(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def _filled(plane: Plane, scale: int) -> Plane:
    """With sides that are multiples of `scale`: the last row and column are repeated."""
    height, width = plane.shape
    below, right = -height % scale, -width % scale
    if not (below or right):
        return plane
    return _as_uint8(cv2.copyMakeBorder(plane, 0, below, 0, right, cv2.BORDER_REPLICATE))


def _block_means(plane: Plane, scale: int, *, full: bool) -> Plane:
    """As `_smaller` and then stretched, to the last bit, in less than half of the time.

    Rows are added first. Four sums then lie in one number of 64 bits, and one multiplication adds
    them: none is so large that it reaches into its neighbour.
    """
    plane = _filled(plane, scale)
    height, width = plane.shape[0] // scale, plane.shape[1] // scale
    rows = np.add.reduce(plane.reshape(height, scale, -1), axis=1, dtype=np.uint16)
    sums = rows.view(np.uint64)
    sums *= _ADDED
    sums >>= _TOP_LANE
    if scale == 2 * _LANES:
        sums = np.add.reduce(sums.reshape(height, width, 2), axis=2)
    return _as_uint8(_levels(scale, full=full).take(sums.view(np.int64)))


def _as_uint8(made: Any) -> Plane:  # noqa: ANN401  cv2 says less of its types than it keeps
    plane: Plane = made
    return plane


@cache
def _levels(scale: int, *, full: bool) -> Plane:
    """Sum of a block's pixels -> its mean, a half to the even number, with the range of a JPEG."""
    pixels = scale * scale
    means = np.rint(np.arange(255 * pixels + 1) / pixels).astype(np.uint8)
    return means if full else _stretched()[means]


@cache
def _stretched() -> Plane:
    """Video's range of luma -> a JPEG's."""
    values = (np.arange(256, dtype=np.float64) - 16.0) * (255.0 / 219.0)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


@cache
def _matrix(*, full: bool, hd: bool) -> npt.NDArray[np.float32]:
    """Y, Cb, Cr -> blue, green, red, as `cv2.transform` takes it."""
    red_of_red, green_of_blue, green_of_red, blue_of_blue = _BT709 if hd else _BT601
    level, colour = (1.0, 1.0) if full else (255.0 / 219.0, 255.0 / 224.0)
    black = 0.0 if full else -16.0 * level
    rows = np.array(
        [
            [level, blue_of_blue * colour, 0.0],
            [level, -green_of_blue * colour, -green_of_red * colour],
            [level, 0.0, red_of_red * colour],
        ]
    )
    offsets = black - 128.0 * rows[:, 1:].sum(axis=1)
    return np.column_stack((rows, offsets)).astype(np.float32)
