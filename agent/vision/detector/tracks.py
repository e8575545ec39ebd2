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

import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import Blob

Floats = npt.NDArray[np.float32]

#: A track convinces when by accident a frame would show fewer than this.
CONVINCES = 3e-4
#: Frames that may lie between two sightings of the same thing: 2 of 3.
_WITHIN = 2
#: How far a thing may get in a frame: a part of the picture's width and of its own larger side.
_REACH_WIDTH, _REACH_SIDE = 0.03, 1.0
#: Blobs this near to each other are parts of one thing: a part of the larger one's side.
_PART = 0.6
#: A track that was seen in fewer frames than this came and went: it was clutter.
_STAYS = 5
#: Clutter counts for blobs down to this part of its size, and up to any.
_ALIKE = 0.3
#: Clutter is forgotten in so many frames.
_REMEMBERS = 120.0
#: So many blobs at once are visitors and parts of them; more are clutter at once.
_AT_ONCE = 2
#: Sizes are counted by powers of two of cells.
_SIZES = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """A blob of a new frame.

    Attributes:
        blob: the same.
        hint: it may be a visitor.
        new: it shows what its place has not shown before; what sways there always is no clutter.
        calm: blobs like it that come by accident in a frame of a calm scene.
    """

    blob: Blob
    hint: bool
    new: bool
    calm: float


@dataclass(eq=False, slots=True)
class Sighting:
    """A blob in one frame, with what is known of it from the frames before.

    Attributes:
        blob: what was seen.
        hint: it may be a visitor: new and sharp, or large enough and new.
        new: see `Seen`.
        chance: tracks as good as this one that a frame would show by accident.
        first: blobs like its first that a frame shows by accident.
        as_near: product of the probabilities to meet one as near by accident, frame by frame.
        seen: frames in which it was seen, this one included.
        confirmed: the sighting before was a hint, too.
        next: the same thing later; None: not seen yet.
    """

    blob: Blob
    hint: bool
    new: bool
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
        self, blobs: Sequence[Seen], size: tuple[int, int], *, crowd: float, somebody: bool = False
    ) -> list[Sighting]:
        """Follows the blobs of the next frame back.

        Args:
            blobs: what it shows.
            size: rows and columns of cells.
            crowd: cells; so large ones are visitors, however many come at once.
            somebody: motion runs; parts of a visitor come and go, too, and are no clutter.
        """
        now = self._follow(blobs, size, crowd) if blobs else []
        if not somebody:
            self.clutter.update(self._came_and_went())
        self._before.append(now)
        return now

    def _follow(self, blobs: Sequence[Seen], size: tuple[int, int], crowd: float) -> list[Sighting]:
        earlier = [it for some in self._before for it in some]
        boxes, their = _corners(blobs), _corners(earlier)
        frames = np.repeat(range(len(self._before), 0, -1), [len(it) for it in self._before])
        gaps = _gaps(boxes, their)
        near = _nearness(boxes, their, gaps, frames.astype(np.float32), size)
        links = [_link(it, earlier, near[n]) for n, it in enumerate(blobs)]
        others = self._others(blobs, boxes)
        now = []
        for n, (it, link) in enumerate(zip(blobs, links, strict=True)):
            at_once = float(others[n]) if it.blob.cells < crowd else 0.0
            rate = max(it.calm, self.clutter.rate(it.blob.cells), at_once)
            before = None if link is None else earlier[link]
            now.append(self._sighting(it, rate, before, 0 if link is None else near[n, link]))
        return now

    def _others(self, blobs: Sequence[Seen], boxes: Floats) -> Floats:
        """How many others of each blob's size came with it; what sways in its place did not."""
        parts = _gaps(boxes, boxes) <= _PART * _sides(boxes, boxes)
        sizes = np.array([it.blob.cells for it in blobs], np.float32)
        came = np.array([it.new for it in blobs], np.bool_)
        alike = came[None, :] & (sizes[None, :] >= _ALIKE * sizes[:, None])
        counts = np.count_nonzero(~parts & alike, axis=1) - _AT_ONCE
        return np.asarray(counts, np.float32)

    def _sighting(self, seen: Seen, rate: float, before: Sighting | None, near: float) -> Sighting:
        """The blob, as it follows the sighting before, to which it is so near."""
        if before is None:
            return Sighting(seen.blob, seen.hint, seen.new, rate, rate)
        met = -math.expm1(-max(rate, self.clutter.rate(before.blob.cells)) * near)
        as_near, first = before.as_near * met, max(before.first, rate)
        chance = first * _product_below(as_near, before.seen)
        before.next = Sighting(
            seen.blob, seen.hint, seen.new, chance, first, as_near, before.seen + 1, before.hint
        )
        return before.next

    def _came_and_went(self) -> list[Sighting]:
        """What vanished before it was known; a track that was known and short, too."""
        if len(self._before) < _WITHIN or not self._before[0]:
            return []
        old = self._before[0]
        known = [it for it in old if it.chance < CONVINCES]
        gone = [it for it in old if it.new and _is_unknown(it)]
        if not known or not gone:
            return gone
        a, b = _corners(gone), _corners(known)
        parts = _gaps(a, b) <= _PART * _sides(a, b)
        return [it for n, it in enumerate(gone) if not parts[n].any()]


