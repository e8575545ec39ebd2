"""The analysis rate."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.pacing import Pacer


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
