"""The shift between two pictures."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.vision.detector.cells import reduced
from agent.vision.detector.shake import moved, shift_between

Grey = npt.NDArray[np.uint8]


def scene() -> Grey:
    rng = np.random.default_rng(3)
    coarse = rng.integers(20, 230, (30, 40), dtype=np.uint8)
    return cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


@pytest.mark.parametrize("shift", [(2, 0), (0, -3), (-4, 5), (9, 1)])
def test_a_shift_is_found_to_the_pixel(shift: tuple[int, int]) -> None:
    before = scene()
    now = moved(before, shift)

    x, y = shift_between(reduced(now), reduced(before), 4)

    assert max(abs(x), abs(y)) > 0
    assert abs(x - shift[0]) <= 1
    assert abs(y - shift[1]) <= 1


def test_a_visitor_is_no_shift() -> None:
    before, now = scene(), scene()
    now[100:400, 200:350] = 10

    assert shift_between(reduced(now), reduced(before), 4) == (0, 0)


def test_noise_and_other_scenes_are_no_shift() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 256, (2, 120, 160), dtype=np.uint8)

    assert shift_between(one, other, 4) == (0, 0)


def test_a_picture_of_few_cells_has_no_shift() -> None:
    assert shift_between(np.zeros((1, 8), np.uint8), np.zeros((1, 8), np.uint8), 4) == (0, 0)


def test_moving_a_plane_leaves_what_comes_in_as_it_was() -> None:
    plane = np.arange(12, dtype=np.uint8).reshape(3, 4)

    assert moved(plane, (1, -1)).tolist() == [[0, 4, 5, 6], [4, 8, 9, 10], [8, 9, 10, 11]]
    assert moved(plane, (0, 0)).tolist() == plane.tolist()


def test_a_plane_of_half_the_size_is_moved_by_half_a_pixel() -> None:
    whole = scene()
    halves = [
        cv2.resize(it, (320, 240), interpolation=cv2.INTER_AREA)
        for it in (whole, moved(whole, (3, -1)))
    ]
    before, now = (it.astype(np.uint8) for it in halves)

    shift = shift_between(reduced(now), reduced(before), 2)

    assert shift == (1.5, -0.5)
    left = [
        float(cv2.absdiff(now, moved(before, it))[8:-8, 8:-8].mean())
        for it in (shift, (2, 0), (1, -1))
    ]
    assert left[0] < 0.3 * min(left[1:])


def test_what_moves_too_far_is_no_shake() -> None:
    before = scene()

    assert shift_between(reduced(moved(before, (20, 0))), reduced(before), 4)[0] != 0
    assert shift_between(reduced(moved(before, (30, 0))), reduced(before), 4) == (0, 0)
