"""The detector: one luma plane in, one `Detection` out."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from agent.core.errors import ConfigError
from agent.core.messages import Detection, Reason
from agent.imaging.orientation import Orientation
from agent.vision.detector.masks import LOOKS_FROM, Mask
from agent.vision.detector.pixel_difference import Differential
from agent.vision.detector.robust import Finding, Robust
from schemas.settings import SEED_MAX_CHANGED, SEED_MIN_CHANGED

Luma = npt.NDArray[np.uint8]

_UINT8 = np.dtype(np.uint8)  # a type would be turned into one with each comparison
#: The seed judged nothing on the first three frames of a connection: the camera's exposure settles.
WARM_UP = 3
#: Seconds in which it has settled, however few frames came: a slow camera is judged from the third
#: frame on, as soon as there are two to compare with.
SETTLED = 5.0
#: The seed's limits, in pixels of a 640x480 picture.
SEED_MIN_PIXELS = 250
SEED_MAX_PIXELS = 50_000
SEED_AREA = 640 * 480


class Profile(StrEnum):
    """The rules that the detector knows."""

    ROBUST = "robust"
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

    Profile `robust` tells light, noise, shake, damage and swaying things from visitors; how, says
    `robust`. `pixel_threshold` is the highest limit it uses, `min_changed` the
    size of the smallest visitor; `max_changed` it does not need: it knows light by its structure.

    Profile `plain`: a pixel's difference is the smaller of |N - N-2| and |N - N-1|; mask pixels of
    128 and above look; motion when min_changed < score < max_changed.

    Profile `seed` is the rule of the project's ancestor bit by bit. It combines the two differences
    by the AND of their values (127 & 128 is 0), and also the grey mask. All mask pixels above 0 are
    "unmasked". Its limits are counts, 250 < n < 50,000 at 640x480, scaled by the area at other
    sizes. They are valid while the setting is at its default (0.0814 and 16.28 %, which are these
    counts, rounded). A changed setting is a percentage of the unmasked pixels.
    `Detection.min_changed` and `max_changed` are always the limits in force as percent.

    Nothing is judged on the first three frames, nor on the first three of a new size; on the first
    two only, where they came slowly (not by profile `seed`).

    Args:
        profile: one of `Profile`.
        mask: in the camera's orientation; None looks everywhere.
        orientation: turns the box into stored orientation; planes stay as the camera sends them.
        picture: height and width of the picture, of whose pixels all figures are, where the planes
            are smaller; None: they are the picture.

    Raises:
        ConfigError: unknown profile.
    """

    def __init__(
        self,
        profile: str,
        mask: Mask | None = None,
        orientation: Orientation | None = None,
        picture: tuple[int, int] | None = None,
    ) -> None:
        if profile not in set(Profile):
            raise ConfigError(
                f"detection.profile: {profile!r} is unknown; allowed are {', '.join(Profile)}"
            )
        self._profile = Profile(profile)
        self._mask = mask
        self._picture = picture
        self._each = 1.0  # pixels of the picture in one of the plane, whose size is rounded up
        self._orientation = orientation or Orientation()
        self._seen = 0
        self._began_at = 0.0  # time of the first of those
        self._shape = (0, 0)
        self._unmasked = 0
        self._looks = self._looking_pixels()
        self._rule = self._rule_for(0, 0)

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
        if luma.ndim != 2 or luma.dtype != _UINT8:
            raise ValueError(f"luma: uint8 (H, W) is needed, not {luma.dtype} {luma.shape}")
        if luma.shape != self._shape:
            self._begin(luma.shape[0], luma.shape[1])
        if not self._seen:
            self._began_at = at
        self._seen += 1
        settled = self._profile is not Profile.SEED and at - self._began_at >= SETTLED
        warm = self._seen > (WARM_UP - 1 if settled else WARM_UP)
        if isinstance(self._rule, Robust):
            found = self._rule.judge(luma, rules.pixel_threshold, rules.min_changed, warm=warm)
            return self._found(seq, at, found, rules)
        changed = self._rule.compare(luma, rules.pixel_threshold) if warm else 0
        self._rule.remember(luma)
        return self._verdict(seq, at, changed, rules, judged=warm)

    def binary(self) -> Luma:
        """The changed pixels of the last judged frame: a copy, uint8 (H, W), 255 changed, else 0.

        In the camera's orientation. All 0 after `forget` and until three frames were seen.
        """
        return self._rule.binary()

    def blobs(self) -> list[tuple[int, int, int, int]]:
        """Left, top, width, height of what made the last motion, in pixels of the plane.

        Largest first. All that changed is one blob in profiles `plain` and `seed`.
        """
        if isinstance(self._rule, Robust):
            return self._rule.counting()
        height, width = self._shape
        return [(0, 0, width, height)]

    def forget(self) -> None:
        """Nothing before is comparable any more: a new session, or judging paused."""
        self._seen = 0
        self._rule.forget()

    def _begin(self, height: int, width: int) -> None:
        """Prepares for frames of this size."""
        if self._mask is not None:
            self._mask.check_size(height, width)
        self._shape = (height, width)
        if self._picture is not None:
            self._each = self._picture[0] * self._picture[1] / (height * width)
        self._unmasked = (
            height * width if self._looks is None else int(np.count_nonzero(self._looks))
        )
        self._rule = self._rule_for(height, width)
        self._seen = 0

    def _rule_for(self, height: int, width: int) -> Differential | Robust:
        if self._profile is Profile.ROBUST and height:
            return Robust(height, width, self._looks)
        return Differential(height, width, self._looks, values=self._profile is Profile.SEED)

    def _looking_pixels(self) -> Luma | None:
        if self._mask is None:
            return None
        if self._profile is Profile.SEED:
            return self._mask.grey
        return np.where(self._mask.grey >= LOOKS_FROM, np.uint8(255), np.uint8(0))

    # ------------------------------------------------------------ verdicts

    def _found(self, seq: int, at: float, found: Finding, rules: Rules) -> Detection:
        """What profile `robust` found, in the words of all profiles."""
        horizontally, vertically = self._orientation.mirrored
        x, y = (round(self._each**0.5 * it) for it in found.shift)
        return Detection(
            seq=seq,
            at=at,
            motion=found.motion,
            reason=found.reason,
            changed_pixels=round(found.share * self._unmasked * self._each),
            score=100.0 * found.share,
            pixel_threshold=rules.pixel_threshold,
            min_changed=rules.min_changed,
            unmasked_pixels=round(self._unmasked * self._each),
            profile=self._profile.value,
            box=None if found.box is None else self._orientation.box(found.box),
            largest=100.0 * found.largest,
            noise=found.noise,
            limit=found.limit,
            gain=found.light.gain,
            offset=found.light.offset,
            shift=(-x if horizontally else x, -y if vertically else y),
        )

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
        box = self._rule.box() if motion and isinstance(self._rule, Differential) else None
        return Detection(
            seq=seq,
            at=at,
            motion=motion,
            reason=reason,
            changed_pixels=round(changed * self._each),
            score=score,
            pixel_threshold=rules.pixel_threshold,
            min_changed=least,
            max_changed=most,
            unmasked_pixels=round(self._unmasked * self._each),
            profile=self._profile.value,
            box=None if box is None else self._orientation.box(box),
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
