"""Profile robust, frame by frame: what is motion, and what is light, noise, shake or damage."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.core.messages import Detection, Reason
from agent.imaging.orientation import Orientation
from agent.vision.detector.detector import Detector
from agent.vision.detector.masks import Mask

Luma = npt.NDArray[np.uint8]
HEIGHT, WIDTH = 240, 320


@dataclass(frozen=True)
class Rules:
    pixel_threshold: int = 50
    min_changed: float = 0.0814
    max_changed: float = 16.28


@lru_cache(maxsize=1)
def yard() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(4)
    coarse = rng.uniform(60, 170, (24, 32)).astype(np.float32)
    fine = rng.uniform(-12, 12, (120, 160)).astype(np.float32)
    large = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large + cv2.resize(fine, (WIDTH, HEIGHT)), np.float32)


class Camera:
    """Takes pictures of the yard, with a sensor's noise."""

    def __init__(self, noise: float = 2.0) -> None:
        self._rng = np.random.default_rng(5)
        self._noise = noise

    def picture(
        self,
        visitor: tuple[int, int] | None = None,
        size: tuple[int, int] = (70, 24),
        level: float = 20,
        gain: float = 1.0,
        offset: float = 0.0,
    ) -> Luma:
        """With a visitor whose top left corner is at (row, column), or without."""
        scene = yard().copy()
        if visitor is not None:
            (row, column), (high, wide) = visitor, size
            scene[row : row + high, max(0, column) : max(0, column + wide)] = level
        lit = scene * gain + offset + self._rng.normal(0, self._noise, scene.shape)
        return np.clip(lit, 0, 255).astype(np.uint8)


def judged(detector: Detector, *lumas: Luma, rules: Rules | None = None) -> list[Detection]:
    return [detector.judge(it, seq, seq / 3, rules or Rules()) for seq, it in enumerate(lumas)]


def warm(camera: Camera, detector: Detector | None = None, quiet: int = 6) -> Detector:
    detector = detector or Detector("robust")
    judged(detector, *(camera.picture() for _ in range(quiet)))
    return detector


def reasons(detections: list[Detection]) -> list[Reason]:
    return [it.reason for it in detections]


# ---------------------------------------------------------------- visitors


def test_a_clear_visitor_is_motion_in_his_first_frame() -> None:
    camera = Camera()

    first = judged(warm(camera), camera.picture((120, 40)))[0]

    assert first.motion
    assert first.reason is Reason.MOTION
    assert first.score > first.min_changed


def test_a_small_visitor_is_motion_in_his_second_frame() -> None:
    camera = Camera()
    frames = [camera.picture((150, 40 + 20 * n), size=(12, 10)) for n in range(3)]

    result = judged(warm(camera), *frames)

    assert reasons(result)[:2] == [Reason.UNCONFIRMED, Reason.MOTION]


def test_at_night_a_visitor_of_twenty_five_grey_levels_is_seen_through_the_noise() -> None:
    camera = Camera(noise=5.0)
    detector = Detector("robust")
    judged(detector, *(camera.picture(gain=0.3) for _ in range(8)))
    frames = [camera.picture((110, 40 + 30 * n), level=30, gain=0.3) for n in range(4)]

    result = judged(detector, *frames)

    assert result[1].motion
    assert (result[1].limit or 0) < 20
    assert not judged(detector, camera.picture(gain=0.3))[0].motion


def test_a_visitor_who_covers_half_of_the_picture_is_no_light_change() -> None:
    camera = Camera()
    frames = [camera.picture((20, -150 + 60 * n), size=(220, 200)) for n in range(4)]

    result = judged(warm(camera), *frames)

    assert [it.motion for it in result[1:]] == [True] * 3
    assert Reason.LIGHT not in reasons(result)


def test_a_slow_visitor_is_motion_in_every_frame_of_his_walk() -> None:
    camera = Camera()
    frames = [camera.picture((110, 40 + 3 * n), size=(90, 40)) for n in range(30)]

    result = judged(warm(camera), *frames)

    quiet = [not it.motion for it in result]
    longest = max(len(run) for run in "".join("q" if it else "m" for it in quiet).split("m"))
    assert longest < 5


def test_a_visitor_leaves_no_ghost() -> None:
    camera = Camera()
    standing = [camera.picture((100, 100)) for _ in range(40)]
    gone = [camera.picture() for _ in range(10)]

    result = judged(warm(camera), *standing, *gone)

    assert not any(it.motion for it in result[41:])


def test_the_box_surrounds_the_visitor_in_stored_orientation() -> None:
    camera = Camera()
    upside_down = Detector("robust", None, Orientation(rotate=180))
    plain, turned = warm(camera), warm(camera, upside_down)
    frame = camera.picture((60, 80), size=(120, 40))

    box = judged(plain, frame)[0].box
    other = judged(turned, frame)[0].box

    assert box is not None
    assert other is not None
    assert box == pytest.approx((0.25, 0.25, 0.125, 0.5), abs=0.02)
    assert other == pytest.approx((0.625, 0.25, 0.125, 0.5), abs=0.02)


