"""Looks at a camera's pictures now and then to tell how well it sees.

It costs 3 % of judging 3 frames a second (profile plain, 640x480). Every JPEG costs one comparison
of bytes that ends at the first difference. Each 15 s it looks at a reduced picture, each 30 s at
its shift, each minute at its colours.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.frame import Frame
from agent.core.image_quality import LEAST_MATCH, Look, Sight, SightMachine
from agent.imaging.jpeg import Image, decode_colour, decode_luma
from agent.vision.repeats import Repeats

Luma = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LOOK_EVERY = 15.0
SHIFT_EVERY = 30.0
COLOUR_EVERY = 60.0
#: Seconds that a look waits for a judged frame, whose luma is there already.
_LATEST = LOOK_EVERY + 1.0
#: Width of the picture that is looked at, and of the one whose shift is measured.
_WIDTH, _SHIFT_WIDTH = 320, 160
#: Grey levels beyond which structure counts no more: one lamp must not outweigh a house.
_CLIP = 24.0
#: A proposed shift must make the correlation better by this amount, or it is none.
_CLEARLY = 0.15
#: Beyond this part of the picture too little is left to be compared.
_FARTHEST = 0.4
#: The reference follows the scene (seasons, parked cars) by this part in each measurement ...
_FOLLOWS = 0.05
#: ... as long as the shift is at most this number of pixels of the reduced picture.
_STILL = 0.6


class Eye:
    """Measures one camera's pictures and keeps what is known about its sight."""

    def __init__(self) -> None:
        self._machine = SightMachine()
        self._repeats = Repeats()
        self._repeated = False
        self._look_at = float("-inf")
        self._shift_at = float("-inf")
        self._colour_at = float("-inf")
        self._reference: Floats | None = None
        self._window: Floats | None = None

    @property
    def sight(self) -> Sight:
        """What is known now."""
        return self._machine.sight

    def frame(self, frame: Frame, luma: Luma | None) -> Sight:
        """Takes a delivered frame.

        Args:
            frame: any frame of the camera.
            luma: its luma plane, where it was decoded for something else.
        """
        same = self._repeats.again(frame.image, frame.at)
        if same:
            self._machine.same_picture(frame.at)
        elif self._repeated:
            self._machine.new_picture()
        self._repeated = same
        if frame.at < self._look_at + (LOOK_EVERY if luma is not None else _LATEST):
            return self._machine.sight
        if luma is None:
            luma = decode_luma(frame.image)
        if luma is not None:
            self._look_at = frame.at
            self._machine.look(self._measure(frame, luma))
        return self._machine.sight

    def forget(self) -> None:
        """A new session: the next picture may be of another size, and is not the one before."""
        self._repeats = Repeats()

    def _measure(self, frame: Frame, luma: Luma) -> Look:
        small = reduced(luma, _WIDTH)
        brightness, highlights = light(small)
        shift = None
        if frame.at - self._shift_at >= SHIFT_EVERY:
            self._shift_at = frame.at
            shift = self._shift(small)
        tint = None
        if frame.at - self._colour_at >= COLOUR_EVERY:
            self._colour_at = frame.at
            tint = colour(frame.image)
        return Look(frame.at, brightness, highlights, detail(small), tint, shift)

    def _shift(self, small: Luma) -> tuple[float, float, float] | None:
        """Right and down in percent, and the match; None when this picture is the reference.

        Phase correlation proposes a shift. It counts only if the moved pictures agree clearly
        better than the unmoved ones. A visitor or a parked van can deceive the first step, but not
        the second.
        """
        now = structure(small)
        if self._reference is None or self._reference.shape != now.shape:
            self._reference = now
            self._window = np.asarray(
                cv2.createHanningWindow((now.shape[1], now.shape[0]), cv2.CV_32F), np.float32
            )
            return None
        (right, down), _ = cv2.phaseCorrelate(self._reference, now, self._window)
        as_it_is = agreement(self._reference, now, 0, 0)
        moved = agreement(self._reference, now, round(right), round(down))
        if moved < as_it_is + _CLEARLY:
            right, down, moved = 0.0, 0.0, as_it_is
        if moved >= LEAST_MATCH and max(abs(right), abs(down)) < _STILL:
            cv2.accumulateWeighted(now, self._reference, _FOLLOWS)
        height, width = now.shape
        return 100 * right / width, 100 * down / height, moved


def reduced(luma: Luma, width: int) -> Luma:
    """The picture at most `width` wide, uint8."""
    if luma.shape[1] <= width:
        return luma
    size = (width, max(1, round(luma.shape[0] * width / luma.shape[1])))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def light(small: Luma) -> tuple[float, float]:
    """Mean luma, and the luma that 5 % of the pixels exceed."""
    counts = cv2.calcHist([small], [0], None, [256], [0, 256]).ravel()
    mean = float(counts @ np.arange(256)) / small.size
    highlights = int(np.searchsorted(np.cumsum(counts), 0.95 * small.size))
    return mean, float(highlights)


def detail(small: Luma) -> float:
    """Variance of the Laplacian over the picture's own: gain and haze change both alike."""
    # noise is no detail, and neither are the steps of rounding, all that is left when blurred
    soft = cv2.GaussianBlur(small.astype(np.float32), (5, 5), 0)
    _, edges = cv2.meanStdDev(cv2.Laplacian(soft, cv2.CV_32F))
    _, whole = cv2.meanStdDev(small)
    return float(edges[0, 0]) ** 2 / (float(whole[0, 0]) ** 2 + 1.0)


def structure(small: Luma) -> Floats:
    """What stays when the light changes: local differences, clipped; float32."""
    tiny = reduced(small, _SHIFT_WIDTH).astype(np.float32)
    return np.asarray(np.clip(tiny - cv2.GaussianBlur(tiny, (0, 0), 4), -_CLIP, _CLIP), np.float32)


def agreement(reference: Floats, now: Floats, right: int, down: int) -> float:
    """Correlation of two structures, the second moved right and down by pixels; -1..1."""
    height, width = now.shape
    if abs(right) > _FARTHEST * width or abs(down) > _FARTHEST * height:
        return 0.0
    here = now[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
    there = reference[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    norm = float(np.linalg.norm(here)) * float(np.linalg.norm(there))
    return float(np.vdot(here, there)) / norm if norm > 0 else 0.0


def colour(image: Image) -> float | None:
    """Mean difference of the colour channels in grey levels; None when the picture is damaged.

    Decoded at an eighth of its size, which costs about a third of a whole decode.
    """
    picture = decode_colour(image, 8)
    if picture is None:
        return None
    blue, green, red = cv2.split(picture)
    differences = cv2.absdiff(blue, green), cv2.absdiff(green, red)
    return float(sum(cv2.mean(it)[0] for it in differences))
