"""Looking at pictures: the measures, and that looking is rare."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.core.frame import Frame
from agent.vision.image_quality import Eye, agreement, colour, detail, light, reduced, structure

HEIGHT, WIDTH = 240, 320
Luma = npt.NDArray[np.uint8]


def house(seed: int = 3, *, right: int = 0, down: int = 0) -> Luma:
    """A scene with structure at all scales, moved by so many pixels."""
    random = np.random.default_rng(seed)
    wide = np.zeros((HEIGHT + 80, WIDTH + 80), np.float32)
    for sigma in (2, 5, 12):
        wide += cv2.GaussianBlur(random.normal(0, 30 * sigma, wide.shape), (0, 0), sigma)
    scene = wide[40 - down : 40 - down + HEIGHT, 40 - right : 40 - right + WIDTH]
    return np.clip(120 + scene, 5, 250).astype(np.uint8)


def jpeg(luma: Luma, tint: int = 0) -> bytes:
    picture = cv2.merge([luma, luma, np.clip(luma.astype(int) + tint, 0, 255).astype(np.uint8)])
    return cv2.imencode(".jpg", picture)[1].tobytes()


class Rig:
    """An eye that sees a frame a second, each with a byte of its own."""

    def __init__(self) -> None:
        self.eye = Eye()
        self.at = 1000.0

    def see(self, luma: Luma, seconds: int = 1, *, tint: int = 20, frozen: bool = False) -> None:
        data = jpeg(luma, tint)
        for _ in range(seconds):
            self.at += 1.0
            own = b"" if frozen else str(self.at).encode()
            self.eye.frame(Frame(data[:-2] + own + data[-2:], self.at, 0, 1), luma)


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.see(house(), 100)
    return rig


def test_a_good_picture_is_no_problem(rig: Rig) -> None:
    sight = rig.eye.sight
    assert sight.problems == ()
    assert sight.night is False
    assert sight.brightness == pytest.approx(np.mean(house()) / 2.55, abs=0.5)


def test_the_same_bytes_again_and_again_are_frozen(rig: Rig) -> None:
    rig.see(house(), 32, frozen=True)
    assert rig.eye.sight.frozen
    rig.see(house())
    assert not rig.eye.sight.frozen


def test_a_covered_lens_is_dark(rig: Rig) -> None:
    rig.see(np.full((HEIGHT, WIDTH), 8, np.uint8), 60)
    assert rig.eye.sight.problems == ("picture_dark",)


def test_a_breathed_on_lens_is_blurred(rig: Rig) -> None:
    rig.see(cv2.GaussianBlur(house(), (0, 0), 8).astype(np.uint8), 100)
    assert rig.eye.sight.problems == ("picture_blurred",)


def test_less_contrast_is_not_blurred(rig: Rig) -> None:
    rig.see((house() * 0.4 + 60).astype(np.uint8), 100)
    assert rig.eye.sight.problems == ()


@pytest.mark.parametrize(("right", "down"), [(16, 0), (-16, 8), (0, 12)])
def test_a_turned_camera_is_shifted_by_so_much(rig: Rig, right: int, down: int) -> None:
    rig.see(house(right=right, down=down), 130)
    assert rig.eye.sight.problems == ("view_shifted",)
    expected = (100 * right / WIDTH, 100 * down / HEIGHT)
    assert rig.eye.sight.shift == pytest.approx(expected, abs=0.5)


def test_a_shake_of_two_pixels_is_no_shift(rig: Rig) -> None:
    for n in range(6):
        rig.see(house(right=2 * (-1) ** n, down=1), 31)
    assert rig.eye.sight.problems == ()


def test_a_van_that_parks_before_half_of_the_house_is_no_shift(rig: Rig) -> None:
    scene = house()
    scene[60:, 100:260] = np.random.default_rng(9).integers(90, 110, (180, 160))
    rig.see(scene, 200)
    assert not rig.eye.sight.shifted


def test_infrared_light_is_night(rig: Rig) -> None:
    rig.see(house(), 200, tint=0)
    assert rig.eye.sight.night
    assert rig.eye.sight.problems == ()


def test_frames_without_luma_are_decoded_only_when_a_look_is_due() -> None:
    eye = Eye()
    for second in range(12):
        eye.frame(Frame(jpeg(house())[:-2] + bytes([second]) + b"\xff\xd9", second, 0, 1), None)
    assert eye.sight.brightness is not None
    torn = Eye()
    torn.frame(Frame(b"\xff\xd8 torn", 0.0, 0, 1), None)
    assert torn.sight.brightness is None


def test_a_new_session_starts_with_a_picture_that_is_not_the_one_before() -> None:
    eye = Eye()
    data = jpeg(house())
    eye.frame(Frame(data, 0.0, 0, 1), None)
    eye.forget()
    eye.frame(Frame(data, 40.0, 1, 2), None)
    assert not eye.sight.frozen


def test_a_picture_of_another_size_becomes_the_reference(rig: Rig) -> None:
    rig.see(cv2.resize(house(), (400, 400)).astype(np.uint8), 130)
    assert not rig.eye.sight.shifted


def test_measures() -> None:
    flat = np.full((10, 20), 50, np.uint8)
    assert light(flat) == (50.0, 50.0)
    flat[0] = 200
    assert light(flat)[1] == 200.0
    assert detail(np.full((10, 20), 50, np.uint8)) == 0.0
    assert reduced(flat, 100) is flat
    assert colour(b"nothing") is None
    assert colour(jpeg(house(), tint=0)) == pytest.approx(0, abs=0.5)
    assert agreement(structure(house()), structure(house()), 0, 0) == pytest.approx(1.0)
    assert agreement(structure(house()), structure(house()), 100, 0) == 0.0
    assert agreement(np.zeros((4, 4), np.float32), np.zeros((4, 4), np.float32), 0, 0) == 0.0
