"""The analysis rate."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.pacing import Glances, Pacer


def admitted(times: list[float], rate: float = 3.0) -> list[float]:
    pacer = Pacer(rate)
    return [at for at in times if pacer.admit(at)]


@pytest.mark.parametrize("seed", range(5))
def test_a_camera_as_fast_as_the_limit_has_every_frame_judged_in_spite_of_jitter(
    seed: int,
) -> None:
    rng = random.Random(seed)
    times = [k / 3 + rng.uniform(-0.020, 0.020) for k in range(3000)]

    assert admitted(times) == times


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_a_faster_camera_is_judged_at_the_limit_on_average(fps: int) -> None:
    times = [k / fps for k in range(100 * fps)]

    assert len(admitted(times)) == pytest.approx(300, abs=1)


def test_a_slightly_faster_camera_loses_single_frames_only() -> None:
    times = [k / 3.03 for k in range(1010)]

    kept = admitted(times)

    assert 980 <= len(kept) <= 1001
    assert all(b - a < 2.5 / 3 for a, b in itertools.pairwise(kept))


def test_a_slower_camera_is_judged_whole() -> None:
    times = [k / 2 for k in range(100)]

    assert admitted(times) == times


def test_a_gap_causes_no_burst() -> None:
    times = [k / 30 for k in range(30)] + [60 + k / 30 for k in range(30)]

    after = [at for at in admitted(times) if at >= 60]

    assert len(after) == len([at for at in admitted(times) if at < 60])
    assert len(after) <= 4


@given(
    st.lists(st.floats(0.0, 2.0), min_size=2, max_size=200),
    st.sampled_from([0.5, 1.0, 3.0, 12.0]),
)
def test_no_window_has_more_than_the_rate_and_one(gaps: list[float], rate: float) -> None:
    now, times = 0.0, []
    for gap in gaps:
        now += gap / rate
        times.append(now)

    kept = admitted(times, rate)

    for first in range(len(kept)):
        for last in range(first, len(kept)):
            window = kept[last] - kept[first]
            assert last - first + 1 <= math.ceil(window * rate + 1e-9) + 1


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_of_nothing_is_a_mistake(rate: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        Pacer(rate)


def test_times_that_go_back_begin_a_new_schedule() -> None:
    """A clip that is played faster than it lasts runs ahead of the clock, and then begins anew."""
    pacer = Pacer(3.0)
    assert [pacer.admit(1000.0 + k) for k in range(60)] == [True] * 60
    assert [pacer.admit(1003.0 + k) for k in range(60)] == [True] * 60


@pytest.mark.parametrize("rate", [3.0, 5.0, 12.5])
@pytest.mark.parametrize("fps", [10, 15, 25])
def test_what_is_glanced_at_is_judged(rate: float, fps: int) -> None:
    """The camera's thread decodes what the detector's will want."""
    glances, pacer = Glances(rate), Pacer(rate)
    times = [k / fps for k in range(20 * fps)]
    seen = [at for at in times if glances.admit(at)]
    assert [at for at in seen if pacer.admit(at)] == seen == admitted(times, rate)


def test_a_camera_that_is_judged_seldom_is_looked_at_three_times_a_second() -> None:
    glances = Glances(0.2)
    assert sum(glances.admit(k / 15) for k in range(150)) == pytest.approx(30, abs=1)


def test_everything_is_looked_at_while_somebody_wants_it() -> None:
    wanted = False
    glances = Glances(3.0, lambda: wanted, batch=0.15)
    assert [glances.admit(k / 15) for k in range(5)].count(True) == 2
    wanted = True
    assert all(glances.admit(1 + k / 15) for k in range(15))
    assert glances.pause(2.0) == 0.15


def test_nobody_waits_until_the_next_picture_that_is_looked_at_has_come() -> None:
    fps, glances = 15, Glances(3.0)
    assert glances.pause(0.0) == 0.0, "the first one is wanted at once"
    for at in (k / fps for k in range(90)):
        if glances.admit(at) and at > 1:
            due = at + glances.pause(at)
            following = next(it for it in (k / fps for k in range(99)) if it > at + 0.3)
            assert following < due < following + 0.1
