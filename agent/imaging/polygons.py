"""Polygons in 0..1 of the stored picture, as pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from schemas.zones import Point

Plane = npt.NDArray[np.uint8]
Polygons = tuple[tuple[Point, ...], ...]

#: cv2 draws with fractions of a pixel: their number of bits.
SHIFT = 4


def corners(polygon: Sequence[Point], height: int, width: int) -> npt.NDArray[np.int32]:
    """The corners as cv2 takes them with `shift=SHIFT`, int32 (n, 2); 1.0 is the last pixel."""
    scale = np.array([width - 1, height - 1]) * (1 << SHIFT)
    points: npt.NDArray[np.int32] = np.round(np.array(polygon) * scale).astype(np.int32)
    return points


@lru_cache(maxsize=8)  # 2 MB each at 1080p; a camera needs one or two
def raster(polygons: Polygons, height: int, width: int) -> Plane:
    """uint8 (H, W), read-only: 255 in any of the polygons and on their edges, else 0."""
    plane: Plane = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        shape = corners(polygon, height, width)
        cv2.fillPoly(plane, [shape], (255,), lineType=cv2.LINE_8, shift=SHIFT)
    plane.flags.writeable = False
    return plane