def test_the_binary_image_shows_the_visitor_in_cells() -> None:
    camera = Camera()
    detector = warm(camera)
    detection = judged(detector, camera.picture((60, 80), size=(120, 40)))[0]

    binary = detector.binary()

    assert binary.shape == (HEIGHT, WIDTH)
    assert set(np.unique(binary)) == {0, 255}
    assert binary[70:170, 84:116].mean() > 200
    assert binary[:50].max() == 0
    assert np.count_nonzero(binary) == pytest.approx(detection.changed_pixels, rel=0.05)


# ---------------------------------------------------------------- what is none


@pytest.mark.parametrize("noise", [1.0, 6.0, 12.0, 25.0])
def test_noise_is_quiet_whatever_its_size(noise: float) -> None:
    camera = Camera(noise)

    result = judged(Detector("robust"), *(camera.picture() for _ in range(40)))

    assert not any(it.motion for it in result)
    assert (result[-1].noise or 0) > noise / 4


def test_one_frame_of_something_vague_is_not_motion() -> None:
    camera = Camera()
    frames = [camera.picture((150, 40), size=(12, 10)), *(camera.picture() for _ in range(6))]

    result = judged(warm(camera), *frames)

    assert result[0].reason is Reason.UNCONFIRMED
    assert not any(it.motion for it in result)


@pytest.mark.parametrize("gains", [[0.65, 1.35] * 5, [1.0, 1.1, 1.2, 1.3, 1.2, 1.1, 1.0, 0.9, 0.8]])
def test_clouds_are_not_motion_and_the_light_is_told(gains: list[float]) -> None:
    camera = Camera()

    result = judged(warm(camera), *(camera.picture(gain=it) for it in gains))

    assert not any(it.motion for it in result)
    assert result[0].gain == pytest.approx(gains[0], abs=0.05)


def test_a_visitor_under_clouds_is_motion() -> None:
    camera = Camera()
    frames = [
        camera.picture((110, 40 + 25 * n), gain=1 + 0.3 * (-1) ** n, level=10) for n in range(5)
    ]

    result = judged(warm(camera), *frames)

    assert all(it.motion for it in result[2:])


def test_an_infrared_filter_is_not_motion() -> None:
    camera = Camera()
    frames = [camera.picture(gain=0.6, offset=60) for _ in range(6)]

    assert not any(it.motion for it in judged(warm(camera), *frames))


def test_a_lamp_with_hard_shadows_is_light_and_who_came_with_it_is_seen() -> None:
    camera = Camera()
    detector = Detector("robust")
    judged(detector, *(camera.picture(gain=0.25) for _ in range(6)))
    lit = []
    for n in range(5):
        frame = camera.picture((110, 60 + 25 * n)).astype(np.float32)
        frame[:, 200:] *= 0.5
        lit.append(frame.astype(np.uint8))

    result = judged(detector, *lit)

    assert not result[0].motion
    assert any(it.motion for it in result[1:3])


@pytest.mark.parametrize("pixels", [1, 2, 4])
def test_shake_is_not_motion(pixels: int) -> None:
    rng = np.random.default_rng(9)
    camera = Camera()
    frames = []
    for _ in range(30):
        dy, dx = rng.integers(-pixels, pixels + 1, 2)
        frames.append(np.roll(camera.picture(), (int(dy), int(dx)), (0, 1)))

    result = judged(warm(camera), *frames)

    assert not any(it.motion for it in result)


def test_the_shift_is_told_in_stored_orientation() -> None:
    camera = Camera()
    detector = warm(camera, Detector("robust", None, Orientation(rotate=180)))

    result = judged(detector, np.roll(camera.picture(), (0, 6), (0, 1)))[0]

    assert result.shift == (-6, 0)


def test_a_torn_frame_is_not_judged_and_not_remembered() -> None:
    camera = Camera()
    torn = camera.picture()
    torn[100:] = np.roll(torn[100:], 80, axis=1)

    result = judged(warm(camera), torn, *(camera.picture() for _ in range(3)))

    assert reasons(result) == [Reason.DAMAGED, *[Reason.QUIET] * 3]


def test_frames_that_stay_torn_are_believed_after_three() -> None:
    camera = Camera()
    frames = []
    for n in range(6):
        frame = camera.picture()
        frame[100:] = np.roll(frame[100:], 40 + 20 * n, axis=1)
        frames.append(frame)

    result = reasons(judged(warm(camera), *frames))

    assert result[:3] == [Reason.DAMAGED] * 3
    assert result[3] is not Reason.DAMAGED


def test_the_same_picture_again_is_frozen_and_not_remembered() -> None:
    camera = Camera()
    detector = warm(camera)
    still = camera.picture()
    visitor = [camera.picture((110, 40 + 30 * n), size=(12, 10)) for n in range(2)]

    result = judged(detector, still, still, visitor[0], visitor[0], visitor[1])

    assert [it.value for it in reasons(result)] == [
        "quiet",
        "frozen",
        "unconfirmed",
        "frozen",
        "motion",
    ]


