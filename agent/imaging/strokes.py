"""A mask out of the strokes of a brush. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from schemas.page import Stroke

Plane = npt.NDArray[np.uint8]

_LOOKS, _HIDES = 255, 0
#: Pixels of the longer side in which strokes are painted: the cost of a wide brush grows with the
#: square of it, and no hand is finer.
_PAINTED_IN = 640


def painted(strokes: Iterable[Stroke], height: int, width: int) -> bytes:
    """The plane as an 8-bit grey PNG."""
    _, png = cv2.imencode(".png", painted_plane(strokes, height, width))
    return png.tobytes()


def painted_plane(strokes: Iterable[Stroke], height: int, width: int) -> Plane:
    """uint8 (height, width): white looks, black does not; strokes in their order.

    Takes up to some tenths of a second: for threads that nobody waits for.
    """
    scale = min(1.0, _PAINTED_IN / max(height, width))
    small = _painted_small(strokes, max(1, round(height * scale)), max(1, round(width * scale)))
    if small.shape == (height, width):
        return small
    smooth = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(np.asarray(smooth) >= 128, np.uint8(_LOOKS), np.uint8(_HIDES))


def _painted_small(strokes: Iterable[Stroke], height: int, width: int) -> Plane:
    plane = np.full((height, width), _LOOKS, np.uint8)
    for stroke in strokes:
        colour = _HIDES if stroke.hides else _LOOKS
        points = np.array(
            [(round(x * (width - 1)), round(y * (height - 1))) for x, y in stroke.points], np.int32
        )
        thick = max(1, round(stroke.width * width))
        cv2.polylines(plane, [points], isClosed=False, color=colour, thickness=thick)
        for x, y in (points[0], points[-1]):
            cv2.circle(plane, (int(x), int(y)), max(1, thick // 2), colour, cv2.FILLED)
    return plane
