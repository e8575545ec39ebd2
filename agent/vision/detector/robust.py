"""Profile `robust`: what moved, without light, noise, shake, damage and swaying things.

The core is the seed's: a place changed when it differs from both judged frames before, which can
leave no ghost of somebody who stood still. It works on cells, see `agent.vision.detector.cells`,
and every difference is taken twice: with the light of the whole picture fitted out, and relative
to the light around the place. Only what both call changed did change.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.messages import Reason
from agent.vision.detector.background import Familiar
from agent.vision.detector.cell_difference import LOWEST, Change, Comparison, limit_of
from agent.vision.detector.cells import (
    AROUND,
    Blob,
    Cells,
    as_bytes,
    blobs_of,
    cells_of,
    halvings,
    reduced,
)
from agent.vision.detector.damage import is_torn
from agent.vision.detector.illumination import SAME, Light, fit_light
from agent.vision.detector.infrared import is_dark, may_fly
from agent.vision.detector.moving_light import lit
from agent.vision.detector.persistence import Evidence, Persistence
from agent.vision.detector.restless import Restless
from agent.vision.detector.shake import Shift
from agent.vision.detector.unchanged import farthest, nothing_changed
from agent.vision.detector.weighing import VISITORS, Frame, Weighing, lie_in

Grey = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

#: A visitor has at least this number of cells, with any `min_changed`; blobs with fewer than the
#: second number are not looked at.
_SPECK, _SMALLEST = 6, 4
#: Part of `min_changed` that continues motion.
_CONTINUES = 3
#: If more cells than this differ around one of the first few blobs, it may be a patch of light.
_PATCH, _FEW = 100, 3
#: Changes on more of the picture are light if the structure stayed: correlation of what is left
#: of both frames without their local means.
_LIGHT_SHARE, _LIGHT_LIKENESS = 0.05, 0.6
#: The same if nearly every cell went the same way by this many levels.
_LIGHT_LEVELS, _LIGHT_ONE_WAY = 16, 0.85
#: A frame with changes over this part of the width is checked for damage. After this number of
#: damaged frames in a row they count as the scene.
_WIDE, _MOST_TORN = 0.8, 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one frame; shares are 0..1 of the cells that look.

    Attributes:
        reason: what decided.
        motion: this is motion.
        share: changed cells in blobs that count.
        largest: changed cells of the largest blob.
        box: of the largest blob, x, y, width, height in 0..1 of the picture; None: no blob.
        noise: standard deviation of a cell between two frames, grey levels.
        limit: grey levels; a cell changed when its difference is above.
        light: of the last frame as seen in this one.
        shift: since the last frame.
    """

    reason: Reason
    motion: bool = False
    share: float = 0.0
    largest: float = 0.0
    box: tuple[float, float, float, float] | None = None
    noise: float = 0.0
    limit: float = 0.0
    light: Light = SAME
    shift: Shift = (0, 0)


