"""Torn pictures, and visitors who are none."""

import numpy as np
import numpy.typing as npt
import pytest

from agent.vision.detector.damage import is_torn

Grey = npt.NDArray[np.uint8]


def scene(seed: int = 1) -> Grey:
    return np.random.default_rng(seed).integers(40, 200, (120, 160), dtype=np.uint8)


def changes(now: Grey, before: Grey) -> Grey:
    difference = np.abs(now.astype(np.int16) - before.astype(np.int16))
    return np.where(difference > 8, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("line", [12, 40, 77, 110])
def test_a_shifted_end_is_torn(line: int) -> None:
    before = scene()
    now = before.copy()
    now[line:] = np.roll(now[line:], 30, axis=1)

    assert is_torn(changes(now, before), now, before)


def test_a_first_torn_line_may_begin_anywhere() -> None:
    before = scene()
    now = before.copy()
    now[52:54, 80:] = 0
    now[54:] = scene(2)[54:]

    assert is_torn(changes(now, before), now, before)


def test_an_end_of_one_grey_is_torn_although_it_hardly_changed() -> None:
    before = (scene() // 12 + 120).astype(np.uint8)
    now = before.copy()
    now[90:] = 128

    assert is_torn(np.zeros_like(now), now, before)


def test_a_scene_whose_end_is_always_flat_is_whole() -> None:
    before = scene()
    before[100:] = 128

    assert not is_torn(np.zeros_like(before), before, before)


def test_a_visitor_is_not_torn() -> None:
    before = scene()
    now = before.copy()
    now[30:, 50:110] = 10

    assert not is_torn(changes(now, before), now, before)


def test_a_car_that_fills_the_width_is_not_torn() -> None:
    before = scene()
    now = before.copy()
    roof = 60 + (np.abs(np.arange(160) - 80) / 3).astype(int)
    for column, top in enumerate(roof):
        now[top:, column] = 20

    assert not is_torn(changes(now, before), now, before)


def test_change_everywhere_is_not_torn() -> None:
    assert not is_torn(changes(scene(2), scene(1)), scene(2), scene(1))


@pytest.mark.parametrize("shape", [(1, 1), (3, 20), (120, 8), (2, 300)])
def test_small_pictures_are_looked_at_without_error(shape: tuple[int, int]) -> None:
    black, white = np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)

    assert not is_torn(white, white, black)
