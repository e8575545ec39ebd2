"""Motion's masks, which are PGM pictures: a PNG of ours, or polygons."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from agent.core.errors import ConfigError, reason_of
from agent.imaging.jpeg import allowed
from agent.migration.reading import read_at_most
from agent.vision.detector.masks import LOOKS_FROM, Grey

_MOST_BYTES = 32 * 2**20
#: Part of the picture's width that an edge of a polygon may be away from the mask's edge.
_COARSE = 0.005
_MOST_POLYGONS = 16
#: Less than this part of the picture is no area but a slip.
_LEAST = 1e-4


def read_mask(path: Path) -> Grey:
    """A grey picture, uint8 (H, W).

    Raises:
        ConfigError: it is not there, or no picture.
    """
    try:
        data = read_at_most(path, _MOST_BYTES)
    except OSError as error:
        raise ConfigError(reason_of(error)) from None
    fields = data[:64].split()
    if data[:2] not in (b"P5", b"P2") or not _size_is_allowed(fields):
        raise ConfigError("is no PGM picture, or a too large one")
    grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ConfigError("is a damaged PGM picture")
    return np.asarray(grey, np.uint8)


def _size_is_allowed(fields: list[bytes]) -> bool:
    """False only where width and height say so; a comment may stand before them."""
    numbers = [int(it) for it in fields[1:3] if it.isdigit()]
    return len(numbers) < 2 or allowed(numbers[0], numbers[1])


def as_png(grey: Grey) -> bytes:
    """The mask as ours: black is not judged, white is. Grey counts as the nearer of both."""
    two = np.where(grey >= LOOKS_FROM, 255, 0).astype(np.uint8)
    done, data = cv2.imencode(".png", two)
    if not done:
        raise ConfigError("cannot be written as PNG")
    return data.tobytes()


def has_grey(grey: Grey) -> bool:
    """Whether there is more than black and white."""
    return bool(np.any((grey > 0) & (grey < 255)))


def black_polygons(grey: Grey) -> list[list[list[float]]]:
    """The black areas as polygons, corners in 0..1, the largest first."""
    height, width = grey.shape
    black = (grey < LOOKS_FROM).astype(np.uint8)
    contours, _ = cv2.findContours(black, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True):
        if cv2.contourArea(contour) < _LEAST * width * height:
            continue
        corners = cv2.approxPolyDP(contour, _COARSE * width, closed=True).reshape(-1, 2)
        if len(corners) >= 3:
            across, down = max(width - 1, 1), max(height - 1, 1)
            found.append([[round(x / across, 4), round(y / down, 4)] for x, y in corners.tolist()])
    return found[:_MOST_POLYGONS]
