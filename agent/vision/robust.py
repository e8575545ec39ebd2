"""Profile `robust`: what moved, when light, noise, shake, damage and swaying things are told apart.

The core is the seed's: a place changed when it differs from both judged frames before, which can
leave no ghost of somebody who stood still. It works on cells, see `agent.vision.cells`, and every
difference is taken twice: with the light of the whole picture fitted out, and relative to the light
around the place. Only what both call changed did change.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.messages import Reason
from agent.vision.cells import AROUND, Blob, Cells, as_bytes, blobs_of, cells_of, halvings, reduced
from agent.vision.change import CLOSER, LOWEST, Change, Comparison
from agent.vision.damage import is_torn
from agent.vision.familiar import Familiar
from agent.vision.growth import Growth
from agent.vision.infrared import is_dark, may_fly
from agent.vision.light import SAME, Light, fit_light
from agent.vision.patch import lit
from agent.vision.persistence import Evidence, Persistence
from agent.vision.restless import Restless
from agent.vision.shake import Shift
from agent.vision.tracks import CONVINCES, Seen, Tracks

Grey = npt.NDArray[np.uint8]

#: A visitor is no smaller than this many cells, whatever `min_changed` says; fewer than the second
#: are not looked at.
_SPECK, _SMALLEST = 6, 4
#: Part of `min_changed` that continues motion.
_CONTINUES = 3
#: Part of a blob that must be new in its place, to begin motion and to continue it.
_NOVEL, _NOVEL_AT_ALL = 0.25, 0.2
#: Blobs that come by accident in a frame of a calm scene, and those that may fly before a lamp.
_CALM, _CALM_FLYING = 0.01, 0.5
#: Less is enough where the last motion was, but not what may have come by accident.
_HERE = 0.05
#: In the dark it must be so many times as large; and nothing as large may have come and gone.
_STRONG_SIZE_DARK = 8
_STRONG_CLUTTER = 0.02
#: A blob is sharp that changed by so many grey levels and limits, and of which so much is new.
_SHARP_LEVELS, _SHARP_LIMITS, _SHARP_NOVEL = 20.0, 2.0, 0.5
#: One frame convinces when a sharp blob is so many times as large as it must be, no wider than
#: this part of the picture, so many times above what the light does, and all others together are
#: no more than this part of it.
_STRONG_SIZE, _STRONG_WIDTH, _STRONG_LIGHT, _STRONG_ALONE = 3, 0.8, 2.0, 0.5
#: Rain and snow are many blobs of a size. So many may be visitors, the next largest is weather, and
#: a visitor is so many times as large. What was weather is remembered for seconds. What is so many
#: times as large as a visitor must be is no weather: there may be many visitors of a size.
_VISITORS, _WEATHER, _CLEARS_UP, _NO_WEATHER = 8, 4, 0.95, 4
#: Cells beside a restless spot that belong to it when little is seen there.
_BESIDE = 3
#: Fewer changed cells are no patch of light.
_PATCH, _FEW = 100, 3
#: Something smaller continues motion if it is this near to the last, in parts of the width.
_NEAR = 0.12
#: Changes on more of the picture are light if the structure stayed: correlation of what is left
#: of both frames without their local means.
_LIGHT_SHARE, _LIGHT_LIKENESS = 0.05, 0.6
#: The same if nearly every cell went the same way by this many levels.
_LIGHT_LEVELS, _LIGHT_ONE_WAY = 16, 0.85
#: A frame with changes over this part of the width is looked at for damage; so many damaged frames
#: in a row are believed to be.
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
        self._tracks = Tracks()
        self._growth = Growth()
        self._restless = Restless()
        self._spots: Grey | None = None  # that are restless
        self._comparison = Comparison()
        self._lit: deque[Grey | None] = deque(maxlen=2)  # where patches of light lay, N-2, N-1
        self._torn = 0
        self._weather = 0.0  # cells; blobs below are rain or snow
        self._place = (0, 0, 0, 0)  # of the last motion: left, top, right, bottom in cells
        self._whole = empty
        self._boxes: list[tuple[int, int, int, int]] = []  # of the blobs of the last judged frame

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
        if _is_same(now, last):
            self._boxes = []
            self._persistence.update(Evidence.NONE)
            return Finding(Reason.FROZEN)
        change = self._comparison.compare(now, older, last, pixel_threshold)
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

    def forget(self) -> None:
        """Nothing before is comparable any more."""
        self._before.clear()
        self._lit.clear()
        self._persistence.forget()
        self._tracks.forget()
        self._growth.forget()
        self._restless.forget()
        self._comparison.steady()
        self._torn = 0
        self._weather = 0.0
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
        """True when so much changed and yet the scene is the same."""
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
            self._look_closer(change)
        if self._looks is not None:
            cv2.bitwise_and(change.changed, self._looks, dst=change.changed)
            cv2.bitwise_and(change.whole, self._looks, dst=change.whole)
        self._familiar.follow(change.light)
        self._growth.follow(change.light)
        least = max(_SPECK, int(min_changed * self._looking / 100) + 1)
        self._whole = change.whole
        found = self._blobs(now, change, least)
        patch = None
        if any(_is_wide(it, change.whole) for it in found[:_FEW]):
            patch = self._without_patches(now, change)
            found = found if patch is None else self._blobs(now, change, least)
        self._lit.append(patch)
        blobs = self._without_weather(found, _NO_WEATHER * least)
        if is_light:
            evidence, counting = Evidence.NONE, []
        else:
            evidence, counting = self._evidence(found, blobs, least, now, change, dark=is_dark(now))
        freely = not self._persistence.running
        motion = self._persistence.update(evidence)
        self._restless.update(change.changed, motion=motion)
        spots = self._spots = self._restless.spots()
        if is_light:
            self._familiar.start(now)
        else:
            # the frame that leaves: what is not yet known to be a visitor is not learnt yet
            but = self._lit[0] if len(self._lit) == 2 else None
            self._familiar.learn(self._before[0], change.older_light, freely=freely, but=but, spots=spots)
            self._growth.learn(self._before[0])
        self._boxes = [it.box for it in blobs]
        reason = Reason.QUIET
        if motion:
            reason = Reason.MOTION
            self._place = self._around(counting)
        elif is_light:
            reason = Reason.LIGHT
        elif _lie_in(found, spots):
            reason = Reason.RESTLESS
        elif evidence >= Evidence.HINT:
            reason = Reason.UNCONFIRMED
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
        return blobs_of(change.changed, novel, change.whole, small, _VISITORS + 1)

    def _evidence(
        self,
        found: list[Blob],
        blobs: list[Blob],
        least: int,
        now: Cells,
        change: Change,
        *,
        dark: bool,
    ) -> tuple[Evidence, list[Blob]]:
        """What this frame shows, and the blobs that show it."""
        clear = [it for it in blobs if it.cells >= least and it.novel >= _NOVEL * it.cells]
        sharp = [it for it in blobs if self._is_sharp(it, change)]
        hints = [it for it in blobs if it in clear or (it in sharp and it.cells >= least // 2)]
        seen = [
            Seen(
                it,
                it in hints,
                it.novel >= _NOVEL * it.cells,
                self._calm(it, now, dark=dark and it in hints),
            )
            for it in found
        ]
        sightings = self._tracks.update(seen, change.changed.shape)
        followed = [
            it.blob
            for it in sightings
            if it.blob in clear and it.confirmed and it.chance < CONVINCES
        ]
        large = [
            it.blob
            for it in sightings
            if it.blob in blobs and it.blob.cells >= least and it.chance <= _HERE
        ]
        grown = self._growth.update(large, now, change.whole, change.limit)
        if followed or grown:
            return Evidence.STRONG, followed or grown
        if clear and clear[0] in sharp and self._is_strong(clear[0], blobs, least, now, change, dark):
            return Evidence.STRONG, clear[:1]
        likely = [
            it.blob
            for it in sightings
            if it.chance <= _HERE and it.blob in blobs and self._is_near(it.blob)
        ]
        here = [it for it in likely if it in clear]
        if here:
            return Evidence.CLEAR_HERE, here
        near = [
            it
            for it in likely
            if it.novel >= _NOVEL_AT_ALL * it.cells and not _lie_in([it], self._spots)
        ]
        if clear or hints:
            return Evidence.HINT, near
        return (Evidence.WEAK, near) if near else (Evidence.NONE, [])

    def _calm(self, blob: Blob, now: Cells, *, dark: bool) -> float:
        """Blobs like this that come by accident in a calm scene."""
        return _CALM_FLYING if dark and may_fly(blob, now, self._before[-1]) else _CALM

    def _is_strong(
        self, first: Blob, blobs: list[Blob], least: int, now: Cells, change: Change, dark: bool
    ) -> bool:
        return (
            first.strength >= _STRONG_LIGHT * change.light.change
            and not any(change.shift)
            and self._tracks.clutter.rate(first.cells) < _STRONG_CLUTTER
            and first.cells >= (_STRONG_SIZE_DARK if dark else _STRONG_SIZE) * least
            and not (dark and may_fly(first, now, self._before[-1]))
            and first.box[2] <= _STRONG_WIDTH * change.changed.shape[1]
            and sum(it.cells for it in blobs) - first.cells <= _STRONG_ALONE * first.cells
        )

    def _look_closer(self, change: Change) -> None:
        """Where the last motion was, less is enough."""
        height, width = change.changed.shape
        left, top, right, bottom = self._place
        margin = int(_NEAR * width)
        here = np.s_[
            max(1, top - margin) : min(height - 1, bottom + margin),
            max(1, left - margin) : min(width - 1, right + margin),
        ]
        limit = CLOSER * change.limit
        change.changed[here] = cv2.threshold(
            change.difference[here], limit, 255, cv2.THRESH_BINARY
        )[1]

    def _is_sharp(self, blob: Blob, change: Change) -> bool:
        """True when what changed here is far above the limit, and new."""
        least = max(_SHARP_LEVELS, _SHARP_LIMITS * change.limit)
        return blob.strength >= least and blob.novel >= _SHARP_NOVEL * blob.cells

    def _without_weather(self, blobs: list[Blob], most: int) -> list[Blob]:
        """Those that stand out among many of a size, or are larger than `most` cells."""
        weather = float(_WEATHER * blobs[_VISITORS].cells) if len(blobs) > _VISITORS else 0.0
        self._weather = max(_CLEARS_UP * self._weather, weather)
        least = min(self._weather, float(most))
        return [it for it in blobs if it.cells >= least]

    def _around(self, blobs: list[Blob]) -> tuple[int, int, int, int]:
        """What surrounds the blobs that may be visitors."""
        boxes = [it.box for it in blobs[:_VISITORS]]
        return (
            min(x for x, _, _, _ in boxes),
            min(y for _, y, _, _ in boxes),
            max(x + w for x, _, w, _ in boxes),
            max(y + h for _, y, _, h in boxes),
        )

    def _is_near(self, blob: Blob) -> bool:
        """True when the blob is where the last motion was."""
        left, top, right, bottom = self._place
        margin = _NEAR * self._whole.shape[1]
        x, y, w, h = blob.box
        beside = x > right + margin or x + w < left - margin
        above_or_below = y > bottom + margin or y + h < top - margin
        return not beside and not above_or_below


def _lie_in(blobs: list[Blob], spots: Grey | None) -> bool:
    """True when one of them lies in, or beside, what is restless."""
    if spots is None:
        return False
    boxes = [it.box for it in blobs]
    return any(
        cv2.countNonZero(spots[max(0, y - _BESIDE) : y + h + _BESIDE, max(0, x - _BESIDE) : x + w + _BESIDE])
        for x, y, w, h in boxes
    )


def _is_wide(blob: Blob, whole: Grey) -> bool:
    """True when so much around the blob differs that it may be a patch of light."""
    x, y, w, h = blob.box
    around = whole[max(0, y - AROUND) : y + h + AROUND, max(0, x - AROUND) : x + w + AROUND]
    return cv2.countNonZero(around) >= _PATCH


def _is_same(now: Cells, last: Cells) -> bool:
    """The same picture to the last pixel; nearly always the cells say no at once."""
    if cv2.norm(now.grey, last.grey, cv2.NORM_INF) > 0:
        return False
    return np.array_equal(now.luma, last.luma)
