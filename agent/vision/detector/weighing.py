"""What the blobs of one frame show: a visitor, something that may be one, or nobody.

Nobody: what shows nothing new in its place, what comes by accident (see `tracks`), what rains and
snows. A visitor: a blob that followed an earlier one, one that has grown for seconds
(see `growth`), or one that is so clear that its first frame is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cell_difference import CLOSER, Change
from agent.vision.detector.cells import Blob, Cells
from agent.vision.detector.growth import Growth
from agent.vision.detector.infrared import is_dark, lightens, may_fly
from agent.vision.detector.persistence import Evidence
from agent.vision.detector.tracks import Seen, Tracks

Grey = npt.NDArray[np.uint8]

#: Part of a blob that must be new in its place, to begin motion and to continue it.
_NOVEL, _NOVEL_AT_ALL = 0.25, 0.2
#: Blobs that come by accident in a frame of a calm scene, and those that may fly before a lamp.
#: And those that lie next to a patch of light that is this many times as large: they may be the
#: rest of it.
_CALM, _CALM_FLYING, _CALM_LIT, _LIT_SIZE = 0.01, 0.5, 0.2, 2
#: Less is enough where the last motion was, but not what came by accident more often than this.
#: Among many things that come and go it must be less often: else rain would continue the motion.
_HERE, _HERE_AMONG = 0.25, 0.02
#: Nor does that grow.
_GROWS_AT = 0.05
#: A sharp blob: it changed by this number of grey levels and of limits, and this part of it is new.
_SHARP_LEVELS, _SHARP_LIMITS, _SHARP_NOVEL = 20.0, 2.0, 0.5
#: A thing before an infrared lamp makes its place brighter. A blob with less of that is behind it.
_DARKENS = 0.5
#: One frame convinces with a sharp blob under these conditions. It is this many times as large as
#: it must be, by day and in the dark. It is no wider than this part of the picture. It is this many
#: times above the effect of the light. All others together are no more than this part of it. Fewer
#: than this number of blobs of its size come and go in a frame.
_STRONG_SIZE, _STRONG_SIZE_DARK = 3, 8
_STRONG_WIDTH, _STRONG_LIGHT, _STRONG_ALONE, _STRONG_CLUTTER = 0.8, 2.0, 0.5, 0.02
#: Rain and snow are many blobs of a size. The first number of blobs may be visitors. The next
#: largest is weather, and a visitor is `_WEATHER` times as large. The size of the weather is
#: remembered for seconds. A blob `_NO_WEATHER` times as large as a visitor must be is no weather:
#: there may be many visitors of a size.
VISITORS = 8
_WEATHER, _CLEARS_UP, _NO_WEATHER = 4, 0.95, 4
#: Blobs this many times as large as a visitor must be may be visitors, also many together.
_CROWD = 5
#: Something smaller continues motion if it is this near to the last, in parts of the width.
_NEAR = 0.12
#: Cells next to a restless spot that belong to it when little is seen there.
_BESIDE = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """What is weighed.

    Attributes:
        now: the frame.
        last: the one before.
        older: the one before that.
        change: what changed in it.
        least: cells; a visitor is no smaller.
        spots: uint8 (h, w), 255 in restless spots; None: there are none.
        running: there was motion in the last frames.
        flying: boxes of what may fly, before patches of light were taken away.
        lit: uint8 (h, w), 255 where only moving light changed the scene; None: nowhere.
    """

    now: Cells
    last: Cells
    older: Cells
    change: Change
    least: int
    spots: Grey | None
    running: bool = False
    flying: Sequence[tuple[int, int, int, int]] = ()
    lit: Grey | None = None


class Weighing:
    """Weighs frames of one size; knows the tracks, the weather and where the last motion was."""

    def __init__(self) -> None:
        self.growth = Growth()
        self._tracks = Tracks()
        self._weather = 0.0  # cells; blobs below are rain or snow
        self._place = (0, 0, 0, 0)  # of the last motion: left, top, right, bottom in cells

    def forget(self) -> None:
        """Nothing before is comparable any more."""
        self.growth.forget()
        self._tracks.forget()
        self._weather = 0.0

    def visitors(self, found: list[Blob], least: int) -> list[Blob]:
        """The blobs that stand out among many of a size, largest first."""
        weather = float(_WEATHER * found[VISITORS].cells) if len(found) > VISITORS else 0.0
        self._weather = max(_CLEARS_UP * self._weather, weather)
        most = min(self._weather, float(_NO_WEATHER * least))
        return [it for it in found if it.cells >= most]

    def weigh(
        self, found: list[Blob], blobs: list[Blob], frame: Frame
    ) -> tuple[Evidence, list[Blob]]:
        """What the frame shows, and the blobs that show it.

        Args:
            found: all of its blobs.
            blobs: those of them that may be visitors.
            frame: the rest of it.
        """
        clear = [it for it in blobs if _is_clear(it, frame.least)]
        sharp = [it for it in blobs if _is_sharp(it, frame.change)]
        small = [it for it in sharp if it.cells >= frame.least // 2]
        hints = [it for it in blobs if it in clear or it in small]
        dark = bool(hints) and is_dark(frame.now)
        seen = [
            Seen(
                it,
                it in hints,
                it.novel >= _NOVEL * it.cells,
                _calm(it, frame, dark and it in hints),
            )
            for it in found
        ]
        sightings = self._tracks.update(
            seen,
            frame.now.grey.shape,
            crowd=_CROWD * frame.least,
            place=self._around(frame.now) if frame.running else None,
        )
        followed = [it.blob for it in sightings if it.blob in clear and it.confirmed and it.known]
        likely = [
            it.blob
            for it in sightings
            if it.chance <= (_HERE_AMONG if it.among else _HERE) and it.blob in blobs
        ]
        large = [
            it.blob
            for it in sightings
            if it.chance <= _GROWS_AT and it.blob in blobs and it.blob.cells >= frame.least
        ]
        grown = self.growth.update(large, frame.now, frame.change.whole, frame.change.limit)
        if followed or grown:
            return Evidence.STRONG, followed or grown
        if clear and clear[0] in sharp and self._is_strong(clear[0], blobs, frame, dark):
            return Evidence.STRONG, clear[:1]
        near = [it for it in likely if self._is_near(it, frame.now.grey.shape[1])]
        return _less(near, clear, hints, frame.spots)

    def pass_over(self, now: Cells, *, running: bool) -> None:
        """Takes a frame without blobs."""
        self.visitors([], 0)
        place = self._around(now) if running else None
        self._tracks.update([], now.grey.shape, crowd=0.0, place=place)
        self.growth.update([], now, now.grey, 0.0)

    def remember(self, blobs: list[Blob]) -> None:
        """These were motion: for some time less is enough next to them."""
        boxes = [it.box for it in blobs[:VISITORS]]
        self._place = (
            min(x for x, _, _, _ in boxes),
            min(y for _, y, _, _ in boxes),
            max(x + w for x, _, w, _ in boxes),
            max(y + h for _, y, _, h in boxes),
        )

    def look_closer(self, change: Change) -> None:
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

    def _is_strong(self, first: Blob, blobs: list[Blob], frame: Frame, dark: bool) -> bool:  # noqa: FBT001
        """True when this one frame is enough."""
        change = frame.change
        flies = dark and lightens(first, frame.now, frame.last, frame.older) >= _DARKENS
        return (
            first.strength >= _STRONG_LIGHT * change.light.change
            and not any(change.shift)
            and self._tracks.clutter.rate(first.cells) < _STRONG_CLUTTER
            and first.cells >= (_STRONG_SIZE_DARK if flies else _STRONG_SIZE) * frame.least
            and not (dark and _flies(first, frame))
            and not _is_rest_of_light(first, frame.lit)
            and first.box[2] <= _STRONG_WIDTH * change.changed.shape[1]
            and sum(it.cells for it in blobs) - first.cells <= _STRONG_ALONE * first.cells
        )

    def _around(self, now: Cells) -> tuple[int, int, int, int]:
        """Where parts of the visitor may be: the place of the last motion, and around it."""
        left, top, right, bottom = self._place
        margin = int(_NEAR * now.grey.shape[1])
        return left - margin, top - margin, right + margin, bottom + margin

    def _is_near(self, blob: Blob, width: int) -> bool:
        """True when the blob is where the last motion was."""
        left, top, right, bottom = self._place
        margin = _NEAR * width
        x, y, w, h = blob.box
        beside = x > right + margin or x + w < left - margin
        above_or_below = y > bottom + margin or y + h < top - margin
        return not beside and not above_or_below


def lie_in(blobs: list[Blob], spots: Grey | None) -> bool:
    """True when one of them lies in, or next to, such a spot."""
    if spots is None:
        return False
    for x, y, w, h in (it.box for it in blobs):
        left, top = max(0, x - _BESIDE), max(0, y - _BESIDE)
        if cv2.countNonZero(spots[top : y + h + _BESIDE, left : x + w + _BESIDE]):
            return True
    return False


def _less(
    near: list[Blob], clear: list[Blob], hints: list[Blob], spots: Grey | None
) -> tuple[Evidence, list[Blob]]:
    """What is not enough to begin motion, but may continue it."""
    here = [it for it in near if it in clear]
    if here:
        return Evidence.HERE, here
    weak = [it for it in near if it.novel >= _NOVEL_AT_ALL * it.cells and not lie_in([it], spots)]
    if clear or hints:
        return Evidence.HINT, weak
    return (Evidence.WEAK, weak) if weak else (Evidence.NONE, [])


def _is_clear(blob: Blob, least: int) -> bool:
    return blob.cells >= least and blob.novel >= _NOVEL * blob.cells


def _is_sharp(blob: Blob, change: Change) -> bool:
    """True when what changed here is far above the limit, and new."""
    least = max(_SHARP_LEVELS, _SHARP_LIMITS * change.limit)
    return blob.strength >= least and blob.novel >= _SHARP_NOVEL * blob.cells


def _calm(blob: Blob, frame: Frame, dark: bool) -> float:  # noqa: FBT001
    """Blobs like this that come by accident in a frame of a calm scene."""
    if dark and _flies(blob, frame):
        return _CALM_FLYING
    return _CALM_LIT if _is_rest_of_light(blob, frame.lit) else _CALM


def _is_rest_of_light(blob: Blob, lit: Grey | None) -> bool:
    """True next to a patch of light that is much larger."""
    return (
        lit is not None and cv2.countNonZero(lit) >= _LIT_SIZE * blob.cells and lie_in([blob], lit)
    )


def _flies(blob: Blob, frame: Frame) -> bool:
    """True for what may fly before the lamp, and for what is left of it."""
    x, y, w, h = blob.box
    part = any(
        left <= x and top <= y and x + w <= left + wide and y + h <= top + high
        for left, top, wide, high in frame.flying
    )
    return part or may_fly(blob, frame.now, frame.last, frame.older)
