"""Orientation: camera -> stored and back."""

import itertools

import numpy as np
import pytest

from agent.core.errors import ConfigError
from agent.imaging.orientation import Orientation

ALL = [Orientation(*it) for it in itertools.product((0, 180), (False, True), (False, True))]
PLANE = np.arange(12, dtype=np.uint8).reshape(3, 4)


def test_half_a_turn_flips_both_axes() -> None:
    turned = Orientation(rotate=180).picture(PLANE)

    assert np.array_equal(turned, PLANE[::-1, ::-1])


def test_one_flip_mirrors_one_axis() -> None:
    assert np.array_equal(Orientation(flip_h=True).picture(PLANE), PLANE[:, ::-1])
    assert np.array_equal(Orientation(flip_v=True).picture(PLANE), PLANE[::-1, :])


def test_half_a_turn_and_one_flip_leave_the_other_flip() -> None:
    assert Orientation(180, flip_h=True).mirrored == Orientation(flip_v=True).mirrored


def test_half_a_turn_and_both_flips_change_nothing() -> None:
    orientation = Orientation(180, flip_h=True, flip_v=True)

    assert orientation.unchanged
    assert orientation.picture(PLANE) is PLANE


@pytest.mark.parametrize("orientation", ALL)
def test_twice_turned_is_the_camera_picture_again(orientation: Orientation) -> None:
    colour = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)

    assert np.array_equal(orientation.picture(orientation.picture(colour)), colour)
    assert orientation.box(orientation.box((0.125, 0.25, 0.5, 0.25))) == (0.125, 0.25, 0.5, 0.25)


@pytest.mark.parametrize("orientation", ALL)
def test_the_box_follows_the_pixels_it_surrounds(orientation: Orientation) -> None:
    plane = np.zeros((8, 16), np.uint8)
    plane[1:3, 2:6] = 255

    x, y, width, height = orientation.box((2 / 16, 1 / 8, 4 / 16, 2 / 8))

    turned = orientation.picture(plane)
    rows, columns = (
        slice(int(y * 8), int((y + height) * 8)),
        slice(int(x * 16), int((x + width) * 16)),
    )
    assert turned[rows, columns].all()
    assert np.count_nonzero(turned) == turned[rows, columns].size == 8


def test_a_quarter_turn_is_a_configuration_error_that_names_what_is_allowed() -> None:
    with pytest.raises(ConfigError, match="rotate: 90 is not possible; allowed are 0 and 180"):
        Orientation(rotate=90)
