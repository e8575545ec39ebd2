"""A patch of light that falls on a part of the scene, and somebody who walks in it."""

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import cells_of
from agent.vision.detector.moving_light import lit

Grey = npt.NDArray[np.uint8]


def wall() -> npt.NDArray[np.float32]:
    rough = np.random.default_rng(2).normal(0, 1, (240, 320)).astype(np.float32)
    return np.asarray(50 + 45 * cv2.GaussianBlur(rough, (0, 0), 3), np.float32)


def shown(picture: npt.NDArray[np.float32], noise_seed: int = 3) -> Grey:
    noise = np.random.default_rng(noise_seed).normal(0, 1, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def patch_of_light() -> npt.NDArray[np.float32]:
    bright = np.ones((240, 320), np.float32)
    bright[60:180, 100:220] = 2.2
    return bright


def texture_stays(now: Grey, before: Grey) -> npt.NDArray[np.bool_]:
    """The cells that light alone explains, since what they show is still there."""
    new, old = cells_of(now), cells_of(before)
    changed = np.where(cv2.absdiff(new.grey, old.grey) > 10, np.uint8(255), np.uint8(0))
    result = np.zeros(changed.shape, np.bool_)
    light = lit(changed, new, old, 8.0)
    if light is not None:
        here, texture, _ = light
        result[here] = texture
    return result


def test_the_light_on_a_wall_is_light() -> None:
    result = texture_stays(shown(wall() * patch_of_light()), shown(wall(), 4))

    assert result[35:85, 55:105].mean() > 0.9


def test_somebody_in_the_light_is_not() -> None:
    picture = wall() * patch_of_light()
    picture[90:170, 150:176] = 20

    result = texture_stays(shown(picture), shown(wall(), 4))

    assert result[47:83, 76:87].mean() < 0.5


def test_a_visitor_who_covers_the_wall_is_not_light() -> None:
    picture = wall()
    picture[60:180, 100:150] = 200

    assert texture_stays(shown(picture), shown(wall(), 4))[35:85, 55:70].mean() < 0.2


def left_of(now: Grey, before: Grey) -> int:
    """Cells that changed and that light does not explain."""
    changed = cv2.absdiff(cells_of(now).grey, cells_of(before).grey) > 10
    return int(np.count_nonzero(changed & ~texture_stays(now, before)))


def test_the_hard_edges_of_a_patch_are_light_too() -> None:
    light = cv2.GaussianBlur(patch_of_light(), (0, 0), 2.5)

    assert left_of(shown(wall() * light), shown(wall(), 4)) < 25
    assert left_of(shown(wall(), 4), shown(wall() * light)) < 25


def test_a_strip_of_light_is_light() -> None:
    """What a door that opens adds from one frame to the next."""
    bright = np.ones((240, 320), np.float32)
    bright[40:200, 100:122] = 2.5
    light = cv2.GaussianBlur(bright, (0, 0), 1)

    assert left_of(shown(wall() * light), shown(wall(), 4)) < 25


def test_light_on_what_is_too_dark_to_show_texture_is_light_where_it_touches_light() -> None:
    dark = wall()
    dark[:, 160:] = 6
    picture = dark * patch_of_light() + 12 * (patch_of_light() - 1)

    assert left_of(shown(picture), shown(dark, 4)) < 25


def test_somebody_dark_in_the_light_stays() -> None:
    picture = wall() * patch_of_light()
    picture[90:170, 150:176] = 20

    assert left_of(shown(picture), shown(wall(), 4)) > 150
