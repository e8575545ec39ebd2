"""The judging core: areas, what decides among them, and the event."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from agent.core.errors import ConfigError
from agent.core.messages import Detection, Reason, ZoneStay
from agent.imaging.heatmap import cells
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


def walk(judge: Judge, columns: list[int]) -> list[Detection]:
    """A square that walks along these columns, after a calm scene."""
    return play(judge, *QUIET, *(scene((40, column, 16)) for column in columns))[len(QUIET) :]


RIGHT = ((0.51, 0.0), (1.0, 0.0), (1.0, 1.0), (0.51, 1.0))


@pytest.mark.parametrize("profile", ["plain", "robust"])
def test_motion_that_comes_from_the_other_zone_counts_and_no_other(profile: str) -> None:
    zones = {
        "street": Zone(polygon=LEFT, mode="watch"),
        "gate": Zone(polygon=RIGHT, came_from="street"),
    }
    there = list(range(4, 110, 8))
    came = walk(Judge(profile, View(zones=zones)), there)
    assert {it.reason for it in came if it.zone == "street"} == {Reason.DIRECTION}
    counted = [it for it in came if it.motion]
    assert counted
    assert {it.zone for it in counted} == {"gate"}
    assert {it.stay.came_from for it in counted if it.stay is not None} == {"street"}
    left = walk(Judge(profile, View(zones=zones)), there[::-1])
    assert not any(it.motion for it in left)
    assert Reason.DIRECTION in {it.reason for it in left}


@pytest.mark.parametrize("profile", ["plain", "robust"])
def test_motion_counts_once_it_has_been_in_the_zone_for_long_enough(profile: str) -> None:
    view = View(zones={"porch": Zone(polygon=EVERYTHING, dwell=1.0)})
    steps = [4, 14, 24, 34, 44, 54, 64, 74, 84, 94]
    found = walk(Judge(profile, view), steps)
    first = next(n for n, it in enumerate(found) if it.stay is not None)
    assert [it.reason for it in found[first : first + 4]] == [Reason.DWELL] * 4
    assert found[first + 4].motion
    assert found[first + 4].stay == ZoneStay(1.0, 1.0)


def test_a_zone_without_more_counts_beside_one_that_asks_for_it() -> None:
    zones = {"porch": Zone(polygon=LEFT, dwell=600.0), "garden": Zone(polygon=RIGHT)}
    judge = Judge("robust", View(zones=zones))
    both = play(
        judge, *QUIET, *(scene((40, 4 + 6 * n, 16), (20, 66 + 6 * n, 16)) for n in range(7))
    )
    assert both[-1].motion
    assert both[-1].zone == "garden"
    assert both[-1].stay is None


@pytest.mark.parametrize("profile", ["plain", "robust"])
@pytest.mark.parametrize("size", [(480, 640), (270, 484)])
def test_what_changed_lies_in_the_same_cells_at_either_size(
    profile: str, size: tuple[int, int]
) -> None:
    judge = Judge(profile, View())
    rng = np.random.default_rng(2)
    for number in range(30):
        luma = rng.normal(90, 1.5, size).clip(0, 255).astype(np.uint8)
        luma[100:180, 12 * number : 12 * number + 40] = 20
        found = judge.judge(luma, number, number / 3, SETTINGS)
        small = judge.changed()
        assert small.shape[1] == size[1] // judge.scale(size[1])
        coarse, fine = cells(small), cells(judge.binary())
        assert np.array_equal(coarse, fine)
    assert found.motion
