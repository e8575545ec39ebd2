"""The overlay: everything is where the configuration says, and nothing private shines through."""

import numpy as np

from agent.imaging.heatmap import COLUMNS, ROWS, cells, draw, no_counts
from agent.imaging.overlay import IGNORE, LOOK, MOTION, draw_overlay
from schemas.zones import Zone

HEIGHT, WIDTH = 480, 640
LEFT = ((0.1, 0.3), (0.4, 0.3), (0.4, 0.9), (0.1, 0.9))
RIGHT = ((0.6, 0.3), (0.9, 0.3), (0.9, 0.9), (0.6, 0.9))
CORNER = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2))
SCENE = np.full((HEIGHT, WIDTH, 3), 150, np.uint8)


def judged() -> np.ndarray:
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    plane[:, : WIDTH // 2] = 255
    return plane


def has(picture: np.ndarray, row: int, column: int, colour: tuple[int, int, int]) -> bool:
    near = picture[row - 3 : row + 4, column - 3 : column + 4].reshape(-1, 3).astype(int)
    return bool((np.abs(near - colour).max(axis=1) < 12).any())


def drawn(text: str = "judged: 50 %") -> np.ndarray:
    zones = {"door": Zone(polygon=LEFT), "tree": Zone(polygon=RIGHT, mode="ignore")}
    return draw_overlay(SCENE, judged(), zones, (CORNER,), (0.2, 0.5, 0.1, 0.2), text)


def test_zones_are_outlined_in_colours_that_say_what_they_do() -> None:
    assert has(drawn(), 300, round(0.4 * WIDTH), LOOK)
    assert has(drawn(), 300, round(0.6 * WIDTH), IGNORE)


def test_what_is_not_judged_is_dim_and_the_rest_as_it_is() -> None:
    picture = drawn()
    assert tuple(picture[250, 230]) == (150, 150, 150)
    assert picture[250, 500].max() < 110


def test_privacy_polygons_are_black() -> None:
    assert not drawn()[30:90, 20:120].any()


def test_the_last_motion_has_its_box() -> None:
    assert has(drawn(), 288, round(0.2 * WIDTH), MOTION)


def test_what_changed_is_tinted_and_outlined_and_the_score_stands_below() -> None:
    changed = np.zeros((HEIGHT, WIDTH), np.uint8)
    changed[200:260, 100:180] = 255
    changed[30:60, 30:60] = 255
    picture = draw_overlay(SCENE, judged(), {}, (CORNER,), None, "judged\nmotion: 1 %", changed)
    assert has(picture, 200, 140, MOTION)
    inside = picture[230, 140].astype(int)
    assert (np.abs(inside - SCENE[0, 0]) > 20).any()
    assert (np.abs(inside - MOTION) > 20).any(), "the scene is seen below"
    assert not picture[45:90, 20:120].any(), "nothing of it where it is private"
    above, below = picture[HEIGHT - 40 : HEIGHT - 24], picture[HEIGHT - 16 :]
    assert above.max() == below.max() == 255


def test_the_given_picture_stays_as_it_is() -> None:
    drawn()
    assert (SCENE == 150).all()


def test_a_tiny_picture_and_a_long_text_do_no_harm() -> None:
    tiny = np.zeros((12, 16, 3), np.uint8)
    full = np.full((12, 16), 255, np.uint8)
    assert draw_overlay(tiny, full, {"z": Zone(polygon=LEFT)}, (), None, "x" * 200).shape == (
        12,
        16,
        3,
    )


def test_a_changed_pixel_touches_its_cell() -> None:
    binary = np.zeros((HEIGHT, WIDTH), np.uint8)
    binary[100, 200] = 255
    touched = cells(binary)
    assert touched.shape == (ROWS, COLUMNS)
    assert touched[10, 20]
    assert int(touched.sum()) == 1


def test_the_hottest_cell_is_the_brightest_and_cold_ones_show_the_scene() -> None:
    counts = no_counts()
    counts[10, 20], counts[40, 50] = 500, 5
    picture = draw(counts, SCENE).astype(int)
    hot, warm, cold = picture[105, 205], picture[405, 505], picture[300, 100]
    assert hot.sum() > warm.sum()
    assert abs(cold - 150 * 0.45).max() <= 1


def test_without_a_scene_and_without_motion_there_is_a_picture_all_the_same() -> None:
    assert draw(no_counts(), None).shape == (480, 640, 3)
