"""No false alarm about the camera's sight on real clips, also under stress; and the real ones."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.core.frame import Frame
from agent.tuning.clips import open_clip
from agent.vision.image_quality import Eye

CLIPS = Path(__file__).resolve().parents[3] / ".." / "shared" / "clips"
NAMES = ("intel_one-by-one-person-detection.mp4", "intel_bottle-detection.mp4")
Luma = npt.NDArray[np.uint8]
Stress = Callable[[Luma, float], Luma]

pytestmark = pytest.mark.skipif(not CLIPS.is_dir(), reason="shared/clips is not here")


def noisy_night(luma: Luma, at: float) -> Luma:
    noise = np.random.default_rng(round(at * 10)).normal(0, 6, luma.shape)
    return np.clip(luma * 0.3 + 15 + noise, 0, 255).astype(np.uint8)


def clouds(luma: Luma, at: float) -> Luma:
    gain = 1 + 0.35 * math.sin(at * 1.57)
    lit: Luma = np.clip(luma * gain, 0, 255).astype(np.uint8)
    return lit


def shaken(luma: Luma, at: float) -> Luma:
    right, down = np.random.default_rng(round(at * 10)).integers(-2, 3, 2).tolist()
    moved: Luma = np.roll(luma, (down, right), axis=(0, 1))
    return moved


def as_it_is(luma: Luma, _at: float) -> Luma:
    return luma


@cache
def pictures(name: str) -> list[tuple[float, int, Luma]]:
    """The clip's pictures at least a second apart: time, number and luma."""
    found: list[tuple[float, int, Luma]] = []
    at = 0.0
    for shot in open_clip(str(CLIPS / name)).shots():
        if shot.at >= at + 1:
            at = shot.at
            luma = shot.luma()
            assert luma is not None
            luma.flags.writeable = False
            found.append((at, shot.index, luma))
    return found


def looks(name: str, stress: Stress, seconds: float) -> Iterator[tuple[float, Eye]]:
    """The clip again and again, as one camera that runs for so long; the clip's seams are cuts."""
    eye = Eye()
    at = 0.0
    while at < seconds:
        base = at
        for after, index, luma in pictures(name):
            at = base + after
            eye.frame(Frame(str(at).encode(), at, index, 1), stress(luma, at))
            yield at, eye


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stress", [as_it_is, noisy_night, clouds, shaken])
def test_a_camera_that_sees_well_is_never_called_blind(name: str, stress: Stress) -> None:
    for at, eye in looks(name, stress, 150):
        assert eye.sight.problems == (), f"at {at:.1f} s"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (lambda luma: (luma * 0.05).astype(np.uint8), "picture_dark"),
        (lambda luma: cv2.GaussianBlur(luma, (0, 0), 8), "picture_blurred"),
        (lambda luma: np.roll(luma, (12, -30), axis=(0, 1)), "view_shifted"),
    ],
)
def test_what_makes_it_blind_is_named(name: str, fault: Callable[[Luma], Luma], code: str) -> None:
    def later(luma: Luma, at: float) -> Luma:
        return luma if at < 120 else fault(luma)

    problems = {at: eye.sight.problems for at, eye in looks(name, later, 260)}
    assert all(not found for at, found in problems.items() if at < 120)
    assert code in problems[max(problems)]
