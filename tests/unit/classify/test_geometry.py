from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.classify.geometry import Box, counts, crops, likeness, overlap

SIDE = 320


def test_both_looks_are_squares_around_the_motion() -> None:
    small, large, whole = crops((0.5, 0.5, 0.05, 0.1), 1080, 1920, SIDE)
    assert (small.width, small.height) == (270, 270), "a quarter of the height"
    assert (large.width, large.height) == (540, 540), "half of the height"
    assert (whole.width, whole.height) == (1080, 1080), "where both are in vain"
    for crop in (small, large):
        middle = (crop.x + crop.width / 2) / 1920, (crop.y + crop.height / 2) / 1080
        assert middle == pytest.approx((0.525, 0.55), abs=0.002)


def test_a_large_motion_is_looked_at_in_twice_and_three_times_its_size() -> None:
    small, large, _ = crops((0.4, 0.3, 0.1, 0.3), 1000, 2000, SIDE)
    assert (small.width, large.width) == (600, 900)


def test_at_the_edge_a_square_is_moved_inwards_and_not_cut() -> None:
    small, *_ = crops((0.98, 0.0, 0.02, 0.05), 1080, 1920, SIDE)
    assert (small.x + small.width, small.y) == (1920, 0)
    assert small.width == small.height


def test_what_is_larger_than_the_picture_is_all_of_it_once() -> None:
    (crop,) = crops((0.1, 0.1, 0.8, 0.8), 480, 640, SIDE)
    assert (crop.x, crop.y, crop.width, crop.height) == (0, 0, 640, 480)
    assert crop.scaled == (320, 240)


def test_without_a_box_all_is_looked_at() -> None:
    (crop,) = crops(None, 480, 640, SIDE)
    assert (crop.width, crop.height) == (640, 480)


part = st.floats(0.0, 1.0)


@given(part, part, part, part, st.integers(32, 4096), st.integers(32, 4096))
def test_every_square_is_in_the_picture_and_fits_the_network(
    x: float, y: float, w: float, h: float, height: int, width: int
) -> None:
    motion: Box = (x * (1 - w), y * (1 - h), w, h)
    for crop in crops(motion, height, width, SIDE):
        assert 0 <= crop.x <= crop.x + crop.width <= width
        assert 0 <= crop.y <= crop.y + crop.height <= height
        assert max(crop.scaled) in range(SIDE - 1, SIDE + 2)
        there = (0.0, 0.0, crop.width * crop.scale, crop.height * crop.scale)
        whole = crop.back(there, height, width)
        assert whole[0] == pytest.approx(crop.x / width)
        assert whole[2] == pytest.approx(crop.width / width)


def test_a_box_of_the_square_is_led_back_and_cut_at_the_picture() -> None:
    _, crop, _ = crops((0.9, 0.5, 0.05, 0.1), 1000, 1000, SIDE)
    x, y, w, h = crop.back((160, 160, 400, 80), 1000, 1000)
    assert x == pytest.approx(crop.x / 1000 + 0.25)
    assert x + w == 1.0
    assert h == pytest.approx(0.125)
    assert y == pytest.approx(crop.y / 1000 + 0.25)


def test_what_covers_the_middle_of_the_motion_or_overlaps_it_counts() -> None:
    motion = (0.4, 0.4, 0.2, 0.2)
    assert counts((0.45, 0.0, 0.1, 1.0), motion), "covers the middle"
    assert counts((0.35, 0.35, 0.12, 0.12), motion), "a third of it overlaps"
    assert not counts((0.55, 0.4, 0.4, 0.2), motion), "a parked car that the walker touches"
    assert not counts((0.8, 0.8, 0.1, 0.1), motion)
    assert counts((0.8, 0.8, 0.1, 0.1), None)


def test_boxes_without_area_have_nothing_in_common() -> None:
    assert overlap((0.5, 0.5, 0.0, 0.0), (0.0, 0.0, 1.0, 1.0)) == 0.0
    assert likeness((0.5, 0.5, 0.0, 0.0), (0.5, 0.5, 0.0, 0.0)) == 0.0
    assert likeness((0, 0, 2, 1), (1, 0, 2, 1)) == pytest.approx(1 / 3)
