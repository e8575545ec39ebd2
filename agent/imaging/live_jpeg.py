"""The small picture that Home Assistant shows while nobody asks for more."""

from __future__ import annotations

import cv2
import numpy as np

from agent.imaging.jpeg import (
    Image,
    colour_work,
    decode_colour,
    dimensions,
    encode_within,
)
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons
from agent.imaging.privacy_mask import blacken

#: Pixels: Home Assistant's cards are no wider on a tablet.
WIDEST = 640
#: Bytes, at most; a picture of 640x480 has 20,000 to 40,000 at this quality.
MOST_BYTES = 60_000
_QUALITY = 75


def live_jpeg(
    image: Image,
    turn: Orientation,
    privacy: Polygons = (),
    limit: int = MOST_BYTES,
    shrink: int = 1,
) -> bytes | None:
    """The picture in stored orientation, at most `WIDEST` pixels wide; None: it is damaged.

    It has at most `limit` bytes, and with `shrink` 2 half the width. A JPEG of the camera that is
    small enough, and of which nothing has to be turned or blackened, is not even decoded.
    """
    size = dimensions(image)
    if size is None:
        return None
    width, as_it_is = size[1], turn.unchanged and not privacy
    if as_it_is and isinstance(image, bytes) and width <= WIDEST and len(image) <= limit:
        return image
    if not isinstance(image, bytes):
        picture = image.fitted(*_fitting(size, WIDEST // shrink))
        return encode_within(blacken(turn.picture(picture), privacy), limit, _QUALITY)
    decoded = decode_colour(image, min(8, _scale(width) * shrink))
    if decoded is None:
        return None
    picture = decoded
    if picture.shape[1] > WIDEST:
        smaller = cv2.resize(
            picture, _fitting(picture.shape[:2], WIDEST), interpolation=cv2.INTER_AREA
        )
        picture = np.asarray(smaller, np.uint8)
    return encode_within(blacken(turn.picture(picture), privacy), limit, _QUALITY)


def _fitting(size: tuple[int, int], widest: int) -> tuple[int, int]:
    """Width and height of a picture of `size` (height, width) that is that wide at most."""
    height, width = size
    if width <= widest:
        return width, height
    return widest, max(1, round(height * widest / width))


def live_work(image: Image) -> int:
    """Bytes of memory that making it takes; 0: too few to be counted."""
    width = (dimensions(image) or (0, 0))[1]
    return colour_work(image) // _scale(width) ** 2


def _scale(width: int) -> int:
    """The largest part of the size that is still wide enough."""
    return next((scale for scale in (8, 4, 2) if width >= scale * WIDEST), 1)
