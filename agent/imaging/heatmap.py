"""Where motion was: a coarse map of counts, and the picture of it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.uint32]

#: Rows and columns: a person at the far end of a garden is about one cell.
ROWS, COLUMNS = 48, 64
#: If the longer side has fewer pixels, the map is enlarged for viewing.
_SMALLEST = 640
#: The scene is shown pale under the colours.
_SCENE = 0.45
#: Rows that are mixed at a time: mixing takes sixty bytes for each pixel.
_STRIP = 64


def no_counts() -> Counts:
    """A map without motion, uint32 (ROWS, COLUMNS)."""
    return np.zeros((ROWS, COLUMNS), np.uint32)


def cells(binary: Picture) -> npt.NDArray[np.bool_]:
    """Which cells have a changed pixel of uint8 (H, W): bool (ROWS, COLUMNS).

    A pixel belongs to one cell. Shrinking the whole picture says nearly the same and takes half a
    decoding where the sides are no multiples: that is too much for each frame with motion.
    """
    touched = np.zeros((ROWS, COLUMNS), np.bool_)
    x, y, w, h = cv2.boundingRect(binary)
    if w:
        down, rows = _within(y, h, binary.shape[0], ROWS)
        across, columns = _within(x, w, binary.shape[1], COLUMNS)
        strips = np.bitwise_or.reduceat(binary[y : y + h, x : x + w], down, axis=0)
        # numpy is several times slower along the second axis
        some = np.bitwise_or.reduceat(np.ascontiguousarray(strips.T), across, axis=0)
        touched[rows, columns] = some.T != 0
    return touched


def _within(first: int, size: int, pixels: int, count: int) -> tuple[npt.NDArray[np.intp], slice]:
    """Of the cells that these pixels lie in: where each begins among them, and which they are."""
    begins = _begins(pixels, count)
    left, right = np.searchsorted(begins, (first, first + size - 1), side="right") - 1
    cells_there = slice(int(left), int(right) + 1)
    return np.maximum(begins[cells_there] - first, 0), cells_there


@lru_cache(maxsize=32)
def _begins(pixels: int, count: int) -> npt.NDArray[np.intp]:
    """The first pixel of each of `count` cells."""
    begins: npt.NDArray[np.intp] = np.arange(count, dtype=np.intp) * pixels // count
    return begins


def draw(counts: Counts, scene: Picture | None) -> Picture:
    """The counts as colours over a pale picture of the scene, uint8 (H, W, 3) BGR.

    Dark red is rare motion, bright yellow is the cell with most motion. Colours follow the
    logarithm, because a tree moves a thousand times as often as a visitor.

    Args:
        counts: uint32 (ROWS, COLUMNS), in the orientation of the scene.
        scene: uint8 (H, W, 3) BGR; None: black.
    """
    if scene is None:
        scene = np.zeros((_SMALLEST * ROWS // COLUMNS, _SMALLEST, 3), np.uint8)
    most = int(counts.max())
    height, width = scene.shape[:2]
    heat = np.log1p(counts.astype(np.float32)) / np.log1p(np.float32(max(1, most)))
    smooth = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
    drawn = np.empty_like(scene)
    for top in range(0, height, _STRIP):
        rows = slice(top, top + _STRIP)
        drawn[rows] = _mixed(scene[rows], np.asarray(smooth[rows]) if most else None)
    return drawn


def _mixed(scene: Picture, smooth: npt.NDArray[np.float32] | None) -> Picture:
    """Some rows of the picture."""
    grey = cv2.cvtColor(cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    pale = np.asarray(grey, np.float32) * _SCENE
    if smooth is None:
        return pale.astype(np.uint8)
    levels = np.asarray(np.clip(smooth, 0, 1) * 255, np.uint8)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO).astype(np.float32)
    weight = np.clip(smooth * 1.6, 0.0, 0.85)[:, :, None]
    mixed: Picture = (pale * (1 - weight) + colours * weight).astype(np.uint8)
    return mixed
