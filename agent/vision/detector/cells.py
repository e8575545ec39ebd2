"""The picture in cells: small means of luma in which sensor noise is averaged away."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Means = npt.NDArray[np.float32]
#: Rows and columns.
Part = tuple[slice, slice]

#: A picture is halved until it is at most this wide. 640 pixels become 160 cells of 4x4, with a
#: quarter of the white noise, and 1920 become 240 cells of 8x8.
_WIDEST = 256
#: Side of the neighbourhood whose mean is the local light, in cells: about a tenth of the width.
#: A softer change than this is light, in any shape.
AROUND = 13
#: Added to all levels before local light is divided out, so that black stays black.
BLACK = np.float32(4.0)
#: Every 6th cell in both directions is enough to know light and noise: 540 at 640x480.
_SAMPLE = 6
#: A blob of the picture's cells divided by this, or more, is large.
_LARGE_PART = 4
_TOUCHING = np.ones((3, 3), np.uint8)


def halvings(height: int, width: int) -> int:
    """How often a picture is halved; a cell's side is 2 to the power of that, in pixels."""
    count = 0
    while width >> count > _WIDEST and height >> count > 1:
        count += 1
    return count


@dataclass(frozen=True)
class Cells:
    """What is kept of one frame.

    Attributes:
        luma: the plane itself, uint8 (H, W); nobody writes into it.
        grey: uint8 (h, w), mean of each cell; rows and columns that fill no cell are left out.
        darkest: uint8 (h, w), the darkest of a cell and its eight neighbours.
        lightest: uint8 (h, w), the lightest.
        sample: float32 (n,), some of the cells, the same in every frame of a size.
    """

    luma: Grey = field(repr=False)
    grey: Grey = field(repr=False)
    darkest: Grey = field(repr=False)
    lightest: Grey = field(repr=False)
    sample: Means = field(repr=False)

    def level(self, here: Part) -> Means:
        """float32 (h, w), the cells of that part plus `BLACK`."""
        return np.add(self.grey[here], BLACK, dtype=np.float32)

    @cached_property
    def around(self) -> Means:
        """float32 (h, w), mean of each cell's neighbourhood, plus `BLACK`."""
        return _around(self.grey)

    def around_in(self, here: Part) -> Means:
        """That part of `around`; of a small one nothing else is worked out."""
        rows, columns = here
        height, width = self.grey.shape
        if (rows.stop - rows.start) * (columns.stop - columns.start) * _LARGE_PART > height * width:
            return self.around[here]
        top, left = max(0, rows.start - AROUND), max(0, columns.start - AROUND)
        with_margin = self.grey[top : rows.stop + AROUND, left : columns.stop + AROUND]
        inside = np.s_[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
        return _around(with_margin)[inside]

    @cached_property
    def middle(self) -> float:
        """Median of `sample`, grey levels."""
        return median(self.sample)

    @cached_property
    def edges(self) -> Grey:
        """uint8 (h, w), range of each cell and its neighbours."""
        return as_bytes(cv2.subtract(self.lightest, self.darkest))


def median(values: npt.NDArray[np.floating[Any]]) -> float:
    """As `np.median` says it, of finite numbers; that one takes three times as long.

    With its first call it also loads `numpy.ma`, which takes 1 MiB.
    """
    flat = values.reshape(-1)
    middle = flat.size // 2
    if flat.size % 2:
        return float(np.partition(flat, middle)[middle])
    below, above = np.partition(flat, (middle - 1, middle))[middle - 1 : middle + 1]
    return float((below + above) / 2)


def _around(grey: Grey) -> Means:
    means = cv2.boxFilter(grey, cv2.CV_32F, (AROUND, AROUND), borderType=cv2.BORDER_REPLICATE)
    return np.add(means, BLACK, out=means, dtype=np.float32)


def cells_of(luma: Grey) -> Cells:
    """The frame in cells."""
    grey = reduced(luma)
    darkest, lightest = cv2.erode(grey, _TOUCHING), cv2.dilate(grey, _TOUCHING)
    sample = grey[::_SAMPLE, ::_SAMPLE].astype(np.float32).reshape(-1)
    return Cells(luma, grey, as_bytes(darkest), as_bytes(lightest), sample)


def reduced(luma: Grey) -> Grey:
    """Halves as often as `halvings` says; each step averages 2x2 pixels."""
    grey = luma
    for _ in range(halvings(*luma.shape)):
        height, width = grey.shape[0] // 2, grey.shape[1] // 2
        even = grey[: 2 * height, : 2 * width]
        grey = as_bytes(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    return grey


@dataclass(frozen=True, slots=True)
class Blob:
    """Changed cells that touch, or have one or two quiet cells between them, and their inside.

    Attributes:
        cells: how many changed, inside of the box.
        novel: how many of them show what their place has not shown before.
        strength: mean of their differences in grey levels.
        box: left, top, width, height in cells.
    """

    cells: int
    novel: int
    strength: float
    box: tuple[int, int, int, int]


def blobs_of(changed: Grey, novel: Grey, whole: Grey, least: int, most: int) -> list[Blob]:
    """The largest blobs, largest first.

    Inside a blob's box every cell counts that differs at all. The middle of a large even thing does
    not differ from its surroundings, and so is not in `changed`.

    Args:
        changed: uint8 (h, w), 255 where a cell changed, else 0.
        novel: the same for cells that are new; it may name others as well.
        whole: uint8 (h, w), difference in grey levels, 0 where there is none worth naming.
        least: changed cells; smaller ones are specks.
        most: the number of blobs, at most.
    """
    height, width = changed.shape[0] // 2, changed.shape[1] // 2
    if not height or not width:
        return []
    even = changed[: 2 * height, : 2 * width]
    blocks = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    # the wider type takes three times as long; 8-connected, every fourth block at most is a blob
    kind = cv2.CV_16U if blocks.size < 4 * 0xFFFF else cv2.CV_32S
    count, labels = cv2.connectedComponents(blocks, connectivity=8, ltype=kind)
    some = np.flatnonzero(blocks)
    flat: npt.NDArray[Any] = labels.reshape(-1)  # whole numbers, which cv2's types do not say
    weights = blocks.reshape(-1)[some]
    sizes = np.bincount(flat[some], weights, minlength=count) * (4 / 255)
    large = [int(it) for it in np.flatnonzero(sizes >= max(1, least) - 0.5)]
    large.sort(key=lambda it: -sizes[it])
    blobs = []
    for it in large[:most]:
        x, y, w, h = (2 * side for side in cv2.boundingRect((labels == it).view(np.uint8)))
        left, top, columns, rows = cv2.boundingRect(even[y : y + h, x : x + w])
        box = (x + left, y + top, columns, rows)
        here = np.s_[box[1] : box[1] + rows, box[0] : box[0] + columns]
        filled = whole[here]
        cells = cv2.countNonZero(filled)
        new = cv2.countNonZero(cv2.min(filled, novel[here]))
        blobs.append(Blob(cells, new, cv2.sumElems(filled)[0] / max(1, cells), box))
    blobs.sort(key=lambda it: -it.cells)
    return blobs


def roi(binary: Grey, margin: int) -> tuple[int, int, int, int]:
    """x, y, width, height around all that is not 0, and a margin; all 0 when all is 0."""
    x, y, w, h = cv2.boundingRect(binary)
    if not w:
        return 0, 0, 0, 0
    left, top = max(0, x - margin), max(0, y - margin)
    right = min(binary.shape[1], x + w + margin)
    bottom = min(binary.shape[0], y + h + margin)
    return left, top, right - left, bottom - top


def as_bytes(picture: cv2.typing.MatLike) -> Grey:
    """What cv2 made of bytes: bytes again, which its types do not say."""
    return picture.astype(np.uint8, copy=False)
