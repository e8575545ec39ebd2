"""What the measures of pictures mean over time."""

from dataclasses import replace

import pytest

from agent.core.image_quality import FROZEN_AFTER, Latch, Look, Sight, SightMachine

DAYLIGHT = Look(0.0, brightness=120.0, highlights=200.0, detail=0.02, colour=20.0)


class Rig:
    """A machine that looks every ten seconds."""

    def __init__(self) -> None:
        self.machine = SightMachine()
        self.at = 0.0
        self.look(10)

    def look(self, times: int = 1, **measures: object) -> Sight:
        for _ in range(times):
            self.at += 10.0
            self.machine.look(replace(DAYLIGHT, at=self.at, **measures))  # type: ignore[arg-type]  # field by field
        return self.machine.sight


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_nothing_is_known_before_the_first_look() -> None:
    assert SightMachine().sight == Sight()
    assert Sight().problems == ()


def test_daylight_is_no_problem(rig: Rig) -> None:
    assert rig.machine.sight.problems == ()
    assert rig.machine.sight.night is False
    assert rig.machine.sight.brightness == pytest.approx(47.1)


def test_the_same_picture_for_long_is_frozen_and_a_new_one_is_not() -> None:
    machine = SightMachine()
    machine.new_picture()
    assert not machine.same_picture(1000.0).frozen
    assert not machine.same_picture(1000.0 + FROZEN_AFTER - 0.5).frozen
    assert machine.same_picture(1000.0 + FROZEN_AFTER).problems == ("picture_frozen",)
    assert not machine.new_picture().frozen
    assert not machine.same_picture(2000.0).frozen


def test_darkness_has_to_last(rig: Rig) -> None:
    dark = {"brightness": 6.0, "highlights": 12.0}
    assert not rig.look(3, **dark).dark
    assert rig.look(1, **dark).problems == ("picture_dark",)
    assert rig.look(1, highlights=35.0).dark, "between the limits nothing changes"
    assert rig.look(2).problems == ()


def test_somebody_before_the_lens_is_no_darkness(rig: Rig) -> None:
    rig.look(2, brightness=6.0, highlights=12.0)
    assert not rig.look(1).dark
    assert not rig.look(2, brightness=6.0, highlights=12.0).dark


def test_a_lost_focus_is_blurred_until_it_is_sharp_again(rig: Rig) -> None:
    assert not rig.look(6, detail=0.005).blurred
    assert rig.look(1, detail=0.005).problems == ("picture_blurred",)
    assert rig.look(100, detail=0.005).blurred, "it must not become the usual picture"
    assert rig.look(3).problems == ()


def test_a_scene_with_little_detail_is_not_blurred() -> None:
    rig = Rig.__new__(Rig)
    rig.machine, rig.at = SightMachine(), 0.0
    assert not rig.look(50, detail=0.003).blurred


def test_a_slow_loss_of_detail_is_the_scenes_own(rig: Rig) -> None:
    for detail in (0.018, 0.015, 0.012, 0.010, 0.0085, 0.007):
        assert not rig.look(130, detail=detail).blurred


def test_night_has_its_own_usual_detail(rig: Rig) -> None:
    night = {"brightness": 60.0, "colour": 0.5, "detail": 0.004}
    assert rig.look(30, **night).problems == ()
    assert rig.machine.sight.night


def test_a_grey_picture_is_night_and_colours_are_day(rig: Rig) -> None:
    assert not rig.look(2, colour=0.4).night
    assert rig.look(2, colour=0.4).night
    assert rig.look(5, colour=None).night, "colours are looked at now and then only"
    assert not rig.look(4, colour=18.0).night


def test_dusk_is_night_for_a_camera_that_keeps_its_colours(rig: Rig) -> None:
    assert rig.look(4, brightness=35.0).night
    assert rig.look(4, brightness=50.0).night, "between the limits nothing changes"
    assert not rig.look(4, brightness=70.0).night


def test_at_the_start_day_or_night_is_known_at_once() -> None:
    machine = SightMachine()
    assert machine.look(replace(DAYLIGHT, brightness=10.0)).night is True


def test_a_lamp_is_a_change_of_light_and_dusk_is_none(rig: Rig) -> None:
    assert rig.machine.sight.light_changed_at is None
    for brightness in range(118, 60, -6):
        assert rig.look(1, brightness=float(brightness)).light_changed_at is None
    assert rig.look(1, brightness=110.0).light_changed_at == rig.at
    lamp = rig.at
    assert rig.look(3, brightness=112.0).light_changed_at == lamp


def test_a_shifted_view_is_said_when_it_stays(rig: Rig) -> None:
    for _ in range(2):
        assert not rig.look(1, shift=(5.0, -2.0, 0.8)).shifted
        rig.look(2)
    assert not rig.machine.sight.shifted
    sight = rig.look(1, shift=(5.0, -2.04, 0.8))
    assert sight.problems == ("view_shifted",)
    assert sight.shift == (5.0, -2.0)
    for _ in range(3):
        rig.look(1, shift=(0.1, 0.0, 0.9))
        rig.look(2)
    assert rig.machine.sight.problems == ()


def test_a_picture_that_does_not_match_says_nothing_about_shift(rig: Rig) -> None:
    for _ in range(10):
        assert not rig.look(1, shift=(30.0, 0.0, 0.1)).shifted
    assert rig.machine.sight.shift == (0.0, 0.0)


def test_evidence_that_stops_starts_anew() -> None:
    latch = Latch(rises=2.0, falls=1.0)
    assert not latch.update(0.0, on=True, off=False)
    assert not latch.update(1.0, on=False, off=False)
    assert not latch.update(2.0, on=True, off=False)
    assert latch.update(4.0, on=True, off=False)
    assert latch.update(5.0, on=False, off=True)
    assert not latch.update(6.0, on=False, off=True)
