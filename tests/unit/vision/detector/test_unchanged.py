"""A frame that is passed over leads to the same verdicts, then and later, as one looked at."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.core.messages import Detection, Reason
from agent.vision.detector import robust
from agent.vision.detector.unchanged import nothing_changed
from agent.vision.judge import Judge
from agent.vision.zones import View
from tests.support.vision import SETTINGS

Luma = npt.NDArray[np.uint8]


def day(noise: float) -> Iterator[Luma]:
    """Stillness, somebody who walks by and stands, a lamp, a bush, a shake, a frame sent twice."""
    rng = np.random.default_rng(3)
    coarse = rng.uniform(60, 170, (24, 32)).astype(np.float32)
    ground = cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)
    last = None
    for number in range(260):
        scene = np.array(ground)
        if 30 <= number < 90:
            left = 5 * min(number - 30, 40)
            scene[90:160, left : left + 26] = 25
        if number >= 120:
            scene += 30
        if 150 <= number < 200:
            scene[40:70, 200:240] += 60 * (number % 3)
        if 215 <= number < 222:
            scene = np.roll(scene, number % 5, axis=1)
        frame = np.clip(scene + rng.normal(0, noise, scene.shape), 0, 255).astype(np.uint8)
        if number == 240 and last is not None:
            frame = last
        yield frame
        last = frame


def verdicts(noise: float) -> list[Detection]:
    judge = Judge("robust", View())
    return [judge.judge(luma, n, n / 3, SETTINGS) for n, luma in enumerate(day(noise))]


@pytest.mark.parametrize("noise", [0.6, 1.5])
def test_the_verdicts_are_the_same_with_and_without(
    monkeypatch: pytest.MonkeyPatch, noise: float
) -> None:
    passed: list[bool] = []

    def counted(*known: object) -> bool:
        passed.append(nothing_changed(*known))  # type: ignore[arg-type]
        return passed[-1]

    monkeypatch.setattr(robust, "nothing_changed", counted)
    quick = verdicts(noise)
    monkeypatch.setattr(robust, "nothing_changed", lambda *_: False)
    assert quick == verdicts(noise)
    assert sum(passed) >= 100, "most of the quiet frames are passed over"
    assert {Reason.MOTION, Reason.QUIET} <= {it.reason for it in quick}
