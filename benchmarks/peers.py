"""Other detectors, rebuilt small from their published algorithms, to be compared with.

Not the programs themselves: no line is theirs, only the method and its default figures. Each takes
a luma plane and says whether it is motion.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.judge import Judge
from agent.vision.zones import View
from schemas.settings import PLACES, Place
from tests.support.vision import SETTINGS

Plane = npt.NDArray[np.uint8]


class Judging(Protocol):
    """What is compared."""

    def motion(self, luma: Plane) -> bool:
        """True when the next frame is motion; uint8 (H, W)."""
        ...


class Ours:
    """The agent's detector, which judges wide pictures at a part of their size."""

    def __init__(self, profile: str, place: Place = "normal") -> None:
        threshold, least = PLACES[place]
        self._settings = replace(SETTINGS, pixel_threshold=threshold, min_changed=least)
        self._judge = Judge(profile, View())
        self._seq = 0

    def scale(self, width: int) -> int:
        """What the sides of a picture so wide may be divided by beforehand."""
        return self._judge.scale(width)

    def motion(self, luma: Plane, size: tuple[int, int] | None = None) -> bool:
        """Its verdict; `size` is the picture's height and width where `luma` is made smaller."""
        self._seq += 1
        return self._judge.judge(luma, self._seq, self._seq / 3, self._settings, size).motion


class RunningAverage:
    """Frigate's method (ImprovedMotionDetector, 0.18): an average of small, stretched pictures.

    100 lines; contrast stretched between the averaged 4th and 96th percentiles of 50 frames;
    smoothed; changed where it differs from the average by more than 30; dilated; contours above 10.
    """

    def __init__(self) -> None:
        self._average: npt.NDArray[np.float32] | None = None
        self._range = np.tile(np.array([0, 255], np.uint8), (50, 1))
        self._frames = self._moving = 0
        self._calibrating = True

    def motion(self, luma: Plane) -> bool:
        """Whether a contour was large enough."""
        height, width = luma.shape
        size = (100 * width // height, 100)
        small = cv2.resize(luma, size, interpolation=cv2.INTER_NEAREST)
        low, high = np.percentile(small, 4), np.percentile(small, 96)
        if int(low) < int(high):
            self._range[self._frames % 50] = int(low), int(high)
            self._frames += 1
            bottom, top = self._range.mean(axis=0)
            stretched = (np.clip(small, bottom, top) - bottom) / (top - bottom) * 255
            small = stretched.astype(np.uint8)
        small = cv2.GaussianBlur(small, (3, 3), 1)
        if self._average is None:
            self._average = np.zeros(small.shape, np.float32)
        changed = cv2.absdiff(small, cv2.convertScaleAbs(self._average))
        _, binary = cv2.threshold(changed, 30, 255, cv2.THRESH_BINARY)
        joined = cv2.dilate(binary, np.ones((3, 3), np.uint8))
        contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        areas = [cv2.contourArea(it) for it in contours]
        large = sum(area > 10 for area in areas)
        share = sum(areas) / small.size
        if share < 0.05 and large <= 4:
            self._calibrating = False
        if share > 0.8:
            self._calibrating = True
        self._moving = self._moving + 1 if large else 0
        if not large or self._moving >= 10:
            cv2.accumulateWeighted(small, self._average, 0.2 if self._calibrating else 0.01)
        return large > 0 and not self._calibrating


class Reference:
    """Motion's method: a reference picture whose pixels follow, or age and are swallowed.

    The noise level tunes itself; despeckled by opening and closing; labelled; above 1500 pixels.
    """

    def __init__(self, fps: float = 3.0) -> None:
        self._reference: npt.NDArray[np.float32] | None = None
        self._age = np.zeros((0, 0), np.float32)
        self._noise = 32.0
        self._oldest = 10 * fps

    def motion(self, luma: Plane) -> bool:
        """Whether enough connected pixels differ from the reference."""
        now = luma.astype(np.float32)
        if self._reference is None:
            self._reference, self._age = now.copy(), np.zeros_like(now)
        difference = np.abs(self._reference - now)
        changed = (difference > self._noise).astype(np.uint8)
        ones = np.ones((3, 3), np.uint8)
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        clean = cv2.dilate(cv2.dilate(cv2.erode(cv2.erode(changed, ones), cross), cross), ones)
        count, _, stats, _ = cv2.connectedComponentsWithStats(clean, connectivity=8)
        sizes = stats[1:count, cv2.CC_STAT_AREA]
        motion = bool(sizes[sizes > 1500].sum() > 1500)
        if not motion:
            self._noise = 4 + (self._noise + 3 * float((difference + 1).mean())) / 2
        near = difference <= 0.2 * self._noise
        moving = changed > 0
        self._age = np.where(moving & ~near, self._age + 1, 0)
        old = self._age > self._oldest
        half = ~near & ~moving
        self._reference = np.where(
            near | old, now, np.where(half, (self._reference + now) / 2, self._reference)
        ).astype(np.float32)
        return motion


class Mixture:
    """MOG2 or KNN of OpenCV at half size, opened, as the usual example does it; 250 pixels."""

    def __init__(self, kind: str) -> None:
        self._model: cv2.BackgroundSubtractor
        if kind == "knn":
            self._model = cv2.createBackgroundSubtractorKNN(history=500, detectShadows=False)
        else:
            self._model = cv2.createBackgroundSubtractorMOG2(history=500, detectShadows=False)
        self._seen = 0

    def motion(self, luma: Plane) -> bool:
        """Whether the largest part of the foreground is large enough; warm after 10 frames."""
        self._seen += 1
        height, width = luma.shape
        small = cv2.resize(luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        binary = self._model.apply(small, learningRate=0.01 if self._seen > 10 else 0.2)
        clean = cv2.morphologyEx(binary, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(clean, connectivity=8)
        largest = int(stats[1:count, cv2.CC_STAT_AREA].max()) if count > 1 else 0
        return self._seen > 10 and 4 * largest > 250
