"""The detector: one luma plane in, one `Detection` out."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.errors import ConfigError
from agent.core.messages import Box, Detection, Reason
from agent.imaging.orientation import Orientation
from agent.vision.masks import LOOKS_FROM, Mask
from schemas.settings import SEED_MAX_CHANGED, SEED_MIN_CHANGED

Luma = npt.NDArray[np.uint8]

#: The seed judged nothing on the first three frames of a connection: the camera's exposure settles.
WARM_UP = 3
#: The seed's limits, in pixels of a 640x480 picture.
SEED_MIN_PIXELS = 250
SEED_MAX_PIXELS = 50_000
SEED_AREA = 640 * 480
#: Changed pixels in touching cells belong to the same thing when the box is drawn: 8x8 pixels at
#: 640x480, and as many cells in any larger picture.
_CELL = 8
_CELL_WIDTHS = 640


class Profile(StrEnum):
    """The rules that the detector knows."""

    PLAIN = "plain"
    SEED = "seed"


class Rules(Protocol):
    """The part of the run-time settings that the detector follows; `VisionSettings` has it."""

    @property
    def pixel_threshold(self) -> int:
        """Grey levels; a pixel changed when its difference is above."""
        ...

    @property
    def min_changed(self) -> float:
        """Percent of the unmasked pixels; motion is above."""
        ...

    @property
    def max_changed(self) -> float:
        """Percent of the unmasked pixels; motion is below."""
        ...


class Detector:
    """Differential images: what differs from both judged frames before, N-1 and N-2, changed.

    Profile `plain`: a pixel's difference is the smaller of |N - N-2| and |N - N-1|; mask pixels of
    128 and above look; motion when min_changed < score < max_changed.

    Profile `seed`, the rule of the project's ancestor bit by bit: the two differences are combined
    by the AND of their values (127 & 128 is 0), and so is the mask, grey as it is; all mask pixels
    above 0 are "unmasked". Its limits are counts, 250 < n < 50,000 at 640x480, scaled by the area
    at other sizes. They hold as long as the setting is at its default (0.0814 and 16.28 %, which
    are these counts, rounded); a setting that was changed holds as percent of the unmasked pixels.
    `Detection.min_changed` and `max_changed` are the limits in force as percent in any case.

    Nothing is judged on the first three frames, nor on the first three of a new size.

    Args:
        profile: one of `Profile`.
        mask: in the camera's orientation; None looks everywhere.
        orientation: turns the box into stored orientation; planes stay as the camera sends them.

    Raises:
        ConfigError: unknown profile.
    """

    def __init__(
        self, profile: str, mask: Mask | None = None, orientation: Orientation | None = None
    ) -> None:
        if profile not in set(Profile):
            raise ConfigError(
                f"detection.profile: {profile!r} is unknown; allowed are {', '.join(Profile)}"
            )
        self._profile = Profile(profile)
        self._mask = mask
        self._orientation = orientation or Orientation()
        self._before: deque[Luma] = deque(maxlen=2)  # N-2, N-1
        self._seen = 0
        self._shape = (0, 0)
        self._unmasked = 0
        self._looks = self._looking_pixels()
        self._cells: Luma = np.zeros((0, 0), np.uint8)
        self._delta = self._scratch = self._cells

    def judge(self, luma: Luma, seq: int, at: float, rules: Rules) -> Detection:
        """Judges one frame against the two before, and remembers it.

        Args:
            luma: uint8 (H, W), in the camera's orientation; kept, so nobody may write into it.
            seq: the frame's number.
            at: the frame's monotonic time.
            rules: the settings in force.

        Raises:
            ConfigError: the mask has another size than the frame.
            ValueError: not such a plane.
        """
        if luma.ndim != 2 or luma.dtype != np.uint8:
            raise ValueError(f"luma: uint8 (H, W) is needed, not {luma.dtype} {luma.shape}")
        if luma.shape != self._shape:
            self._begin(luma.shape[0], luma.shape[1])
        self._seen += 1
        judged = self._seen > WARM_UP
        changed = self._compare(luma, rules.pixel_threshold) if judged else 0
        self._before.append(luma)
        return self._verdict(seq, at, changed, rules, judged=judged)

    def binary(self) -> Luma:
        """The changed pixels of the last judged frame: a copy, uint8 (H, W), 255 changed, else 0.

        In the camera's orientation. All 0 after `forget` and until three frames were seen.
        """
        return self._delta.copy()

    def forget(self) -> None:
        """Nothing before is comparable any more: a new session, or judging paused."""
        self._before.clear()
        self._seen = 0
        self._delta.fill(0)

    def _begin(self, height: int, width: int) -> None:
        """Prepares for frames of this size; scratch is kept, so that no frame allocates any."""
        if self._mask is not None:
            self._mask.check_size(height, width)
        self._shape = (height, width)
        # the binary image lies in whole cells, so that `_box` can look at it as cells at once
        cell = _cell(width)
        self._cells = np.zeros((-(-height // cell) * cell, -(-width // cell) * cell), np.uint8)
        self._delta = self._cells[:height, :width]
        self._scratch = np.empty((height, width), np.uint8)
        self._unmasked = (
            height * width if self._looks is None else int(cv2.countNonZero(self._looks))
        )
        self.forget()

    def _looking_pixels(self) -> Luma | None:
        if self._mask is None:
            return None
        if self._profile is Profile.SEED:
            return self._mask.grey
        return np.where(self._mask.grey >= LOOKS_FROM, np.uint8(255), np.uint8(0))

    def _compare(self, luma: Luma, threshold: int) -> int:
        """Fills the binary image; returns how many pixels changed."""
        before, last = self._before
        delta, scratch = self._delta, self._scratch
        cv2.absdiff(luma, last, dst=scratch)
        if cv2.norm(scratch, cv2.NORM_INF) <= threshold:
            # exact, and the usual case: neither AND nor minimum exceeds either difference
            delta.fill(0)
            return 0
        cv2.absdiff(luma, before, dst=delta)
        if self._profile is Profile.SEED:
            cv2.bitwise_and(delta, scratch, dst=delta)
        else:
            cv2.min(delta, scratch, dst=delta)
        if self._looks is not None:
            cv2.bitwise_and(delta, self._looks, dst=delta)
        cv2.threshold(delta, threshold, 255, cv2.THRESH_BINARY, dst=delta)
        return int(cv2.countNonZero(delta))

    def _verdict(
        self, seq: int, at: float, changed: int, rules: Rules, *, judged: bool
    ) -> Detection:
        least, most = self._limits(rules)
        score = self._percent(changed)
        motion = judged and least < score < most
        if not judged:
            reason = Reason.WARMING_UP
        elif motion:
            reason = Reason.MOTION
        else:
            reason = Reason.TOO_MUCH if score >= most else Reason.QUIET
        return Detection(
            seq=seq,
            at=at,
            motion=motion,
            reason=reason,
            changed_pixels=changed,
            score=score,
            pixel_threshold=rules.pixel_threshold,
            min_changed=least,
            max_changed=most,
            unmasked_pixels=self._unmasked,
            profile=self._profile.value,
            box=self._box() if motion else None,
        )

    def _limits(self, rules: Rules) -> tuple[float, float]:
        """(least, most) in percent of the unmasked pixels."""
        least, most = rules.min_changed, rules.max_changed
        if self._profile is Profile.SEED:
            scale = self._shape[0] * self._shape[1] / SEED_AREA
            if least == SEED_MIN_CHANGED:
                least = self._percent(SEED_MIN_PIXELS * scale)
            if most == SEED_MAX_CHANGED:
                most = self._percent(SEED_MAX_PIXELS * scale)
        return least, most

    def _percent(self, pixels: float) -> float:
        return 100.0 * pixels / self._unmasked

    def _box(self) -> Box:
        """The box around the largest connected part of the changed pixels, in stored orientation.

        Connected is what touches on a grid of cells: the differences of one moving thing are full
        of holes. On single pixels this would cost more than the detection itself.
        """
        height, width = self._shape
        cell = _cell(width)
        down, across = self._cells.shape[0] // cell, self._cells.shape[1] // cell
        # eight pixels are one 64-bit number here, which is not 0 when one of them changed; rows
        # first, then columns: numpy is ten times slower over both axes at once
        strips = np.bitwise_or.reduce(self._cells.view(np.uint64).reshape(down, cell, -1), axis=1)
        changed = np.bitwise_or.reduce(strips.reshape(down, across, -1), axis=2) != 0
        _, _, stats, _ = cv2.connectedComponentsWithStats(
            changed.view(np.uint8), connectivity=8, ltype=cv2.CV_16U
        )
        largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())  # 0 is the background
        left, top, columns, rows = (cell * int(it) for it in stats[largest, :4])
        x, y, w, h = cv2.boundingRect(self._delta[top : top + rows, left : left + columns])
        box = ((left + x) / width, (top + y) / height, w / width, h / height)
        return self._orientation.box(box)


def _cell(width: int) -> int:
    """The side of a cell in pixels, a multiple of 8."""
    return _CELL * max(1, width // _CELL_WIDTHS)
