"""What may fly before an infrared lamp: brighter than its place was, and blurred."""

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import Blob, Cells, cells_of
from agent.vision.detector.infrared import is_dark, lightens, may_fly

Spot = tuple[int, int, float, float]  # x, y, blur, how much brighter


def shown(*spots: Spot) -> Cells:
    """A dark scene with spots of 24 pixels."""
    picture = np.full((240, 320), 40, np.float32)
    for x, y, blur, bright in spots:
        mask = np.zeros_like(picture)
        cv2.circle(mask, (x, y), 12, 1.0, -1)
        glow: npt.NDArray[np.float32] = np.asarray(cv2.GaussianBlur(mask, (0, 0), blur), np.float32)
        picture += bright * glow
    return cells_of(np.clip(picture, 0, 255).astype(np.uint8))


def blob(x: int, y: int, w: int, h: int) -> Blob:
    """In cells of two pixels."""
    return Blob(w * h, w * h, 60.0, (x // 2, y // 2, w // 2, h // 2))


NOBODY = shown()
HERE = blob(130, 90, 60, 60)


def test_a_blurred_bright_spot_may_fly_and_a_sharp_one_not() -> None:
    assert is_dark(NOBODY)
    assert may_fly(HERE, shown((160, 120, 6.0, 90.0)), NOBODY, NOBODY)
    assert not may_fly(HERE, shown((160, 120, 0.5, 90.0)), NOBODY, NOBODY)


def test_what_covers_its_place_with_something_darker_does_not_fly() -> None:
    dark = shown((160, 120, 6.0, -30.0))
    assert lightens(HERE, dark, NOBODY, NOBODY) < 0.1
    assert not may_fly(HERE, dark, NOBODY, NOBODY)


def test_the_place_that_something_has_left_does_not_make_it_darker() -> None:
    before, now = shown((140, 120, 6.0, 90.0)), shown((175, 120, 6.0, 90.0))
    around = blob(110, 90, 100, 60)
    assert lightens(around, now, before, NOBODY) > 0.9
    assert may_fly(around, now, before, NOBODY)
