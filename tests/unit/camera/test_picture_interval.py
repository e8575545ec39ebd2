from __future__ import annotations

import pytest

from agent.camera.picture_interval import MOST, UNKNOWN, Rhythm

LEAST = 8.0


def heard(*times: float) -> Rhythm:
    rhythm = Rhythm()
    rhythm.begin()
    for at in times:
        rhythm.add(at)
    return rhythm


@pytest.mark.parametrize(
    ("times", "limit"),
    [
        ((), UNKNOWN),
        ((0.0,), UNKNOWN),
        ((0.0, 0.1), UNKNOWN),
        ((0.0, 0.1, 0.2), LEAST),
        ((0.0, 10.0, 20.0), 30.0),
        ((0.0, 0.1, 10.0), 29.7),
        ((0.0, 50.0, 100.0), MOST),
    ],
)
def test_what_is_borne_follows_the_pauses_that_were_seen(
    times: tuple[float, ...], limit: float
) -> None:
    assert heard(*times).limit(LEAST) == pytest.approx(limit)


def test_what_a_session_needs_in_any_case_is_never_undercut() -> None:
    assert heard(0.0, 0.1, 0.2).limit(90.0) == 90.0
    assert heard().limit(90.0) == 90.0


def test_a_slow_camera_that_begins_with_a_burst_is_given_twice_the_time() -> None:
    rhythm = heard(0.0, 0.1, 0.2, 0.3)
    rhythm.stalled(8.0)
    rhythm.begin()
    assert rhythm.limit(LEAST) == 16.0
    rhythm.add(20.0)
    rhythm.stalled(16.0)
    assert rhythm.limit(LEAST) == 32.0


def test_a_camera_that_ran_for_long_before_it_stalled_is_not() -> None:
    rhythm = heard(*(0.5 * n for n in range(100)))
    rhythm.stalled(8.0)
    assert rhythm.limit(LEAST) == LEAST


def test_a_session_without_any_picture_teaches_nothing() -> None:
    rhythm = heard(0.0, 0.1, 0.2)
    rhythm.begin()
    rhythm.stalled(8.0)
    assert rhythm.limit(LEAST) == LEAST


def test_the_pause_between_two_sessions_is_none() -> None:
    rhythm = heard(0.0, 0.1, 0.2)
    rhythm.begin()
    rhythm.add(500.0)
    assert rhythm.limit(LEAST) == LEAST


def test_doubt_ends_with_a_session_that_lasts() -> None:
    rhythm = heard(0.0, 0.1, 0.2)
    rhythm.stalled(8.0)
    for second in range(700):
        rhythm.add(20.0 + second)
    assert rhythm.limit(LEAST) == LEAST
