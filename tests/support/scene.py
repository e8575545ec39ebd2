"""Synthetic JPEG frames: a dark scene in which a bright square is, or is not."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from agent.core.frame import Frame

HEIGHT, WIDTH = 48, 64
#: The square's side in pixels; its corners lie on JPEG's 8x8 grid, so that it decodes exactly.
SQUARE = 16
#: Frames a second, a power of two: times are exact in binary.
FPS = 4.0


@lru_cache(maxsize=64)
def jpeg_of(
    place: tuple[int, int] | None, size: tuple[int, int] = (HEIGHT, WIDTH), level: int = 16
) -> bytes:
    """A JPEG of a scene of grey `level`, with the bright square at (row, column) or without."""
    picture = np.full((*size, 3), level, np.uint8)
    if place is not None:
        row, column = place
        picture[row : row + SQUARE, column : column + SQUARE] = 216
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def places(seq: int) -> tuple[int, int]:
    """Where the square is in frame `seq`: at none of its two places before."""
    return 8 * (seq % 3), 16 * (seq % 3)


def frame(
    seq: int,
    *,
    motion: bool = False,
    session: int = 1,
    at: float | None = None,
    jpeg: bytes | None = None,
) -> Frame:
    """Frame `seq` of a camera of FPS frames a second that was connected at 1000.0 s."""
    data = jpeg if jpeg is not None else jpeg_of(places(seq) if motion else None)
    return Frame(data, 1000.0 + seq / FPS if at is None else at, seq, session)


def still(folder: Path, size: tuple[int, int] = (480, 640)) -> Path:
    """A folder of pictures in which nothing moves but a sensor's noise: no frozen picture."""
    scene = folder / "still"
    scene.mkdir()
    rng = np.random.default_rng(1)
    room = np.asarray(
        cv2.GaussianBlur(rng.integers(0, 240, size, dtype=np.uint8), (9, 9), 2), np.uint8
    )
    for number in range(40):
        noise = rng.integers(0, 5, room.shape, dtype=np.uint8)
        assert cv2.imwrite(str(scene / f"{number:02}.jpg"), room + noise)
    return scene
