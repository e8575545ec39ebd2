"""Pictures wider than needed are judged smaller, and nobody outside notices."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.core.errors import ConfigError
from agent.core.messages import Detection
from agent.imaging.jpeg import decode_luma, small_luma
from agent.vision.detector.masks import Mask
from agent.vision.judge import Judge
from agent.vision.zones import View
from schemas.zones import Zone
from tests.support.vision import SETTINGS

Luma = npt.NDArray[np.uint8]

HEIGHT, WIDTH = 1083, 1921  # odd: the decoder rounds up
LEFT = ((0.0, 0.0), (0.49, 0.0), (0.49, 1.0), (0.0, 1.0))


@cache
def jpeg(column: int | None = None) -> bytes:
    """A grey scene, with somebody of 120x200 pixels at a column."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    luma = (90 + 40 * np.sin(rows / 37) * np.cos(columns / 53)).astype(np.uint8)
    if column is not None:
        luma[300:500, column : column + 120] = 230
    return cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


@cache
def plane(column: int | None, scale: int | None) -> Luma:
    """The scene decoded small, as the agent does; None: whole."""
    data = jpeg(column)
    luma = decode_luma(data) if scale is None else small_luma(data, scale)
    assert luma is not None
    luma.flags.writeable = False  # several tests look at it
    return luma


def last_of(judge: Judge, *columns: int | None, whole: bool = False) -> Detection:
    """The last detection of frames decoded small, as the agent does, or whole."""
    detection = None
    for seq, column in enumerate(columns):
        luma = plane(column, None if whole else judge.scale(WIDTH))
        given = None if whole else (HEIGHT, WIDTH)
        detection = judge.judge(luma, seq, seq / 4, SETTINGS, given)
    assert detection is not None
    return detection


VISIT = (None, None, None, None, 300, 420, 540)


@pytest.mark.parametrize(
    ("width", "scale"),
    [(320, 1), (639, 1), (640, 2), (1279, 2), (1280, 4), (1920, 4), (2560, 8), (8192, 8)],
)
def test_no_picture_is_judged_in_less_than_320_columns(width: int, scale: int) -> None:
    assert Judge("robust", View()).scale(width) == scale


def test_the_ancestors_rule_sees_every_pixel() -> None:
    assert Judge("seed", View()).scale(3840) == 1


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_a_small_plane_is_rounded_up_and_looks_like_the_whole_one(scale: int) -> None:
    data = jpeg(300)
    small, whole = small_luma(data, scale), decode_luma(data)
    assert small is not None
    assert whole is not None
    assert small.shape == (-(-HEIGHT // scale), -(-WIDTH // scale))
    means = cv2.resize(whole, small.shape[::-1], interpolation=cv2.INTER_AREA)
    assert float(np.mean(cv2.absdiff(means, small))) < 2.5  # of 80 levels of contrast


@pytest.mark.parametrize("profile", ["robust", "plain"])
def test_a_visitor_is_found_where_he_is_in_pixels_of_the_picture(profile: str) -> None:
    judge = Judge(profile, View())
    detection = last_of(judge, *VISIT)
    assert detection.motion
    assert detection.box is not None
    x, y, w, h = detection.box
    assert x * WIDTH == pytest.approx(540, abs=20)
    assert y * HEIGHT == pytest.approx(300, abs=20)
    assert w * WIDTH == pytest.approx(120, abs=30)
    assert h * HEIGHT == pytest.approx(200, abs=30)
    assert detection.changed_pixels == pytest.approx(120 * 200, rel=0.25)
    assert detection.unmasked_pixels == pytest.approx(HEIGHT * WIDTH, rel=0.01)
    assert detection.score == pytest.approx(100 * 120 * 200 / (HEIGHT * WIDTH), rel=0.25)


@pytest.mark.parametrize("profile", ["robust", "plain"])
def test_replay_of_whole_planes_finds_the_same_as_the_agent(profile: str) -> None:
    small = last_of(Judge(profile, View()), *VISIT)
    whole = last_of(Judge(profile, View()), *VISIT, whole=True)
    assert (small.motion, small.unmasked_pixels) == (whole.motion, whole.unmasked_pixels)
    # the cells of both do not begin at the same pixel where the size is odd: a row more or less
    assert small.changed_pixels == pytest.approx(whole.changed_pixels, rel=0.08)


def test_the_binary_image_is_as_large_as_the_picture() -> None:
    judge = Judge("plain", View())
    last_of(judge, *VISIT)
    binary = judge.binary()
    assert binary.shape == (HEIGHT, WIDTH)
    assert set(np.unique(binary)) == {0, 255}
    assert binary[400, 600] == 255
    assert binary[400, 1200] == 0


def test_no_more_pixels_are_counted_than_the_picture_has() -> None:
    judge = Judge("plain", View())
    shape = tuple(-(-side // judge.scale(WIDTH)) for side in (HEIGHT, WIDTH))
    for seq, grey in enumerate((0, 0, 0, 0, 255)):
        plane = np.full(shape, grey, np.uint8)
        found = judge.judge(plane, seq, seq / 4, SETTINGS, (HEIGHT, WIDTH))
    assert found.changed_pixels == found.unmasked_pixels == HEIGHT * WIDTH


def test_zones_are_where_they_were() -> None:
    zones = {"door": Zone(polygon=LEFT), "road": Zone(polygon=LEFT, mode="ignore")}
    door = Judge("plain", View(zones={"door": zones["door"]}))
    detection = last_of(door, *VISIT)
    assert (detection.motion, detection.zone) == (True, "door")
    assert detection.unmasked_pixels == pytest.approx(0.49 * HEIGHT * WIDTH, rel=0.01)
    road = Judge("plain", View(zones={"road": zones["road"]}))
    assert not last_of(road, *VISIT).motion


def test_a_mask_has_the_pictures_shape() -> None:
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    grey[:, 1000:] = 255
    masked = Judge("plain", View(mask=Mask(Path("mask.png"), grey)))
    assert not last_of(masked, *VISIT).motion
    other = Mask(Path("mask.png"), np.full((48, 64), 255, np.uint8))
    with pytest.raises(ConfigError, match="is 64x48, but the camera's pictures are 1921x1083"):
        last_of(Judge("plain", View(mask=other)), None)


def test_a_mask_of_another_scale_judges_the_same_places(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    grey = np.zeros((-(-HEIGHT // 2), -(-WIDTH // 2)), np.uint8)
    grey[:, 500:] = 255
    half = Mask(Path("mask.png"), grey)
    right = last_of(Judge("plain", View(mask=half)), *VISIT)
    assert not right.motion
    assert right.unmasked_pixels
    assert caplog.messages == ["mask mask.png: is 961x542, is scaled to the pictures' 1921x1083"]
    left = Mask(Path("mask.png"), np.uint8(255) - grey)
    assert last_of(Judge("plain", View(mask=left)), *VISIT).motion


def test_a_mask_of_thin_lines_still_looks() -> None:
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    grey[::100] = 255
    judge = Judge("plain", View(mask=Mask(Path("lines.png"), grey)))
    detection = last_of(judge, *VISIT)
    assert detection.motion
    assert detection.unmasked_pixels > 0
