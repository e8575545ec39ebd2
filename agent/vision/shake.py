"""A picture that shook: by how many pixels, and the older frame moved along."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

#: A post in the wind moves by a few pixels; what moves further is turned away, or is no shake.
MOST_PIXELS = 24
#: Fewer cells show no shift.
_SMALLEST = 16
#: Peak of the phase correlation (0..1) below which there is no common shift to be seen.
_LEAST_RESPONSE = 0.05


def shift_between(grey: Grey, before: Grey, side: int) -> tuple[int, int]:
    """(x, y) in whole pixels that the picture moved since the older frame; (0, 0): not at all.

    Phase correlation (Kuglin and Hines, 1975): the common shift of most of the picture, whatever
    moves within.

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
    shift = round(x * side), round(y * side)
    if response < _LEAST_RESPONSE or max(map(abs, shift)) > MOST_PIXELS:
        return 0, 0
    return shift


def moved(luma: Grey, shift: tuple[int, int]) -> Grey:
    """A copy of the plane, moved by (x, y) pixels; what comes in at the edges stays as it was."""
    x, y = shift
    height, width = luma.shape
    to = np.s_[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)]
    of = np.s_[max(-y, 0) : height + min(-y, 0), max(-x, 0) : width + min(-x, 0)]
    result = luma.copy()
    result[to] = luma[of]
    return result


@lru_cache(maxsize=4)
def _window(height: int, width: int) -> npt.NDArray[np.float32]:
    """Fades the edges out: where the picture ends is no edge of the scene."""
    return cv2.createHanningWindow((width, height), cv2.CV_32F).astype(np.float32, copy=False)
