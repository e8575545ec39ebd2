"""Light: the effect of a lamp, a cloud or the camera's exposure on the whole picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Sample = npt.NDArray[np.float32]
Table = npt.NDArray[np.uint8]

#: Differences below these grey levels need no explanation: rounding and JPEG make as much.
_SAME_TYPICAL = 1.5
_SAME_MEAN = 0.75
#: Values this near to black or white may have been clipped: they say nothing about the light.
_CLIPPED_LOW, _CLIPPED_HIGH = 4, 245
_FEWEST = 64
#: Inliers lie within this many standard deviations, but never are all rejected for being exact.
_INLIERS, _EXACT = 2.5, 1.0
#: 1 / 0.6745: from the median of absolute deviations to a standard deviation, normal distribution.
_MAD = 1.4826
#: Pulls the gain towards 1 where the picture has no contrast to measure it: grey levels squared.
_RIDGE = 4.0
#: What a camera really applies is no straight line (gamma, knee): a prediction is trusted to this
#: part of the change that it predicts.
_DISTRUST = 0.2


@dataclass(frozen=True)
class Light:
    """How the grey levels of an older frame look now: `gain` * level + `offset`."""

    gain: float = 1.0
    offset: float = 0.0

    @property
    def same(self) -> bool:
        """True when nothing has to be fitted out."""
        return self.gain == 1.0 and self.offset == 0.0

    @property
    def change(self) -> float:
        """By how many grey levels it moved a dark or a light grey, whichever moved further."""
        return max(abs((self.gain - 1.0) * level + self.offset) for level in (64, 192))

    @cached_property
    def levels(self) -> Table:
        """uint8 (256,): old level -> level to expect now."""
        expected = np.arange(256, dtype=np.float32) * self.gain + self.offset
        levels: Table = np.clip(expected + 0.5, 0, 255).astype(np.uint8)
        return levels

    def seen(self, grey: Table) -> Table:
        """The older picture as it would look now; uint8, any shape."""
        return grey if self.same else cv2.LUT(grey, self.levels).astype(np.uint8, copy=False)

    def after(self, earlier: Light) -> Light:
        """Both one after the other."""
        if self.same or earlier.same:
            return earlier if self.same else self
        return Light(self.gain * earlier.gain, self.gain * earlier.offset + self.offset)

    def of(self, sample: Sample) -> Sample:
        """The sample as it would look now; float32 (n,)."""
        return sample * np.float32(self.gain) + np.float32(self.offset)

    @cached_property
    def doubts(self) -> Table:
        """uint8 (256,): old level -> by how much the expected level may be wrong.

        A level that was clipped may have been anything: nothing of its change is known.
        """
        levels = np.arange(256, dtype=np.float32)
        change = np.abs(self.levels - levels)
        clipped = levels >= _CLIPPED_HIGH
        doubts: Table = np.where(clipped, change, _DISTRUST * change).astype(np.uint8)
        return doubts


#: Nothing changed.
SAME = Light()


def fit_light(before: Sample, now: Sample) -> tuple[Light, float]:
    """Gain and offset between two samples of the same places, with any motion between, and noise.

    The best of three guesses, then a line through what fits; a good third of the
    places may be covered by something that moved. SAME when the light explains nothing. The noise
    is the standard deviation of the quiet half of the places, in grey levels, with the light
    fitted out.

    Args:
        before: float32 (n,), grey levels of the older frame.
        now: float32 (n,), those of the newer one.
    """
    difference = now - before
    middle = difference.size // 2
    sizes = np.abs(difference)
    sizes.partition(middle)
    if sizes[middle] <= _SAME_TYPICAL:
        difference.partition(middle)
        if abs(difference[middle]) < _SAME_MEAN:
            return SAME, _deviation(sizes)
    light = _fit_moved(before, now)
    sizes = np.abs(now - light.of(before))
    sizes.partition(middle)
    return light, _deviation(sizes)


def _deviation(sizes: Sample) -> float:
    """Of normal noise, from its absolute values, partitioned at their middle."""
    half = sizes.size // 2 + 1
    # the mean of the lower half of |z|, z standard normal: 2 (phi(0) - phi(0.6745)) / 0.5
    return float(sizes[:half].sum()) / half / 0.3246


def _fit_moved(before: Sample, now: Sample) -> Light:
    usable = np.minimum(before, now) > _CLIPPED_LOW
    usable &= np.maximum(before, now) < _CLIPPED_HIGH
    x, y = before[usable], now[usable]
    if x.size < _FEWEST:
        return SAME
    still = _median(np.abs(y - x))
    # light is mostly gain alone, and a visitor disturbs a median less than a line. If "no
    # change" fits best, something large moved and the light did not
    ways = [SAME, Light(gain=_median(y / x)), _line(x, y)]
    spreads = [still, *(_median(np.abs(y - it.of(x))) for it in ways[1:])]
    spread = min(spreads)
    best = ways[spreads.index(spread)]
    inlier = np.abs(y - best.of(x)) <= max(_EXACT, _INLIERS * _MAD * spread)
    best = _line(x[inlier], y[inlier])
    spread = _median(np.abs(y - best.of(x)))
    moved = abs((best.gain - 1.0) * float(x.sum()) / x.size + best.offset)
    return best if spread < still and (moved >= _SAME_MEAN or spread < 0.9 * still) else SAME


def _line(x: Sample, y: Sample) -> Light:
    """The line through both samples, both of which are noisy: reduced major axis.

    Least squares of y on x would take noise in x for a lower gain.
    """
    size = max(1, x.size)
    mean_x, mean_y = float(x.sum()) / size, float(y.sum()) / size
    dx, dy = x - np.float32(mean_x), y - np.float32(mean_y)
    gain = math.sqrt((float(dy @ dy) / size + _RIDGE) / (float(dx @ dx) / size + _RIDGE))
    return Light(gain, mean_y - gain * mean_x)


def _median(values: Sample) -> float:
    """Of the values, which lose their order."""
    middle = values.size // 2
    values.partition(middle)
    return float(values[middle])
