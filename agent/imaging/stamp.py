"""Burns one line of text into a picture: the timestamp of the frame itself."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Scale 1.0 draws digits of 27 px (measured, OpenCV 5.0): 14 px at 480 lines are read easily.
_LINES_PER_SCALE = 960.0
#: Under this, digits are smaller than 8 px and JPEG or H.264 makes 6, 8 and 9 look alike.
_SMALLEST_SCALE = 0.3
#: Within 16..235, so that it is right on full-range JPEG luma and on limited-range video luma.
_INK = 235
_DARKEST = 16


def stamp(plane: npt.NDArray[np.uint8], text: str) -> None:
    """Draws `text` upper left, light on a darkened band: legible on dark and on bright.

    Height follows the picture's; a line too long for the width is drawn smaller. A picture too
    small for any text stays as it is.

    Args:
        plane: uint8 (H, W) luma, or (H, W, 3) BGR; writable, any strides; changed in place.
        text: ASCII, one line.
    """
    height, width = plane.shape[:2]
    rows, columns = extent(text, height, width)
    if rows == 0:
        return
    scale = _scale_to_fit(text, height, width)
    (_, text_height), baseline = cv2.getTextSize(text, _FONT, scale, 1)
    pad = _pad(text_height)
    # a contiguous copy of the band: cv2 would refuse to draw into planes with unusual strides
    band = _darkened(plane[:rows, :columns])
    ink = (_INK,) * 3 if plane.ndim == 3 else (_INK,)
    cv2.putText(band, text, (pad, pad + text_height - min(baseline, 1)), _FONT, scale, ink, 1)
    plane[:rows, :columns] = band


def extent(text: str, height: int, width: int) -> tuple[int, int]:
    """(rows, columns) of the band that `stamp` draws upper left; (0, 0) where it draws none."""
    scale = _scale_to_fit(text, height, width)
    (text_width, text_height), _ = cv2.getTextSize(text, _FONT, scale, 1)
    rows, columns = text_height + 2 * _pad(text_height), text_width + 2 * _pad(text_height)
    drawn = text_height >= 3 and rows <= height and columns <= width
    return (rows, columns) if drawn else (0, 0)


def _pad(text_height: int) -> int:
    return max(2, text_height // 3)


def _scale_to_fit(text: str, height: int, width: int) -> float:
    scale = max(_SMALLEST_SCALE, height / _LINES_PER_SCALE)
    (text_width, text_height), _ = cv2.getTextSize(text, _FONT, scale, 1)
    room = width - 2 * _pad(text_height)
    if text_width > room > 0:
        scale *= room / text_width * 0.98  # widths are rounded to whole pixels per glyph
    return scale


def _darkened(region: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    quarter: npt.NDArray[np.uint8] = np.right_shift(region, 2).astype(np.uint8)
    return np.maximum(quarter, np.uint8(_DARKEST))
