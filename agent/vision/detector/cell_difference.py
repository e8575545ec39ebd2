"""One frame against the two before: what changed beyond light, edges, noise and shake."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import Cells, as_bytes, cells_of, halvings, roi
from agent.vision.detector.illumination import SAME, Light, fit_light
from agent.vision.detector.shake import Shift, moved, shift_between

Grey = npt.NDArray[np.uint8]

#: A cell's limit: this many standard deviations of the noise between two frames. One cell in 2000
#: exceeds it by chance in both differences; a blob needs a dozen that touch.
_NOISES = 3.5
#: The limit is never below this part of `pixel_threshold`, 8 of the default 50: rounding, JPEG and
#: soft shadows make up to 5.
LOWEST = 1 / 6
#: Part of the limit that is enough where motion was just now: hysteresis, as Canny has it for
#: edges. Below, differences are not worked out.
CLOSER = 0.7
#: Part of an edge's height by which a shake of half a pixel changes a cell of four. Twice that
#: after a shake, for the rest that could not be moved along.
_EDGE, _EDGE_UNSTEADY = 0.125, 0.25
#: A shake shows at edges everywhere. A tile has edges if this part of its cells has edges of this
#: number of grey levels. In more than this part of such tiles, this part of the cells changed.
_TILES = (8, 6)
_EDGES, _EDGY, _TILE_SHARE, _WIDESPREAD = 30, 0.05, 0.01, 0.4
#: Fewer changed cells are not looked into, nor is for a shake where they span less than this part
#: of the picture's width and height.
_FEW, _SPAN = 4, 0.5
#: A shake counts if moving the older frames along leaves at most the first part of the changes (the
#: second part for a camera that shook before). The quiet half of the picture must stay quiet:
#: otherwise only a large visitor moved.
_EXPLAINED, _EXPLAINED_AGAIN, _WORSE = 0.6, 0.85, 0.3
#: A camera that shook will shake again: for this number of judged frames every change is checked.
_UNSTEADY = 30


@dataclass(slots=True)
class Change:
    """What differs from both frames before.

    Attributes:
        whole: uint8 (h, w), grey levels, the smaller difference with the light fitted out; 0 where
            it is not above `CLOSER` * limit.
        difference: the same, also relative to the light around, and less what is tolerated.
        changed: uint8 (h, w), 255 where the difference is above the limit, else 0.
        light: from N-1 to N.
        older_light: from N-2 to N.
        noise: standard deviation of a cell between two frames, grey levels.
        limit: grey levels.
        shift: since N-1.
    """

    whole: Grey = field(repr=False)
    difference: Grey = field(repr=False)
    changed: Grey = field(repr=False)
    light: Light
    older_light: Light
    noise: float
    limit: float
    shift: Shift = (0, 0)


#: The light from one frame to the next, and the noise; see `fit_light`.
Fitted = tuple[Light, float]


class Comparison:
    """Compares frames of one size; knows whether the camera shook lately."""

    def __init__(self) -> None:
        self._unsteady = 0
        self._fitted: tuple[Cells | None, Cells | None, Light] = None, None, SAME

    def compare(
        self, now: Cells, older: Cells, last: Cells, pixel_threshold: int, fitted: Fitted
    ) -> Change:
        """What changed in `now` since N-2 and N-1.

        Args:
            now: the frame.
            older: N-2.
            last: N-1.
            pixel_threshold: grey levels; the limit never is above.
            fitted: from N-1 to N.
        """
        change = self._differ(now, older, last, pixel_threshold, fitted)
        self._unsteady = max(0, self._unsteady - 1)
        self._fitted = last, now, change.light
        count = cv2.countNonZero(change.changed)
        if count >= _FEW and (self._unsteady or _is_widespread(change.changed, last)):
            return self._unshaken(now, older, last, pixel_threshold, change)
        return change

    def pass_over(self, now: Cells, older: Cells, last: Cells) -> Light:
        """Nothing changed in `now`: as `compare` would have taken it. The light since N-2."""
        older_light = self._step(older, last)
        self._unsteady = max(0, self._unsteady - 1)
        self._fitted = last, now, SAME
        return older_light

    def steady(self) -> None:
        """Forgets that the camera shook."""
        self._unsteady = 0

    def _differ(
        self, now: Cells, older: Cells, last: Cells, pixel_threshold: int, fitted: Fitted
    ) -> Change:
        light, noise = fitted
        older_light = light.after(self._step(older, last))
        limit = limit_of(pixel_threshold, noise)
        whole = as_bytes(cv2.absdiff(now.grey, light.seen(last.grey)))
        cv2.min(whole, cv2.absdiff(now.grey, older_light.seen(older.grey)), dst=whole)
        cv2.threshold(whole, CLOSER * limit, 255, cv2.THRESH_TOZERO, dst=whole)
        difference = whole.copy()
        if cv2.countNonZero(whole) >= _FEW:
            x, y, w, h = roi(whole, 0)
            here = np.s_[y : y + h, x : x + w]
            difference[here] = self._exact(whole[here], now, last, light, here)
        changed = as_bytes(cv2.threshold(difference, limit, 255, cv2.THRESH_BINARY)[1])
        _clear_margin(changed, 1)
        return Change(whole, difference, changed, light, older_light, noise, limit)

    def _step(self, older: Cells, last: Cells) -> Light:
        """The light from N-2 to N-1; nearly always fitted when N-1 was judged."""
        if self._fitted[0] is not older or self._fitted[1] is not last:
            self._fitted = older, last, fit_light(older.sample, last.sample)[0]
        return self._fitted[2]

    def _exact(
        self,
        whole: cv2.typing.MatLike,
        now: Cells,
        last: Cells,
        light: Light,
        here: tuple[slice, slice],
    ) -> cv2.typing.MatLike:
        """A part of the difference, also relative to the light around, less what is tolerated.

        Relative: compared with last * (around now / around last), all with `BLACK` added.
        """
        relative = cv2.divide(now.around_in(here), last.around_in(here))
        cv2.multiply(relative, last.level(here), dst=relative)
        cv2.absdiff(relative, now.level(here), dst=relative)
        least = cv2.min(whole, cv2.convertScaleAbs(relative))
        edge = _EDGE_UNSTEADY if self._unsteady else _EDGE
        cv2.subtract(least, cv2.convertScaleAbs(last.edges[here], alpha=edge), dst=least)
        if not light.same:
            cv2.subtract(least, cv2.LUT(last.grey[here], light.doubts), dst=least)
        return least

    def _unshaken(
        self, now: Cells, older: Cells, last: Cells, pixel_threshold: int, change: Change
    ) -> Change:
        """Compared again with the older frames moved along, if that explains the changes."""
        side = 1 << halvings(*now.luma.shape)
        shifts = [shift_between(now.grey, it.grey, side) for it in (older, last)]
        if shifts == [(0, 0), (0, 0)]:
            return change
        along = [
            cells_of(moved(it.luma, shift)) if shift != (0, 0) else it
            for it, shift in zip((older, last), shifts, strict=True)
        ]
        fitted = fit_light(along[1].sample, now.sample)
        again = self._differ(now, along[0], along[1], pixel_threshold, fitted)
        most = max(abs(it) for shift in shifts for it in shift)
        _clear_margin(again.changed, 1 + ceil(most / side))
        left = cv2.countNonZero(again.changed)
        worse = again.noise > change.noise + _WORSE
        explained = _EXPLAINED_AGAIN if self._unsteady else _EXPLAINED
        if worse or left > explained * cv2.countNonZero(change.changed):
            return change
        self._unsteady = _UNSTEADY
        again.shift = shifts[1]
        return again


def limit_of(pixel_threshold: int, noise: float) -> float:
    """Grey levels; a cell changed when its difference is above."""
    return min(float(pixel_threshold), max(LOWEST * pixel_threshold, _NOISES * noise))


def _is_widespread(changed: Grey, last: Cells) -> bool:
    """True when most of the tiles that have edges changed."""
    _, _, width, height = cv2.boundingRect(changed)
    if width < _SPAN * changed.shape[1] or height < _SPAN * changed.shape[0]:
        return False
    edges = as_bytes(cv2.threshold(last.edges, _EDGES, 255, cv2.THRESH_BINARY)[1])
    edgy = _tiles(edges) > 255 * _EDGY
    moving = _tiles(changed) > 255 * _TILE_SHARE
    both, all_edgy = int(np.count_nonzero(edgy & moving)), int(np.count_nonzero(edgy))
    return both > _WIDESPREAD * max(1, all_edgy)


def _tiles(binary: Grey) -> Grey:
    return as_bytes(cv2.resize(binary, _TILES, interpolation=cv2.INTER_AREA))


def _clear_margin(changed: Grey, cells: int) -> None:
    """What comes and goes at the picture's edges is nobody yet."""
    changed[:cells] = changed[-cells:] = 0
    changed[:, :cells] = changed[:, -cells:] = 0
