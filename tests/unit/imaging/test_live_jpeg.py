"""Small enough for who looks all the time, black where nobody may look."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.imaging import live_jpeg as module
from agent.imaging.jpeg import dimensions
from agent.imaging.live_jpeg import MOST_BYTES, WIDEST, live_jpeg, live_work
from agent.imaging.orientation import Orientation

CORNER = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))


def rough(height: int, width: int, quality: int = 95) -> bytes:
    """Noise, of which a JPEG is as large as it can be."""
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def even(height: int, width: int) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 200, np.uint8))[1].tobytes()


def shown(jpeg: bytes | None) -> npt.NDArray[np.uint8]:
    assert jpeg is not None
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(picture, np.uint8)


@pytest.mark.parametrize(
    ("height", "width"), [(480, 640), (720, 1280), (1080, 1920), (2160, 3840), (1520, 2688)]
)
def test_it_is_no_wider_and_no_larger_than_allowed(height: int, width: int) -> None:
    made = live_jpeg(rough(height, width), Orientation())
    assert made is not None
    assert len(made) <= MOST_BYTES
    size = dimensions(made)
    assert size is not None
    assert size[1] <= WIDEST
    assert size[0] / size[1] == pytest.approx(height / width, rel=0.02)


def test_a_small_picture_of_the_camera_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module, "decode_colour")
    picture = even(480, 640)
    assert live_jpeg(picture, Orientation()) is picture


@pytest.mark.parametrize("size", [(480, 640), (1080, 1920)])
def test_privacy_is_black_in_the_turned_picture(size: tuple[int, int]) -> None:
    made = shown(live_jpeg(even(*size), Orientation(rotate=180), (CORNER,)))
    height, width = made.shape
    assert made[: height // 2 - 8, : width // 2 - 8].max() < 30
    assert made[height // 2 + 8 :, width // 2 + 8 :].min() > 170


def test_a_damaged_picture_is_none() -> None:
    assert live_jpeg(b"\xff\xd8 torn", Orientation()) is None


def test_where_memory_is_short_it_has_half_the_width() -> None:
    made = live_jpeg(even(2160, 3840), Orientation(), shrink=2)
    assert made is not None
    assert dimensions(made) == (270, 480)


def test_a_large_picture_takes_the_memory_of_the_decoded_part_only() -> None:
    assert live_work(even(480, 640)) == 0
    assert 0 < live_work(even(2160, 3840)) < 2160 * 3840 * 2
