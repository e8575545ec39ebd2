"""What is looked at: mask, zones and privacy polygons become areas."""

import logging
from pathlib import Path

import numpy as np
import pytest

from agent.core.errors import ConfigError
from agent.imaging.orientation import Orientation
from agent.vision.detector.masks import Mask
from agent.vision.zones import Area, View
from schemas.zones import Zone
from tests.support.vision import SETTINGS

HEIGHT, WIDTH = 48, 64
EVERYTHING = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
LEFT = ((0.0, 0.0), (31 / 63, 0.0), (31 / 63, 1.0), (0.0, 1.0))
TOP = ((0.0, 0.0), (1.0, 0.0), (1.0, 23 / 47), (0.0, 23 / 47))
HALF = HEIGHT * WIDTH // 2


def look(polygon: tuple[tuple[float, float], ...], **thresholds: float) -> Zone:
    return Zone.model_validate({"polygon": polygon, **thresholds})


def ignore(polygon: tuple[tuple[float, float], ...]) -> Zone:
    return Zone(polygon=polygon, mode="ignore")


def pixels(area: Area) -> int:
    assert area.mask is not None
    return int(np.count_nonzero(area.mask.grey))


def test_without_mask_and_zones_the_whole_picture_is_one_area() -> None:
    assert View().areas(HEIGHT, WIDTH) == (Area(),)
    assert View().share(HEIGHT, WIDTH) == 100.0


def test_a_mask_alone_is_handed_on_as_it_is() -> None:
    mask = Mask(Path("m.png"), np.full((HEIGHT, WIDTH), 200, np.uint8))
    (area,) = View(mask).areas(HEIGHT, WIDTH)
    assert area.mask is mask


def test_an_ignored_zone_is_left_out() -> None:
    (area,) = View(zones={"tree": ignore(LEFT)}).areas(HEIGHT, WIDTH)
    assert area.mask is not None
    assert not area.mask.grey[:, :32].any()
    assert np.all(area.mask.grey[:, 32:] == 255)


def test_with_a_zone_to_look_at_nothing_else_is() -> None:
    (area,) = View(zones={"door": look(LEFT)}).areas(HEIGHT, WIDTH)
    assert pixels(area) == HALF
    assert list(area.names) == ["door"]


def test_ignoring_goes_before_looking() -> None:
    (area,) = View(zones={"door": look(LEFT), "sky": ignore(TOP)}).areas(HEIGHT, WIDTH)
    assert pixels(area) == HALF // 2


def test_what_nobody_may_see_nobody_looks_at() -> None:
    (area,) = View(privacy=(LEFT,)).areas(HEIGHT, WIDTH)
    assert pixels(area) == HALF


def test_a_zone_with_thresholds_is_judged_alone_and_the_rest_without_it() -> None:
    zones = {"all": look(EVERYTHING), "door": look(LEFT, min_changed=2.0)}
    rest, door = View(zones=zones).areas(HEIGHT, WIDTH)
    assert rest.zone is None
    assert (pixels(rest), pixels(door)) == (HALF, HALF)
    settings = door.settings(SETTINGS)
    assert (settings.min_changed, settings.max_changed) == (2.0, 100.0)
    assert settings.pixel_threshold == SETTINGS.pixel_threshold
    assert rest.settings(SETTINGS) is SETTINGS


def test_with_nothing_but_a_zone_of_its_own_there_is_no_rest() -> None:
    (door,) = View(zones={"door": look(LEFT, pixel_threshold=20)}).areas(HEIGHT, WIDTH)
    assert door.settings(SETTINGS).pixel_threshold == 20


def test_zones_are_drawn_over_the_stored_picture_however_the_camera_hangs() -> None:
    turned = View(zones={"door": look(LEFT)}, orientation=Orientation(rotate=180))
    (area,) = turned.areas(HEIGHT, WIDTH)
    assert area.mask is not None
    assert np.all(area.mask.grey[:, 32:] == 255)
    assert not area.mask.grey[:, :32].any()


def test_greys_of_the_mask_stay_for_the_profile_of_the_seed() -> None:
    mask = Mask(Path("m.png"), np.full((HEIGHT, WIDTH), 200, np.uint8))
    (area,) = View(mask, {"door": look(LEFT)}).areas(HEIGHT, WIDTH)
    assert area.mask is not None
    assert set(np.unique(area.mask.grey).tolist()) == {0, 200}


def test_the_zone_with_the_most_changed_pixels_is_named() -> None:
    zones = {"left": look(LEFT), "top": look(TOP)}
    (area,) = View(zones=zones).areas(HEIGHT, WIDTH)
    changed = np.zeros((HEIGHT, WIDTH), np.uint8)
    assert area.zone_of(changed) is None
    changed[40:, :10] = 255
    assert area.zone_of(changed) == "left"


def test_a_mask_of_another_scale_is_scaled_below_zones_and_privacy() -> None:
    grey = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
    grey[: HEIGHT // 4] = 255
    (area,) = View(Mask(Path("m.png"), grey), privacy=(LEFT,)).areas(HEIGHT, WIDTH)
    assert area.mask is not None
    assert area.mask.grey[: HEIGHT // 2, WIDTH // 2 + 1 :].min() == 255
    assert not area.mask.grey[:, : WIDTH // 2].any()
    assert not area.mask.grey[HEIGHT // 2 :].any()


def test_a_mask_of_another_shape_is_named() -> None:
    mask = Mask(Path("m.png"), np.full((10, 10), 255, np.uint8))
    with pytest.raises(ConfigError, match=r"m\.png: is 10x10"):
        View(mask, {"door": look(LEFT)}).areas(HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (View(zones={"tree": ignore(EVERYTHING)}), "covered by: ignored zone tree"),
        (View(privacy=(EVERYTHING,)), "covered by: privacy polygons"),
        (
            View(zones={"door": look(LEFT, min_changed=1.0), "x": ignore(LEFT)}),
            "zones door: nothing is left to look at; covered by: ignored zone x",
        ),
    ],
)
def test_nothing_left_to_look_at_says_what_covers_it(view: View, words: str) -> None:
    with pytest.raises(ConfigError, match=f"cameras.yard: .*{words}"):
        view.check("cameras.yard")


def test_little_left_to_look_at_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    small = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2))
    with caplog.at_level(logging.WARNING):
        View(zones={"door": look(small)}).check("cameras.yard")
        View(zones={"door": look(LEFT)}).check("cameras.yard")
    (record,) = caplog.records
    assert record.getMessage().startswith("cameras.yard: mask, zones and privacy leave only 4.")
