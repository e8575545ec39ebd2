"""Profile `seed` over real clips, against an independent port of the article's rule."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.core.messages import Reason
from agent.imaging.jpeg import decode_luma
from agent.vision.detector.detector import Detector
from agent.vision.detector.masks import Mask

Luma = npt.NDArray[np.uint8]
CLIPS = Path(__file__).resolve().parents[3] / ".." / "shared" / "clips"
#: Every n-th frame of the 10/s and 30/s clips: the seed saw about 3 frames a second.
STRIDE = {"intel_one-by-one-person-detection.mp4": 3, "intel_bottle-detection.mp4": 10}
LIMIT = 150


class Rules(NamedTuple):
    pixel_threshold: int = 50
    min_changed: float = 0.0814
    max_changed: float = 16.28


def jpegs(clip: Path, stride: int) -> Iterator[bytes]:
    """The clip as the camera would send it: 640x480 JPEGs of quality 80."""
    capture = cv2.VideoCapture(str(clip))
    number = 0
    while number < LIMIT * stride and capture.grab():
        if number % stride == 0:
            _, picture = capture.retrieve()
            picture = cv2.resize(picture, (640, 480), interpolation=cv2.INTER_AREA)
            yield cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
        number += 1
    capture.release()


def article(n2: Luma, n1: Luma, n: Luma, mask: Luma | None) -> tuple[int, bool]:
    """The steps of the article, one call each, nothing reused."""
    both = cv2.bitwise_and(cv2.absdiff(n, n2), cv2.absdiff(n, n1))
    if mask is not None:
        both = cv2.bitwise_and(both, mask)
    _, binary = cv2.threshold(both, 50, 255, cv2.THRESH_BINARY)
    count = cv2.countNonZero(binary)
    return count, 250 < count < 50_000


def grey_mask() -> Luma:
    """Like the seed's: not binary; a corner left out, a ramp of greys beside it."""
    mask = np.full((480, 640), 255, np.uint8)
    mask[300:, :200] = 0
    mask[:, 400:] = np.linspace(0, 255, 240).astype(np.uint8)
    return mask


@pytest.mark.parametrize("name", STRIDE)
@pytest.mark.parametrize("has_mask", [False, True], ids=["no mask", "grey mask"])
def test_the_seed_profile_gives_the_articles_counts_and_verdicts(
    name: str,
    has_mask: bool,  # noqa: FBT001  a test's parameter
) -> None:
    clip = CLIPS / name
    if not clip.exists():
        pytest.skip(f"{name} is not beside the checkout, in shared/clips")
    mask = grey_mask() if has_mask else None
    detector = Detector("seed", None if mask is None else Mask(Path("mask.png"), mask))
    lumas: list[Luma] = []
    motions = 0

    for seq, data in enumerate(jpegs(clip, STRIDE[name])):
        luma = decode_luma(data)
        assert luma is not None
        lumas = [*lumas[-2:], luma]
        detection = detector.judge(luma, seq, seq / 3, Rules())
        if seq < 3:
            assert detection.reason is Reason.WARMING_UP
            continue
        expected = article(lumas[0], lumas[1], lumas[2], mask)
        assert (detection.changed_pixels, detection.motion) == expected, f"frame {seq}"
        motions += detection.motion

    assert len(lumas) == 3
    assert seq > 100
    assert motions > 5