def _is_unknown(it: Sighting) -> bool:
    if it.next is None:
        return it.chance >= CONVINCES or it.seen < _STAYS
    return min(it.chance, it.next.chance) >= CONVINCES


def _link(seen: Seen, earlier: Sequence[Sighting], near: Floats) -> int | None:
    """Which sighting a blob follows: a hint before others, then the nearest.

    What is new follows nothing that only sways in its place.
    """
    reached = [n for n, it in enumerate(earlier) if near[n] < 1 and (it.new or not seen.hint)]
    return min(reached, key=lambda n: (not earlier[n].hint, near[n]), default=None)


def _product_below(product: float, count: int) -> float:
    """Probability that so many even chances (0..1) have so small a product (Fisher, 1932)."""
    if product <= 0:
        return 0.0
    size, term, total = -math.log(product), 1.0, 1.0
    for number in range(1, count):
        term *= size / number
        total += term
    return min(1.0, product * total)


def _corners(blobs: Sequence[Seen] | Sequence[Sighting]) -> Floats:
    """left, top, right, bottom of each; float32 (n, 4)."""
    boxes = np.array([it.blob.box for it in blobs], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _gaps(a: Floats, b: Floats) -> Floats:
    """Cells between each two boxes, 0 when they touch or overlap; float32 (n, m)."""
    apart = np.maximum(a[:, None, :2], b[None, :, :2]) - np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(apart.max(axis=2).clip(min=0), np.float32)


def _sides(a: Floats, b: Floats) -> Floats:
    """The largest side of each two boxes; float32 (n, m)."""
    largest = [(it[:, 2:] - it[:, :2]).max(axis=1) for it in (a, b)]
    return np.asarray(np.maximum(largest[0][:, None], largest[1][None, :]), np.float32)


def _nearness(a: Floats, b: Floats, gaps: Floats, frames: Floats, size: tuple[int, int]) -> Floats:
    """The part of all places that are as near to an earlier box as each is; 1: out of reach."""
    both = (a[:, 2:] - a[:, :2])[:, None] + (b[:, 2:] - b[:, :2])[None] + 2 * gaps[:, :, None]
    places = np.minimum(0.99, frames * both[:, :, 0] * both[:, :, 1] / (size[0] * size[1]))
    reach = frames * (_REACH_WIDTH * size[1] + _REACH_SIDE * _sides(a, b))
    return np.where(gaps > reach, np.float32(1), places).astype(np.float32)


def _size(cells: float) -> int:
    return min(_SIZES - 1, max(0, int(2 * math.log2(max(1.0, cells)) - 4)))
