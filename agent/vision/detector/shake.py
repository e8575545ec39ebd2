"""A picture that shook: by how many pixels, and the older frame moved along."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
#: (x, y) in pixels of a plane, to the half: a plane may have half of the picture's size.
Shift = tuple[float, float]

#: A post in the wind moves by a few pixels. A larger shift than this part of the picture's width
#: (24 pixels at 640x480) is a turned camera, or is no shake.
FARTHEST = 0.0375
#: Fewer cells show no shift.
_SMALLEST = 16
#: Peak of the phase correlation (0..1) below which there is no common shift to be seen.
_LEAST_RESPONSE = 0.05


def shift_between(grey: Grey, before: Grey, side: int) -> Shift:
    """How far the picture moved since the older frame; (0, 0): not at all.

    Phase correlation (Kuglin and Hines, 1975): the common shift of most of the picture, with any
    motion within.

    Args:
        grey: uint8 (h, w), cells of the frame.
        before: the same of the older frame.
        side: of a cell in pixels.
    """
    if min(grey.shape) < _SMALLEST:
        return 0, 0
    (x, y), response = cv2.phaseCorrelate(
        before.astype(np.float32), grey.astype(np.float32), _window(*grey.shape)
    )
    shift = round(2 * x * side) / 2, round(2 * y * side) / 2
    if response < _LEAST_RESPONSE or max(map(abs, shift)) > FARTHEST * grey.shape[1] * side:
        return 0, 0
    return shift


def moved(luma: Grey, shift: Shift) -> Grey:
    """A copy of the plane, moved; what comes in at the edges stays as it was."""
    along = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    result = luma.copy()
    cv2.warpAffine(luma, along, luma.shape[::-1], dst=result, borderMode=cv2.BORDER_TRANSPARENT)
    return result


@lru_cache(maxsize=4)
def _window(height: int, width: int) -> npt.NDArray[np.float32]:
    """Fades the edges out: where the picture ends is no edge of the scene."""
    return cv2.createHanningWindow((width, height), cv2.CV_32F).astype(np.float32, copy=False)
