"""The judging core: areas, what decides among them, and the event."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from agent.core.errors import ConfigError
from agent.core.messages import Detection, Reason
from agent.vision.judge import Judge
from agent.vision.zones import View
from schemas.zones import Zone
from tests.support.vision import SETTINGS

HEIGHT, WIDTH = 96, 128
LEFT = ((0.0, 0.0), (0.49, 0.0), (0.49, 1.0), (0.0, 1.0))
EVERYTHING = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def scene(*squares: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """A dark scene with bright squares at (row, column) of so many pixels a side."""
    luma = np.full((HEIGHT, WIDTH), 20, np.uint8)
    for row, column, side in squares:
        luma[row : row + side, column : column + side] = 220
    return luma


def play(judge: Judge, *lumas: npt.NDArray[np.uint8]) -> list[Detection]:
    return [judge.judge(luma, n, n / 4, SETTINGS) for n, luma in enumerate(lumas)]


QUIET = [scene()] * 4


def plain(view: View) -> Judge:
    return Judge("plain", view)


def test_without_zones_nothing_is_named() -> None:
    assert play(plain(View()), *QUIET, scene((10, 10, 16)))[-1].zone is None


def test_motion_outside_of_the_zones_is_none() -> None:
    judge = plain(View(zones={"door": Zone(polygon=LEFT)}))
    assert not play(judge, *QUIET, scene((10, 80, 16)))[-1].motion
    assert not judge.binary().any()


def test_motion_in_a_zone_names_it() -> None:
    judge = plain(View(zones={"door": Zone(polygon=LEFT)}))
    detection = play(judge, *QUIET, scene((10, 10, 16)))[-1]
    assert detection.motion
    assert detection.zone == "door"
    assert detection.unmasked_pixels < HEIGHT * WIDTH * 0.55


def test_a_zone_is_judged_by_its_own_thresholds_and_the_rest_by_the_cameras() -> None:
    zones = {"all": Zone(polygon=EVERYTHING), "door": Zone(polygon=LEFT, min_changed=10.0)}
    small_in_zone, small_outside = scene((10, 10, 16)), scene((10, 80, 16))
    judge = plain(View(zones=zones))
    inside = play(judge, *QUIET, small_in_zone)[-1]
    assert not inside.motion
    outside = play(plain(View(zones=zones)), *QUIET, small_outside)[-1]
    assert outside.motion
    assert outside.zone == "all"
    large = play(plain(View(zones=zones)), *QUIET, scene((10, 4, 50)))[-1]
    assert large.motion
    assert (large.zone, large.min_changed, large.max_changed) == ("door", 10.0, 100.0)


def test_motion_in_one_zone_goes_before_too_much_in_another() -> None:
    zones = {
        "all": Zone(polygon=EVERYTHING),
        "door": Zone(polygon=LEFT, min_changed=0.1, max_changed=20.0),
    }
    both = scene((10, 4, 50), (10, 80, 16))
    detection = play(plain(View(zones=zones)), *QUIET, both)[-1]
    assert (detection.motion, detection.zone) == (True, "all")
    alone = play(plain(View(zones=zones)), *QUIET, scene((10, 4, 50)))[-1]
    assert (alone.reason, alone.zone) == (Reason.TOO_MUCH, "door")


def test_the_binary_image_shows_all_areas() -> None:
    zones = {"all": Zone(polygon=EVERYTHING), "door": Zone(polygon=LEFT, min_changed=0.1)}
    judge = plain(View(zones=zones))
    play(judge, *QUIET, scene((10, 10, 16), (10, 80, 16)))
    assert int(np.count_nonzero(judge.binary())) == 512


def test_after_forgetting_the_first_frames_are_not_judged() -> None:
    judge = plain(View())
    play(judge, *QUIET)
    judge.forget()
    again = play(judge, scene((10, 10, 16)), scene((30, 30, 16)))
    assert [it.reason for it in again] == [Reason.WARMING_UP] * 2


def test_frames_of_a_new_size_get_new_areas() -> None:
    judge = plain(View(zones={"door": Zone(polygon=LEFT)}))
    play(judge, *QUIET)
    small = np.full((48, 64), 20, np.uint8)
    detection = judge.judge(small, 9, 9.0, SETTINGS)
    assert detection.reason is Reason.WARMING_UP
    assert detection.unmasked_pixels < 48 * 64 * 0.55


def test_an_unknown_profile_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match="'magic' is unknown"):
        Judge("magic", View())


def test_changed_settings_hold_for_zones_too() -> None:
    judge = plain(View(zones={"door": Zone(polygon=LEFT, max_changed=90.0)}))
    play(judge, *QUIET)
    strict = replace(SETTINGS, min_changed=50.0)
    detection = judge.judge(scene((10, 10, 16)), 9, 9.0, strict)
    assert (detection.motion, detection.min_changed) == (False, 50.0)
