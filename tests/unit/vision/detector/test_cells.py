"""The picture in cells, and the blobs in it."""

import numpy as np
import numpy.typing as npt
import pytest

from agent.vision.detector.cells import (
    BLACK,
    Blob,
    blobs_of,
    cells_of,
    halvings,
    median,
    reduced,
    roi,
)

Grey = npt.NDArray[np.uint8]


def grey(height: int = 120, width: int = 160, level: int = 0) -> Grey:
    return np.full((height, width), level, np.uint8)


@pytest.mark.parametrize(
    ("height", "width", "cells"),
    [
        (480, 640, (120, 160)),
        (1080, 1920, (135, 240)),
        (240, 320, (120, 160)),
        (48, 64, (48, 64)),
        (433, 769, (108, 192)),
        (1, 8192, (1, 8192)),
        (2, 8192, (1, 4096)),
        (8192, 1, (8192, 1)),
    ],
)
def test_a_picture_is_halved_until_it_is_small(
    height: int, width: int, cells: tuple[int, int]
) -> None:
    assert reduced(grey(height, width)).shape == cells
    assert height >> halvings(height, width) == cells[0]


def test_a_cell_is_the_mean_of_its_pixels() -> None:
    plane = grey(480, 640)
    plane[:4, :4] = 100
    plane[:2, 4:8] = 80

    cells = cells_of(plane)

    assert cells.grey[0, :3].tolist() == [100, 40, 0]
    assert cells.lightest[1, 1] == 100
    assert cells.darkest[0, 0] == 0
    assert cells.edges[0, 1] == 100


def test_noise_is_a_quarter_in_cells() -> None:
    rng = np.random.default_rng(1)
    plane = np.clip(rng.normal(128, 12, (480, 640)), 0, 255).astype(np.uint8)

    assert float(cells_of(plane).grey.std()) == pytest.approx(3, rel=0.1)


def test_the_mean_around_a_cell_has_black_added() -> None:
    cells = cells_of(grey(480, 640, 50))

    assert cells.around[60, 80] == pytest.approx(50 + BLACK)
    assert cells.level(np.s_[60:61, 80:81]) == 50 + BLACK


def test_blobs_come_largest_first_with_what_is_new_in_them() -> None:
    changed, novel, whole = grey(), grey(), grey()
    changed[10:14, 10:15] = 255
    whole[10:14, 10:15] = 30
    changed[50:60, 80:90] = 255
    novel[50:55, 80:90] = 255
    whole[50:60, 80:90] = 12

    blobs = blobs_of(changed, novel, whole, least=4, most=9)

    assert blobs == [
        Blob(cells=100, novel=50, strength=12.0, box=(80, 50, 10, 10)),
        Blob(cells=20, novel=0, strength=30.0, box=(10, 10, 5, 4)),
    ]


def test_the_even_middle_of_a_large_blob_counts() -> None:
    changed, whole = grey(), grey()
    changed[20:80, 20:60] = 255
    changed[25:75, 25:55] = 0
    whole[20:80, 20:60] = 40

    blobs = blobs_of(changed, whole, whole, 4, 9)

    assert blobs == [Blob(2400, 2400, 40.0, (20, 20, 40, 60))]


def test_one_quiet_cell_between_does_not_part_a_blob_and_three_do() -> None:
    changed = grey()
    changed[10:14, 10:14] = changed[10:14, 15:19] = changed[10:14, 23:27] = 255

    sizes = [it.cells for it in blobs_of(changed, changed, changed, 4, 9)]

    assert sizes == [32, 16]


def test_specks_are_no_blobs_and_no_more_than_asked_for_are_given() -> None:
    changed = grey()
    changed[5, 5] = 255
    for number in range(12):
        changed[20:24, 10 * number : 10 * number + 4] = 255

    assert len(blobs_of(changed, changed, changed, 4, 9)) == 9
    assert blobs_of(changed, changed, changed, 17, 9) == []


def test_blobs_at_the_edges_of_the_picture_have_their_box() -> None:
    changed = grey()
    changed[:3, :3] = 255

    assert blobs_of(changed, changed, changed, 1, 9)[0].box == (0, 0, 3, 3)


def test_the_region_of_nothing_is_empty() -> None:
    assert roi(grey(), 3) == (0, 0, 0, 0)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 539, 540])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_median_is_numpys_to_the_last_bit(count: int, kind: type[np.floating]) -> None:
    random = np.random.default_rng(count)
    for values in (random.normal(size=(count, 3)), random.integers(0, 256, count)):
        given = values.astype(kind)
        before = given.copy()
        assert median(given) == float(np.median(given))
        assert np.array_equal(given, before), "the values stay as they are"
