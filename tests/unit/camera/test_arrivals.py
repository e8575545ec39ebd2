"""Times of pictures that one read brings together."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.arrivals import Arrivals


def test_a_picture_that_comes_alone_came_when_it_was_taken() -> None:
    arrivals = Arrivals()
    assert [arrivals.times(1, at) for at in (5.0, 5.1, 9.0)] == [[5.0], [5.1], [9.0]]


def test_the_first_pictures_of_all_have_one_time() -> None:
    assert Arrivals().times(3, 7.0) == [7.0] * 3


def test_pictures_that_a_pipe_held_back_are_spread_over_the_time_since_the_last_one() -> None:
    arrivals = Arrivals()
    for number in range(10):
        arrivals.times(1, number / 10)
    assert arrivals.times(5, 1.4) == pytest.approx([1.0, 1.1, 1.2, 1.3, 1.4])


def test_after_a_pause_of_the_camera_they_lie_together_as_usual() -> None:
    arrivals = Arrivals()
    for number in range(10):
        arrivals.times(1, number / 10)
    assert arrivals.times(2, 60.0) == pytest.approx([59.9, 60.0])


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0.0, 5.0)), max_size=30))
def test_none_came_before_the_one_before_it_or_later_than_now(
    reads: list[tuple[int, float]],
) -> None:
    arrivals, now, told = Arrivals(), 100.0, list[float]()
    for count, passed in reads:
        now += passed
        times = arrivals.times(count, now)
        assert len(times) == count
        assert all(at <= now for at in times)
        told += times
    assert all(before <= after + 1e-9 for before, after in pairwise(told))
