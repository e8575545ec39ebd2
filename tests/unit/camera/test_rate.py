from __future__ import annotations

import pytest

from agent.camera.rate import RateMeter


def fed(fps: float, seconds: float) -> RateMeter:
    meter = RateMeter()
    for index in range(int(fps * seconds)):
        meter.add(100.0 + index / fps)
    return meter


@pytest.mark.parametrize("fps", [1.0, 3.0, 15.0, 30.0])
def test_a_steady_camera_has_its_rate(fps: float) -> None:
    assert fed(fps, 10).rate(110.0 - 1 / fps) == pytest.approx(fps)
    assert fed(fps, 10).rate(110.0 - 0.5 / fps) == pytest.approx(fps)


def test_the_rate_falls_as_soon_as_a_frame_is_overdue_and_to_0_within_the_window() -> None:
    meter = fed(3.0, 10)  # the last one at 109.67

    rates = [meter.rate(109.67 + late) for late in (0.5, 1.0, 2.0, 4.0)]

    assert rates == sorted(rates, reverse=True)
    assert rates[0] < 3.0
    assert meter.rate(115.0) == 0.0


def test_one_frame_is_no_rate() -> None:
    meter = RateMeter()
    meter.add(1.0)

    assert meter.rate(1.0) == 0.0


def test_a_new_session_begins_without_a_rate() -> None:
    meter = fed(3.0, 10)

    meter.clear()

    assert meter.rate(110.0) == 0.0


def test_frames_at_one_instant_have_no_rate() -> None:
    meter = RateMeter()
    meter.add(1.0)
    meter.add(1.0)

    assert meter.rate(1.0) == 0.0
