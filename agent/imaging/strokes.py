"""A mask out of the strokes of a brush. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from schemas.page import Stroke

Plane = npt.NDArray[np.uint8]

_LOOKS, _HIDES = 255, 0


def painted(strokes: Iterable[Stroke], height: int, width: int) -> bytes:
    """The plane as an 8-bit grey PNG."""
    _, png = cv2.imencode(".png", painted_plane(strokes, height, width))
    return png.tobytes()


def painted_plane(strokes: Iterable[Stroke], height: int, width: int) -> Plane:
    """uint8 (height, width): white looks, black does not; strokes in their order."""
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
