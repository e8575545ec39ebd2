from __future__ import annotations

import pytest

from agent.camera.rtsp.timeline import Timeline


def timed(stamps: list[int], arrivals: list[float] | None = None) -> list[float]:
    timeline = Timeline(90000)
    arrivals = arrivals or [n / 10 for n in range(len(stamps))]
    return [round(timeline.seconds(s, at), 3) for s, at in zip(stamps, arrivals, strict=True)]


def test_a_clock_of_32_bits_that_wraps_goes_on() -> None:
    stamps = [(2**32 - 18000 + 9000 * n) % 2**32 for n in range(5)]
    assert timed(stamps) == [0.0, 0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize("then", [0, 5_000_000, 2**31, 3 * 2**30])
def test_a_clock_that_is_set_goes_on_by_ours(then: int) -> None:
    stamps = [90_000_000, 90_009_000, then, then + 9000]
    assert timed(stamps) == [0.0, 0.1, 0.2, 0.3]


def test_a_clock_that_stands_still_goes_on_by_ours() -> None:
    assert timed([77] * 4) == [0.0, 0.1, 0.2, 0.3]


def test_a_link_that_held_the_pictures_back_does_not_move_their_times() -> None:
    stamps = [9000 * n for n in range(6)]
    assert timed(stamps, [0.0, 0.1, 3.2, 3.2, 3.2, 3.2]) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]


def test_a_picture_that_is_shown_before_those_coded_before_it_keeps_its_time() -> None:
    assert timed([0, 27000, 9000, 18000]) == [0.0, 0.3, 0.1, 0.2]
