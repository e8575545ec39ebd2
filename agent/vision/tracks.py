"""Whether two blobs of different frames are the same thing, or only met by chance.

What fools a detector that asks for something in two frames: two insects, two drops, two flakes.
Each is there for one frame; another one is somewhere else in the next. A visitor is near to where
he was, since he cannot walk further than a part of his own size between two frames.

So each blob is followed back over the last frames, and `chance` says how many such tracks a frame
would show if all blobs lay where they lie by accident. That is small for a visitor after one step
in a calm scene, and after some steps among insects. It never becomes small in rain. What is near
by accident depends on how many blobs come and go at once: the clutter, which is measured.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from agent.vision.cells import Blob

#: A track convinces when by accident a frame would show fewer than this.
CONVINCES = 1.5e-4
#: Frames that may lie between two sightings of the same thing: 2 of 3.
_WITHIN = 2
#: How far a thing may get in a frame: a part of the picture's width and of its own larger side.
_REACH_WIDTH, _REACH_SIDE = 0.03, 0.7
#: A track that was seen in fewer frames than this came and went: it was clutter.
_STAYS = 5
#: Clutter counts for blobs down to this part of its size, and up to any.
_ALIKE = 0.4
#: Clutter is forgotten in so many frames.
_REMEMBERS = 120.0
#: So many blobs at once are visitors and parts of them; more are clutter at once.
_AT_ONCE = 2
#: Sizes are counted by powers of two of cells.
_SIZES = 20

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """A blob of a new frame.

    Attributes:
        blob: the same.
        hint: it may be a visitor.
        calm: blobs like it that come by accident in a frame of a calm scene.
    """

    blob: Blob
    hint: bool
    calm: float


@dataclass(eq=False, slots=True)
class Sighting:
    """A blob in one frame, with what is known of it from the frames before.

    Attributes:
        blob: what was seen.
        hint: it may be a visitor: new and sharp, or large enough and new.
        chance: tracks as good as this one that a frame would show by accident.
        first: blobs like its first that a frame shows by accident.
        as_near: product of the probabilities to meet one as near by accident, frame by frame.
        seen: frames in which it was seen, this one included.
        confirmed: the sighting before was a hint, too.
        next: the same thing later; None: not seen yet.
    """

    blob: Blob
    hint: bool
    chance: float
    first: float
    as_near: float = 1.0
    seen: int = 1
    confirmed: bool = False
    next: Sighting | None = None


class Clutter:
    """How many blobs of a size come and go in a frame: insects, drops, flakes, sparks."""

    def __init__(self) -> None:
        self._counts = [0.0] * _SIZES
        self._frames = 0.0

    def update(self, gone: Sequence[Sighting]) -> None:
        """Takes what vanished before it was known."""
        keeps = 1 - 1 / _REMEMBERS
        self._frames = keeps * self._frames + 1
        self._counts = [keeps * it for it in self._counts]
        for it in gone:
            self._counts[_size(it.blob.cells)] += 1

    def rate(self, cells: float) -> float:
        """Blobs of such a size, or larger, that come by accident in a frame."""
        least = _size(_ALIKE * cells)
        return sum(self._counts[least:]) / (self._frames + 10)


class Tracks:
    """The sightings of the last frames."""

    def __init__(self) -> None:
        self.clutter = Clutter()
        self._before: deque[list[Sighting]] = deque(maxlen=_WITHIN)

    def forget(self) -> None:
        """Nothing before is comparable; how much clutter there is stays known."""
        self._before.clear()

    def update(
        self, blobs: Sequence[Seen], size: tuple[int, int]
    ) -> list[Sighting]:
        """Follows the blobs of the next frame back.

        Args:
            blobs: what it shows.
            size: rows and columns of cells.
        """
        now = [self._sighting(it, blobs, size) for it in blobs]
        if len(self._before) == _WITHIN:
            young = [it for it in self._before[0] if self._came_and_went(it)]
        else:
            young = []
        self.clutter.update(young)
        self._before.append(now)
        return now

    def _sighting(self, seen: Seen, blobs: Sequence[Seen], size: tuple[int, int]) -> Sighting:
        blob, hint = seen.blob, seen.hint
        others = sum(it.blob.cells >= _ALIKE * blob.cells for it in blobs) - 1

        def rate(cells: float) -> float:
            return max(seen.calm, self.clutter.rate(cells), others - _AT_ONCE)

        alone = rate(blob.cells)
        best, before = Sighting(blob, hint, alone, alone), None
        nearest = 1.0
        for frames, earlier in enumerate(reversed(self._before), 1):
            for it in earlier:
                near = _share_as_near(it.blob.box, blob.box, frames, size)
                if near is None:
                    continue
                met = -math.expm1(-rate(min(it.blob.cells, blob.cells)) * near)
                if before is None or (it.hint, -met) > (before.hint, -nearest):
                    before, nearest = it, met
        if before is None:
            return best
        as_near, first = before.as_near * nearest, max(before.first, alone)
        chance = first * _product_below(as_near, before.seen)
        best = Sighting(blob, hint, chance, first, as_near, before.seen + 1, before.hint)
        before.next = best
        return best

    def _came_and_went(self, it: Sighting) -> bool:
        """True for what vanished before it was known; a track that was known and short, too."""
        if it.next is not None:
            return it.chance >= CONVINCES and it.next.chance >= CONVINCES
        return it.chance >= CONVINCES or it.seen < _STAYS


def _product_below(product: float, count: int) -> float:
    """Probability that so many even chances (0..1) have so small a product (Fisher, 1932)."""
    if product <= 0:
        return 0.0
    size, term, total = -math.log(product), 1.0, 1.0
    for number in range(1, count):
        term *= size / number
        total += term
    return min(1.0, product * total)


def gap(a: Box, b: Box) -> int:
    """Cells between two boxes, 0 when they touch or overlap."""
    across = max(a[0], b[0]) - min(a[0] + a[2], b[0] + b[2])
    down = max(a[1], b[1]) - min(a[1] + a[3], b[1] + b[3])
    return max(0, across, down)


def _share_as_near(a: Box, b: Box, frames: int, size: tuple[int, int]) -> float | None:
    """The part of all places that are as near to the first box as the second is; None: too far."""
    between = gap(a, b)
    side = max(*a[2:], *b[2:])
    if between > frames * (_REACH_WIDTH * size[1] + _REACH_SIDE * side):
        return None
    places = (a[2] + b[2] + 2 * between) * (a[3] + b[3] + 2 * between)
    return min(1.0, frames * places / (size[0] * size[1]))


def _size(cells: float) -> int:
    return min(_SIZES - 1, max(0, int(2 * math.log2(max(1.0, cells)) - 4)))
