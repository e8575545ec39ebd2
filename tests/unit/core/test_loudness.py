"""When a camera's sound is an event."""

from __future__ import annotations

import pytest

from agent.core.loudness import LONGEST, REST, Listener, Loudness, SoundLimits

STEP = 0.1
LIMITS = SoundLimits(threshold=-25.0, rise=10.0)


class Street:
    """Plays levels to a listener, a tenth of a second each."""

    def __init__(self, limits: SoundLimits = LIMITS) -> None:
        self.listener = Listener(limits)
        self.at = 100.0
        self.told: list[Loudness] = []

    def play(self, level: float, seconds: float) -> list[Loudness]:
        """What is told meanwhile."""
        before = len(self.told)
        for _ in range(round(seconds / STEP)):
            heard = self.listener.hear(self.at, level, STEP)
            self.told += [] if heard is None else [heard]
            self.at += STEP
        return self.told[before:]


def test_a_bang_is_told_once_it_is_over_with_what_decided() -> None:
    street = Street()
    assert street.play(-60.0, 10.0) == []
    assert street.play(-12.0, 0.3) == []
    (bang,) = street.play(-60.0, 2.0)
    assert (bang.level, bang.whole, bang.suppressed) == (-12.0, True, 0)
    assert bang.background == pytest.approx(-60.0, abs=1.0)
    assert bang.duration == pytest.approx(0.3)
    assert bang.at == pytest.approx(110.0)


def test_barks_with_pauses_are_one_event_that_is_told_in_time() -> None:
    street = Street()
    street.play(-55.0, 10.0)
    for _ in range(10):
        street.play(-15.0, 0.3)
        street.play(-55.0, 0.4)
    (told,) = street.told
    assert not told.whole
    assert told.duration <= LONGEST


@pytest.mark.parametrize(
    ("background", "loud"),
    [(-60.0, -26.0), (-20.0, -12.0), (-60.0, -60.0)],
    ids=["below the threshold", "hardly above the background", "silence"],
)
def test_what_is_not_loud_enough_is_none(background: float, loud: float) -> None:
    street = Street()
    street.play(background, 20.0)
    street.play(loud, 1.0)
    street.play(background, 5.0)
    assert street.told == []


def test_the_first_seconds_only_teach_what_is_usual() -> None:
    street = Street()
    street.play(-60.0, 1.0)
    street.play(-10.0, 0.3)
    assert street.play(-60.0, 3.0) == []


def test_soon_after_an_event_others_are_only_counted() -> None:
    street = Street()
    street.play(-60.0, 10.0)
    for _ in range(4):
        street.play(-10.0, 0.2)
        street.play(-60.0, 1.8)
    assert len(street.told) == 1
    street.play(-60.0, REST)
    street.play(-10.0, 0.2)
    street.play(-60.0, 2.0)
    assert [it.suppressed for it in street.told] == [0, 3]


def test_a_noise_that_stays_becomes_the_background() -> None:
    street = Street()
    street.play(-70.0, 10.0)
    street.play(-15.0, 300.0)
    assert street.listener.background == pytest.approx(-15.0)
    assert 1 <= len(street.told) <= 1 + 100 / REST
    before = len(street.told)
    street.play(-15.0, 300.0)
    assert len(street.told) == before


def test_the_level_is_that_of_the_last_minute() -> None:
    street = Street()
    street.play(-60.0, 10.0)
    street.play(-12.0, 0.1)
    street.play(-60.0, 50.0)
    assert street.listener.level == -12.0
    street.play(-60.0, 20.0)
    assert street.listener.level == -60.0


def test_after_a_time_without_sound_it_begins_anew() -> None:
    street = Street()
    street.play(-60.0, 30.0)
    street.at += 60.0
    assert street.play(-10.0, 3.0) == []
    assert street.listener.level == -10.0
    assert len(street.listener._shown) <= 62
