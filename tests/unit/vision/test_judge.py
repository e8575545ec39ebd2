"""The judging core: areas, what decides among them, and the event."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from agent.core.errors import ConfigError
from agent.core.messages import Reason
from agent.vision.judge import Judge, Judgement
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


def play(judge: Judge, *lumas: npt.NDArray[np.uint8]) -> list[Judgement]:
    return [judge.judge(luma, n, n / 4, SETTINGS) for n, luma in enumerate(lumas)]


QUIET = [scene()] * 4


def plain(view: View) -> Judge:
    return Judge("plain", view, 4.0)


def test_motion_starts_an_event_and_quiet_frames_end_it() -> None:
    judge = plain(View())
    steps = [it.step for it in play(judge, *QUIET, scene((10, 10, 16)), *QUIET)]
    assert [it.started for it in steps] == [False] * 4 + [True] + [False] * 4
    assert steps[7].ended
    assert judge.event.peak.changed_pixels == 256
    assert judge.event.judged == 4


def test_without_zones_nothing_is_named() -> None:
    assert play(plain(View()), *QUIET, scene((10, 10, 16)))[-1].detection.zone is None


def test_motion_outside_of_the_zones_is_none() -> None:
    judge = plain(View(zones={"door": Zone(polygon=LEFT)}))
    assert not play(judge, *QUIET, scene((10, 80, 16)))[-1].detection.motion
    assert not judge.binary().any()


def test_motion_in_a_zone_names_it() -> None:
    judge = plain(View(zones={"door": Zone(polygon=LEFT)}))
    detection = play(judge, *QUIET, scene((10, 10, 16)))[-1].detection
    assert detection.motion
    assert detection.zone == "door"
    assert detection.unmasked_pixels < HEIGHT * WIDTH * 0.55


def test_a_zone_is_judged_by_its_own_thresholds_and_the_rest_by_the_cameras() -> None:
    zones = {"all": Zone(polygon=EVERYTHING), "door": Zone(polygon=LEFT, min_changed=10.0)}
    small_in_zone, small_outside = scene((10, 10, 16)), scene((10, 80, 16))
    judge = plain(View(zones=zones))
    inside = play(judge, *QUIET, small_in_zone)[-1].detection
    assert not inside.motion
    outside = play(plain(View(zones=zones)), *QUIET, small_outside)[-1].detection
    assert outside.motion
    assert outside.zone == "all"
    large = play(plain(View(zones=zones)), *QUIET, scene((10, 4, 50)))[-1].detection
    assert large.motion
    assert (large.zone, large.min_changed, large.max_changed) == ("door", 10.0, 100.0)


def test_motion_in_one_zone_goes_before_too_much_in_another() -> None:
    zones = {
        "all": Zone(polygon=EVERYTHING),
        "door": Zone(polygon=LEFT, min_changed=0.1, max_changed=20.0),
    }
    both = scene((10, 4, 50), (10, 80, 16))
    detection = play(plain(View(zones=zones)), *QUIET, both)[-1].detection
    assert (detection.motion, detection.zone) == (True, "all")
    alone = play(plain(View(zones=zones)), *QUIET, scene((10, 4, 50)))[-1]
    assert (alone.detection.reason, alone.detection.zone) == (Reason.TOO_MUCH, "door")
    assert alone.step.suppressed == 1


def test_the_binary_image_shows_all_areas() -> None:
    zones = {"all": Zone(polygon=EVERYTHING), "door": Zone(polygon=LEFT, min_changed=0.1)}
    judge = plain(View(zones=zones))
    play(judge, *QUIET, scene((10, 10, 16), (10, 80, 16)))
    assert int(np.count_nonzero(judge.binary())) == 512


def test_a_damaged_frame_counts_as_one_without_motion() -> None:
    judge = plain(View())
    play(judge, *QUIET, scene((10, 10, 16)))
    steps = [judge.damaged(n, n / 4, SETTINGS).step for n in range(5, 8)]
    assert [step.ended for step in steps] == [False, False, True]


def test_after_forgetting_the_first_frames_are_not_judged() -> None:
    judge = plain(View())
    play(judge, *QUIET)
    judge.forget()
    again = play(judge, scene((10, 10, 16)), scene((30, 30, 16)))
    assert [it.detection.reason for it in again] == [Reason.WARMING_UP] * 2


def test_frames_of_a_new_size_get_new_areas() -> None:
    judge = plain(View(zones={"door": Zone(polygon=LEFT)}))
    play(judge, *QUIET)
    small = np.full((48, 64), 20, np.uint8)
    detection = judge.judge(small, 9, 9.0, SETTINGS).detection
    assert detection.reason is Reason.WARMING_UP
    assert detection.unmasked_pixels < 48 * 64 * 0.55


def test_an_unknown_profile_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match="'magic' is unknown"):
        Judge("magic", View(), 3.0)


def test_changed_settings_hold_for_zones_too() -> None:
    judge = plain(View(zones={"door": Zone(polygon=LEFT, max_changed=90.0)}))
    play(judge, *QUIET)
    strict = replace(SETTINGS, min_changed=50.0)
    detection = judge.judge(scene((10, 10, 16)), 9, 9.0, strict).detection
    assert (detection.motion, detection.min_changed) == (False, 50.0)
