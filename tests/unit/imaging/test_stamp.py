"""The timestamp in a picture."""

import numpy as np
import pytest

from agent.imaging.stamp import stamp

TEXT = "2026-11-22 08:15:01.3 +01:00"


@pytest.mark.parametrize("background", [0, 90, 235, 255])
def test_the_text_is_light_on_dark_whatever_lies_under_it(background: int) -> None:
    plane = np.full((480, 640), background, np.uint8)

    stamp(plane, TEXT)

    band = plane[:20, :200]
    assert band.max() >= 220
    assert np.percentile(band, 20) <= 64


def test_only_the_upper_left_corner_changes() -> None:
    plane = np.full((480, 640), 120, np.uint8)

    stamp(plane, TEXT)

    changed_rows, changed_columns = np.nonzero(plane != 120)
    assert changed_rows.max() < 480 / 16
    assert changed_columns.max() < 640 / 2


def test_another_second_looks_different() -> None:
    first, second = (np.zeros((480, 640), np.uint8) for _ in range(2))

    stamp(first, "2026-11-22 08:15:01.3 +01:00")
    stamp(second, "2026-11-22 08:15:02.3 +01:00")

    assert np.count_nonzero(first != second) > 20


def test_the_text_grows_with_the_picture() -> None:
    small, large = np.full((480, 640), 255, np.uint8), np.full((1080, 1920), 255, np.uint8)

    stamp(small, TEXT)
    stamp(large, TEXT)

    assert np.count_nonzero(large != 255) > 3 * np.count_nonzero(small != 255)


def test_a_narrow_picture_gets_a_smaller_text_that_fits() -> None:
    plane = np.full((480, 150), 255, np.uint8)

    stamp(plane, TEXT)

    assert (plane[:12, :120] < 128).any()


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (2, 640), (480, 3)])
def test_a_picture_too_small_for_text_stays_as_it_is(shape: tuple[int, int]) -> None:
    plane = np.full(shape, 200, np.uint8)

    stamp(plane, TEXT)

    assert (plane == 200).all()


def test_a_padded_video_plane_is_drawn_in_place_and_its_padding_is_left_alone() -> None:
    buffer = np.full((480, 704), 200, np.uint8)

    stamp(buffer[:, :640], TEXT)

    assert (buffer[:20, :200] < 128).any()
    assert (buffer[:, 640:] == 200).all()


def test_a_colour_picture_gets_the_same_grey_text() -> None:
    picture = np.full((480, 640, 3), 255, np.uint8)
    luma = np.full((480, 640), 255, np.uint8)

    stamp(picture, TEXT)
    stamp(luma, TEXT)

    assert np.array_equal(picture[:, :, 0], luma)
    assert np.array_equal(picture[:, :, 0], picture[:, :, 2])
