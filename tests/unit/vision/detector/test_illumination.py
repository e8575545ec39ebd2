"""Gain and offset out of two samples, with and without things that moved."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vision.detector.illumination import SAME, Light, fit_light

Sample = npt.NDArray[np.float32]


def scene(size: int = 600, seed: int = 1) -> Sample:
    return np.random.default_rng(seed).uniform(30, 180, size).astype(np.float32)


def noise(size: int, deviation: float, seed: int = 2) -> Sample:
    return np.random.default_rng(seed).normal(0, deviation, size).astype(np.float32)


def test_a_still_scene_has_the_same_light_and_its_noise_is_measured() -> None:
    before = scene()

    light, deviation = fit_light(before, before + noise(600, 2.0))

    assert light == SAME
    assert deviation == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize(
    ("gain", "offset"), [(1.3, 0.0), (0.65, 0.0), (0.7, 45.0), (1.0, 12.0), (1.02, -3.0)]
)
def test_gain_and_offset_are_found(gain: float, offset: float) -> None:
    before = scene()

    light, deviation = fit_light(before, before * gain + offset + noise(600, 1.0))

    assert light.gain == pytest.approx(gain, abs=0.02)
    assert light.offset == pytest.approx(offset, abs=2.0)
    assert deviation == pytest.approx(1.0, rel=0.3)


@pytest.mark.parametrize("covered", [0.1, 0.2, 0.35])
def test_a_visitor_who_covers_much_does_not_disturb_the_light(covered: float) -> None:
    before = scene()
    now = before * 0.8 + noise(600, 1.0)
    now[: int(600 * covered)] = 40.0

    light, _ = fit_light(before, now)

    assert light.gain == pytest.approx(0.8, abs=0.05)


def test_a_large_visitor_in_steady_light_is_not_taken_for_light() -> None:
    before = scene()
    now = before + noise(600, 1.5)
    now[:280] = 35.0

    light, _ = fit_light(before, now)

    assert abs(light.gain - 1) < 0.03
    assert light.change < 4


def test_what_was_clipped_says_nothing_about_the_light() -> None:
    before = scene() * 1.6
    now = np.clip(before * 1.3, 0, 255).astype(np.float32)

    light, _ = fit_light(np.clip(before, 0, 255).astype(np.float32), now)

    assert light.gain == pytest.approx(1.3, abs=0.03)


def test_a_level_that_was_clipped_may_have_been_anything() -> None:
    darker = Light(0.7, 0.0)

    assert darker.doubts[250] == 250 - darker.levels[250]
    assert darker.doubts[200] == 60 // 5


def test_an_all_black_or_all_white_picture_has_no_light_to_fit() -> None:
    black, white = np.zeros(600, np.float32), np.full(600, 255, np.float32)

    assert fit_light(black, white)[0] == SAME
    assert fit_light(white, black)[0] == SAME


def test_levels_stay_within_bytes() -> None:
    light = Light(2.0, -100.0)

    assert (light.levels[0], light.levels[100], light.levels[255]) == (0, 100, 255)


def test_lights_follow_each_other() -> None:
    first, second = Light(0.5, 10), Light(2.0, 5)

    both = second.after(first)

    assert both.of(np.array([100], np.float32)) == pytest.approx(125)
    assert SAME.after(first) == first.after(SAME) == first


def test_the_same_light_leaves_a_picture_as_it_is() -> None:
    grey = np.arange(256, dtype=np.uint8)

    assert SAME.same
    assert SAME.seen(grey) is grey
    assert np.array_equal(Light(1.0, 10.0).seen(grey)[:240], grey[10:250])


@given(st.integers(0, 2**32), st.integers(1, 700))
@settings(deadline=None, max_examples=60)
def test_any_two_samples_have_a_light_in_finite_figures(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    before, now = rng.integers(0, 256, (2, size)).astype(np.float32)

    light, deviation = fit_light(before, now)

    assert np.isfinite([light.gain, light.offset, deviation]).all()
    assert light.levels.dtype == np.uint8