class Robust:
    """Judges frames of one size.

    Args:
        height: of the frames in pixels.
        width: the same.
        looks: uint8 (height, width), 255 where motion counts, else 0; None: everywhere.
    """

    def __init__(self, height: int, width: int, looks: Grey | None) -> None:
        empty = reduced(np.zeros((height, width), np.uint8))
        self._size = (height, width)
        self._looks = None
        self._looking = empty.size
        if looks is not None:
            self._looks = np.where(reduced(looks) >= 128, np.uint8(255), np.uint8(0))
            self._looking = max(1, int(np.count_nonzero(self._looks)))
        self._before: deque[Cells] = deque(maxlen=2)  # N-2, N-1
        self._familiar = Familiar()
        self._persistence = Persistence()
        self._weighing = Weighing()
        self._restless = Restless()
        self._spots: Grey | None = None  # that are restless
        self._comparison = Comparison()
        self._lit: deque[Grey | None] = deque(maxlen=2)  # where patches of light lay, N-2, N-1
        self._torn = 0
        self._whole = self._nothing = empty
        self._boxes: list[Box] = []  # of the blobs of the last judged frame
        self._counting = self._boxes  # of those that made the last motion

    def judge(self, luma: Grey, pixel_threshold: int, min_changed: float, *, warm: bool) -> Finding:
        """Judges a frame and remembers it.

        Args:
            luma: uint8 (height, width); kept.
            pixel_threshold: grey levels; the limit never is above.
            min_changed: percent of the pixels that look; a blob has to be larger.
            warm: False while the camera's exposure still settles: it is only learnt.
        """
        now = cells_of(luma)
        if not warm or len(self._before) < 2:
            self._warm_up(now)
            return Finding(Reason.WARMING_UP)
        older, last = self._before
        apart = farthest(now, last)
        if not apart and not cv2.norm(now.luma, last.luma, cv2.NORM_INF):  # to the last pixel
            self._boxes = []
            self._persistence.update(Evidence.NONE)
            return Finding(Reason.FROZEN)
        light, noise = fitted = fit_light(last.sample, now.sample)
        if nothing_changed(apart, light, pixel_threshold):
            return self._pass_over(now, noise, limit_of(pixel_threshold, noise))
        change = self._comparison.compare(now, older, last, pixel_threshold, fitted)
        share = cv2.countNonZero(change.changed) / change.changed.size
        wide = cv2.boundingRect(change.changed)[2] >= _WIDE * change.changed.shape[1]
        odd = wide or not change.light.same  # the light may have been fitted to what is torn
        if odd and self._torn < _MOST_TORN and self._is_damaged(now, pixel_threshold):
            self._torn += 1
            self._boxes = []
            return Finding(Reason.DAMAGED, noise=change.noise, limit=change.limit)
        self._torn = 0
        is_light = share >= _LIGHT_SHARE and self._is_light(now, change.changed)
        finding = self._decide(now, change, min_changed, is_light=is_light)
        self._before.append(now)
        return finding

    def binary(self) -> Grey:
        """uint8 (height, width), 255 where the last judged frame changed, in whole cells; a copy.

        Only in blobs that count: what they surround and differs.
        """
        height, width = self._size
        cells = np.zeros_like(self._whole)
        for x, y, w, h in self._boxes:
            here = np.s_[y : y + h, x : x + w]
            cells[here] = cv2.threshold(self._whole[here], 0, 255, cv2.THRESH_BINARY)[1]
        side = 1 << halvings(height, width)
        size = cells.shape[1] * side, cells.shape[0] * side
        result = np.zeros((height, width), np.uint8)
        result[: size[1], : size[0]] = cv2.resize(cells, size, interpolation=cv2.INTER_NEAREST)
        return result

    def counting(self) -> list[Box]:
        """Left, top, width, height in pixels of the blobs that made the last motion."""
        side = 1 << halvings(*self._size)
        return [(side * x, side * y, side * w, side * h) for x, y, w, h in self._counting]

    def forget(self) -> None:
        """Nothing before is comparable any more."""
        self._before.clear()
        self._lit.clear()
        self._persistence.forget()
        self._weighing.forget()
        self._restless.forget()
        self._comparison.steady()
        self._torn = 0
        self._boxes = []

    # ------------------------------------------------------------ measuring

    def _warm_up(self, now: Cells) -> None:
        if self._before:
            self._familiar.follow(fit_light(self._before[-1].sample, now.sample)[0])
            self._familiar.learn(now, SAME, freely=True)
        else:
            self._familiar.start(now)
        self._before.append(now)

    def _is_damaged(self, now: Cells, pixel_threshold: int) -> bool:
        """True for a torn frame; light is not fitted out here, it would be fitted to the tear."""
        older, last = self._before
        raw = cv2.min(cv2.absdiff(now.grey, older.grey), cv2.absdiff(now.grey, last.grey))
        raw = cv2.threshold(raw, LOWEST * pixel_threshold, 255, cv2.THRESH_BINARY)[1]
        return is_torn(as_bytes(raw), now.grey, last.grey)

    def _is_light(self, now: Cells, changed: Grey) -> bool:
        """True when much changed and yet the scene is the same."""
        last = self._before[-1]
        where = changed != 0
        a = now.grey[where] - now.around[where]
        b = last.grey[where] - last.around[where]
        likeness = float(a @ b) / (float(np.sqrt(a @ a) * np.sqrt(b @ b)) + 1e-6)
        if likeness >= _LIGHT_LIKENESS:
            return True
        up = np.count_nonzero(cv2.subtract(now.grey, last.grey) > _LIGHT_LEVELS)
        down = np.count_nonzero(cv2.subtract(last.grey, now.grey) > _LIGHT_LEVELS)
        return bool(max(up, down) >= _LIGHT_ONE_WAY * changed.size)

    # ------------------------------------------------------------ deciding

    def _decide(self, now: Cells, change: Change, min_changed: float, *, is_light: bool) -> Finding:
        if self._persistence.running:
            self._weighing.look_closer(change)
        if self._looks is not None:
            cv2.bitwise_and(change.changed, self._looks, dst=change.changed)
            cv2.bitwise_and(change.whole, self._looks, dst=change.whole)
        self._familiar.follow(change.light)
        self._weighing.growth.follow(change.light)
        least = max(_SPECK, int(min_changed * self._looking / 100) + 1)
        found = self._blobs(now, change, least)
        older, last = self._before
        patch, flying = None, list[Box]()
        if found and is_dark(now) and any(_is_wide(it, change.whole) for it in found[:_FEW]):
            flying = [it.box for it in found if may_fly(it, now, last, older)]
            patch = self._without_patches(now, change)
            found = found if patch is None else self._blobs(now, change, least)
        self._lit.append(patch)
        blobs = self._weighing.visitors(found, least)
        evidence, counting = Evidence.NONE, list[Blob]()
        if not is_light:
            running = self._persistence.running
            frame = Frame(now, last, older, change, least, self._spots, running, flying, patch)
            evidence, counting = self._weighing.weigh(found, blobs, frame)
        freely = not self._persistence.running
        motion = self._persistence.update(evidence)
        if motion:
            self._counting = [it.box for it in counting]
            self._weighing.remember(counting)
        self._spread(change.changed, motion=motion)
        if is_light:
            self._familiar.start(now)
        else:
            self._learn(change.older_light, freely=freely)
        self._whole, self._boxes = change.whole, [it.box for it in blobs]
        if motion:
            reason = Reason.MOTION
        elif is_light:
            reason = Reason.LIGHT
        elif lie_in(found, self._spots):
            reason = Reason.RESTLESS
        else:
            reason = Reason.UNCONFIRMED if evidence >= Evidence.HINT else Reason.QUIET
        return self._finding(reason, blobs, change, motion=motion)

    def _finding(
        self, reason: Reason, blobs: list[Blob], change: Change, *, motion: bool
    ) -> Finding:
        height, width = change.changed.shape
        x, y, w, h = blobs[0].box if blobs else (0, 0, 0, 0)
        return Finding(
            reason=reason,
            motion=motion,
            # what lies in two boxes is counted in both
            share=min(1.0, sum(it.cells for it in blobs) / self._looking),
            largest=(blobs[0].cells if blobs else 0) / self._looking,
            box=(x / width, y / height, w / width, h / height) if blobs else None,
            noise=change.noise,
            limit=change.limit,
            light=change.light,
            shift=change.shift,
        )

    def _pass_over(self, now: Cells, noise: float, limit: float) -> Finding:
        """Takes a frame in which nothing changed, as `_decide` would."""
        older_light = self._comparison.pass_over(now, *self._before)
        self._torn = 0
        freely = not self._persistence.running
        self._weighing.pass_over(now, running=not freely)
        self._lit.append(None)
        self._persistence.update(Evidence.NONE)
        self._spread(self._nothing, motion=False)
        self._learn(older_light, freely=freely)
        self._whole, self._boxes = self._nothing, []
        self._before.append(now)
        return Finding(Reason.QUIET, noise=noise, limit=limit)

    def _spread(self, changed: Grey, *, motion: bool) -> None:
        """Which spots are restless, after this frame was decided."""
        self._restless.update(changed, motion=motion)
        self._spots = self._restless.spots()

    def _learn(self, light: Light, *, freely: bool) -> None:
        """What the places look like; `light` is that since N-2."""
        # the frame that leaves: what is not yet known to be a visitor is not learnt yet
        leaves = self._before[0]
        but = self._lit[0] if len(self._lit) == 2 else None
        self._familiar.learn(leaves, light, freely=freely, but=but, spots=self._spots)
        self._weighing.growth.learn(leaves)

    def _without_patches(self, now: Cells, change: Change) -> Grey | None:
        """Takes away what only light changed that fell on a part of the scene, and says where."""
        light = lit(change.changed, now, self._before[-1], change.limit)
        if light is None:
            return None
        here, texture, explained = light
        change.whole[here][texture] = 0
        change.changed[here][explained] = 0
        patch = np.zeros_like(change.changed)
        patch[here][texture] = 255
        return patch

    def _blobs(self, now: Cells, change: Change, least: int) -> list[Blob]:
        """What may be visitors, largest first."""
        small = max(_SMALLEST, least // _CONTINUES)
        if cv2.countNonZero(change.changed) < small:
            return []
        novelty = self._familiar.novelty(now.grey)
        novel = as_bytes(cv2.threshold(novelty, change.limit / 2, 255, cv2.THRESH_BINARY)[1])
        return blobs_of(change.changed, novel, change.whole, small, VISITORS + 1)


def _is_wide(blob: Blob, whole: Grey) -> bool:
    """True when enough around the blob differs for a patch of light."""
    x, y, w, h = blob.box
    around = whole[max(0, y - AROUND) : y + h + AROUND, max(0, x - AROUND) : x + w + AROUND]
    return cv2.countNonZero(around) >= _PATCH