def test_a_source_without_any_noise_shows_its_visitors() -> None:
    scene = yard().astype(np.uint8)
    visitor = scene.copy()
    visitor[100:180, 100:140] = 10

    result = judged(Detector("robust"), *[scene] * 6, visitor)

    assert reasons(result)[3:6] == [Reason.FROZEN] * 3
    assert result[-1].motion


def test_rain_is_not_motion() -> None:
    rng = np.random.default_rng(2)
    camera = Camera()
    frames = []
    for _ in range(30):
        frame = camera.picture()
        for _ in range(120):
            x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
            cv2.line(frame, (x, y), (x + 2, y + 14), 230, 1)
        frames.append(frame)

    assert not any(it.motion for it in judged(Detector("robust"), *frames))


def test_a_crowd_of_equally_large_visitors_is_not_taken_for_weather() -> None:
    camera = Camera()
    frames = []
    for n in range(6):
        frame = camera.picture()
        for number in range(12):
            row, column = 20 + 70 * (number % 3), 10 + 75 * (number // 3) + 9 * n
            frame[row : row + 44, column : column + 16] = 15
        frames.append(frame)

    assert all(it.motion for it in judged(warm(camera), *frames)[1:])


def test_a_twig_that_sways_is_soon_familiar() -> None:
    camera = Camera()
    frames = []
    for n in range(40):
        column = 150 + int(6 * np.sin(n * 1.9))
        frames.append(camera.picture((100, column), size=(40, 12), level=20))

    result = judged(Detector("robust"), *frames)

    assert not any(it.motion for it in result[20:])


# ---------------------------------------------------------------- settings and masks


def test_a_blob_has_to_be_larger_than_min_changed() -> None:
    camera = Camera()
    rules = Rules(min_changed=5.0)
    small = [camera.picture((110, 40 + 30 * n)) for n in range(3)]  # 2.2 %
    large = [camera.picture((60, 40 + 50 * n), size=(150, 50)) for n in range(3)]  # 9.8 %

    assert not any(it.motion for it in judged(warm(camera), *small, rules=rules))
    assert any(it.motion for it in judged(warm(camera), *large, rules=rules))


def test_the_limit_is_never_above_the_threshold_and_follows_it() -> None:
    camera = Camera(noise=8.0)
    frames = [camera.picture() for _ in range(6)]

    low = judged(Detector("robust"), *frames, rules=Rules(pixel_threshold=10))[-1]
    high = judged(Detector("robust"), *frames, rules=Rules(pixel_threshold=240))[-1]

    assert low.limit == 10
    assert high.limit == pytest.approx(40)  # a sixth


def test_what_the_mask_hides_is_not_seen() -> None:
    grey = np.full((HEIGHT, WIDTH), 255, np.uint8)
    grey[:, :160] = 0
    camera = Camera()
    detector = warm(camera, Detector("robust", Mask(Path("mask.png"), grey)))

    hidden = judged(detector, *(camera.picture((110, 20 + 25 * n)) for n in range(4)))
    seen = judged(detector, *(camera.picture((110, 180 + 25 * n)) for n in range(3)))

    assert not any(it.motion for it in hidden)
    assert seen[1].motion
    assert seen[1].unmasked_pixels == HEIGHT * WIDTH // 2


def test_after_forgetting_three_frames_are_learnt_again() -> None:
    camera = Camera()
    detector = warm(camera)
    detector.forget()

    result = judged(detector, *(camera.picture((110, 40 + 25 * n)) for n in range(5)))

    assert reasons(result)[:3] == [Reason.WARMING_UP] * 3
    assert not detector.binary()[:, :100].any() or result[3].motion


# ---------------------------------------------------------------- anything


@given(
    st.integers(0, 2**32),
    st.sampled_from([(1, 1), (1, 300), (2, 2), (9, 700), (33, 47), (300, 5), (120, 513)]),
)
@example(99717900, (33, 47))  # blobs whose boxes overlap: together more than the picture
@settings(deadline=None, max_examples=60)
def test_any_frames_of_any_size_are_judged(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    detector = Detector("robust")
    for seq in range(7):
        low, high = sorted(int(it) for it in rng.integers(0, 257, 2))
        luma = rng.integers(low, max(low + 1, high), shape).astype(np.uint8)
        detection = detector.judge(luma, seq, seq / 3, Rules(int(rng.integers(1, 256))))

        assert 0 <= detection.score <= 100
        assert detector.binary().shape == shape


def test_a_camera_keeps_less_than_four_megabytes() -> None:
    import tracemalloc

    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 256, (480, 640), dtype=np.uint8) for _ in range(8)]
    detector = Detector("robust")
    tracemalloc.start()
    try:
        judged(detector, *(it.copy() for it in frames))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 4_000_000
