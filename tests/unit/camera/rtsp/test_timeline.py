from __future__ import annotations

import math
from itertools import pairwise

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


@pytest.mark.parametrize("group", [[2, 0, 1], [3, 1, 0, 2], [1, 0]])
def test_b_pictures_keep_their_times_however_seldom_they_are(group: list[int]) -> None:
    """An encoder that chooses itself makes none for seconds, then some again."""
    shown: list[int] = []
    for _ in range(5):
        shown += range(len(shown), len(shown) + 60)
        shown += [len(shown) + at for at in group]
    told = timed([9000 * at for at in shown])
    assert told == [round(at / 10, 3) for at in shown]


def steps(seconds: list[float]) -> list[float]:
    return [round(later - before, 3) for before, later in pairwise(seconds)]


@pytest.mark.parametrize("rate", [1000, 8000, 45_000, 180_000, 1_000_000])
def test_a_clock_that_counts_at_a_false_rate_is_not_believed(rate: int) -> None:
    told = timed([n * rate // 10 for n in range(150)])
    assert set(steps(told)[80:]) == {0.1}
    if rate < 90_000:
        assert told[-1] == pytest.approx(14.9), "what was told too little is made up for"


def test_a_clock_that_goes_wrong_at_night_is_believed_again_in_the_morning() -> None:
    """The camera counts 25 pictures a second, and sends 6 a second at night."""
    timeline = Timeline(90000)
    at, told = 0.0, []
    for number in range(900):
        told.append(timeline.seconds(3600 * number, at))
        at += 1 / 6 if 300 <= number < 500 else 0.04
        if number == 480:
            assert timeline.stands
    assert steps(told)[450:490] == [0.167] * 40
    assert not timeline.stands
    assert set(steps(told)[800:]) == {0.04}


@pytest.mark.parametrize("hold", [0.3, 1.0, 3.0])
def test_a_link_that_holds_the_pictures_back_makes_no_clock_false(hold: float) -> None:
    """It holds them for some time and then lets them through, again and again."""
    arrivals = [hold * math.ceil(n * 0.1 / hold) for n in range(300)]
    assert set(steps(timed([9000 * n for n in range(300)], arrivals))) == {0.1}


def test_a_clock_of_whole_seconds_is_no_faster_for_it() -> None:
    told = timed([n // 10 * 90_000 for n in range(100)])
    assert told == [pytest.approx(n / 10, abs=0.02) for n in range(100)]


@pytest.mark.parametrize("when", [10, 100])
def test_a_clock_that_is_set_back_a_little_goes_on_by_ours(when: int) -> None:
    stamps = [9000 * n for n in range(when)] + [9000 * n for n in range(when - 10, when + 50)]
    assert set(steps(timed(stamps))) == {0.1}
