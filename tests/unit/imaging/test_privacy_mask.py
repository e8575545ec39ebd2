"""Black where nobody may look, in every kind of picture."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.imaging import jpeg
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import raster
from agent.imaging.privacy_mask import blacken, blacken_video

HEIGHT, WIDTH = 48, 64
#: The upper left quarter, exactly the pixels 0..31 and 0..23.
CORNER = ((0.0, 0.0), (31 / 63, 0.0), (31 / 63, 23 / 47), (0.0, 23 / 47))
PRIVACY = (CORNER,)
TURNS = [Orientation(), Orientation(rotate=180), Orientation(flip_h=True), Orientation(flip_v=True)]


def bright(channels: int = 3) -> npt.NDArray[np.uint8]:
    shape = (HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH)
    return np.full(shape, 200, np.uint8)


def decoded(data: bytes | None) -> npt.NDArray[np.uint8]:
    assert data is not None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture.astype(np.uint8)


def test_pixels_in_any_polygon_and_on_its_edge_are_covered() -> None:
    covered = raster(PRIVACY, HEIGHT, WIDTH)
    assert np.all(covered[:24, :32] == 255)
    assert int(np.count_nonzero(covered)) == 24 * 32


def test_a_polygon_over_everything_covers_the_last_pixel() -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert np.all(raster((whole,), 7, 9) == 255)


def test_without_polygons_the_very_same_picture_comes_back() -> None:
    picture = bright()
    assert blacken(picture, ()) is picture


@pytest.mark.parametrize("channels", [1, 3])
def test_polygons_are_black_and_the_rest_stays(channels: int) -> None:
    picture = bright(channels)
    black = blacken(picture, PRIVACY)
    assert not black[:24, :32].any()
    assert np.all(black[24:] == 200)
    assert np.all(black[:, 32:] == 200)
    assert np.all(picture == 200), "the given picture is somebody's history"


@pytest.mark.parametrize("turn", TURNS)
def test_a_stored_picture_is_black_at_the_same_place_however_the_camera_hangs(
    turn: Orientation,
) -> None:
    stored = decoded(jpeg.stored_jpeg(jpeg.encode(bright()), turn, 10**6, PRIVACY))
    assert stored[:23, :31].max() < 8
    assert stored[26:].min() > 190


@pytest.mark.parametrize("turn", TURNS)
def test_a_trigger_frame_stays_as_the_camera_hangs_and_is_black_there(turn: Orientation) -> None:
    data = jpeg.private_jpeg(jpeg.encode(bright()), turn, PRIVACY)
    assert turn.picture(decoded(data))[:23, :31].max() < 8
    assert turn.picture(decoded(data))[26:].min() > 190


def test_without_polygons_a_trigger_frame_is_the_cameras_own_bytes() -> None:
    data = jpeg.encode(bright())
    assert jpeg.private_jpeg(data, Orientation(rotate=180), ()) is data


def test_a_damaged_trigger_frame_with_polygons_is_none() -> None:
    assert jpeg.private_jpeg(b"\xff\xd8\xff\xd9", Orientation(), PRIVACY) is None


@pytest.mark.parametrize("turn", TURNS)
def test_the_binary_image_says_nothing_about_the_polygons(turn: Orientation) -> None:
    png = jpeg.delta_png(np.full((HEIGHT, WIDTH), 255, np.uint8), turn, PRIVACY)
    assert not decoded(png)[:24, :32].any()
    assert np.all(decoded(png)[24:] == 255)


def test_video_loses_brightness_and_colour_even_where_a_sample_is_shared() -> None:
    odd = ((0.0, 0.0), (30 / 63, 0.0), (30 / 63, 22 / 47), (0.0, 22 / 47))  # 31 x 23 pixels
    luma = np.full((HEIGHT, WIDTH), 200, np.uint8)
    blue, red = (np.full((HEIGHT // 2, WIDTH // 2), 60, np.uint8) for _ in range(2))
    blacken_video(luma, (blue, red), (odd,))
    assert np.all(luma[:23, :31] == 16)
    assert luma[23, 0] == luma[0, 31] == 200
    assert np.all(blue[:12, :16] == 128)
    assert np.all(red[:12, :16] == 128)
    assert blue[12, 0] == red[0, 16] == 60


def test_video_without_polygons_stays() -> None:
    luma = np.full((4, 4), 200, np.uint8)
    blacken_video(luma, (luma[:2, :2].copy(), luma[:2, :2].copy()), ())
    assert np.all(luma == 200)
