"""Whether two blobs of different frames are the same thing, or only met by chance.

What fools a detector that asks for something in two frames: two insects, two drops, two flakes.
Each is there for one frame; another one is somewhere else in the next. A visitor is near to where
he was, since he cannot walk further than a part of his own size between two frames.

So each blob is followed back over the last frames, and `chance` says how many such tracks a frame
would show if all blobs lay where they lie by accident. That is small for a visitor after one step
in a calm scene, and after some steps among insects. It never becomes small in rain. What is near
by accident depends on how many blobs come and go in a frame: the clutter, which is measured.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import Blob

Floats = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]

#: A track convinces when by accident a frame would show fewer than this.
CONVINCES = 3e-4
#: The last part of a track has this number of steps. There are this many times as many of them.
_LATELY, _BEGINNINGS = 6, 3
#: Of a longer track the last steps count, about this number. What a track showed long ago is no
#: evidence for what follows it now; and a product of all steps would become 0 in any long rain.
_LONG = 100
#: Bounds the product of the probabilities: a track that is no accident must be able to become one.
_LEAST_PRODUCT = 1e-300
#: A track began among others if more than this number of blobs came by accident in a frame.
_AMONG = 0.6
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
#: Clutter is forgotten in this number of frames.
_REMEMBERS = 120.0
#: The rate is that of this number of quiet frames more.
_QUIET_FRAMES = 10
#: Little is known of a new scene. If more than `_AT_ONCE` blobs come together, this number may come
#: by accident in a frame; less with each frame that is known.
_SUPPOSED, _LESS = 0.1, 0.8
#: This number of blobs in a frame are visitors and their parts; more are clutter immediately.
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


@dataclass(frozen=True, slots=True)
class Step:
    """One sighting of a track.

    Attributes:
        rate: blobs like it that a frame shows by accident.
        met: probability to meet one as near to the sighting before.
    """

    rate: float
    met: float = 1.0


@dataclass(eq=False, slots=True)
class Sighting:
    """A blob in one frame, with what is known of it from the frames before.

    Attributes:
        blob: what was seen.
        hint: it may be a visitor: new and sharp, or large enough and new.
        new: see `Seen`.
        first: blobs like its first that a frame shows by accident.
        as_near: product of the probabilities to meet one as near by accident, frame by frame; of
            about the last `_LONG` steps.
        seen: frames in which it was seen, this one included.
        lately: its last steps of about one size. A visitor may follow a long track of drops.
        confirmed: the sighting before was a hint, too.
        next: the same thing later; None: not seen yet.
        chance: equally good tracks that a frame would show by accident; beginnings there are more.
    """

    blob: Blob
    hint: bool
    new: bool
    first: float
    as_near: float
    seen: int
    lately: tuple[Step, ...]
    confirmed: bool = False
    next: Sighting | None = None
    chance: float = field(init=False)

    def __post_init__(self) -> None:
        """Works the chance out once: a sighting is asked for it in each of the next frames."""
        whole = self.first * _product_below(self.as_near, min(self.seen - 1, _LONG))
        met = math.prod(it.met for it in self.lately[1:])
        lately = _product_below(met, len(self.lately) - 1) * max(it.rate for it in self.lately)
        self.chance = min(whole, _BEGINNINGS * lately)

    @property
    def known(self) -> bool:
        """It is hardly an accident that it followed what it followed."""
        return self.chance < CONVINCES

    @property
    def among(self) -> bool:
        """It began among many others that come and go."""
        return self.first > _AMONG


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
        return sum(self._counts[least:]) / (self._frames + _QUIET_FRAMES)

    @property
    def supposed(self) -> float:
        """Blobs that may come in a frame, since so few frames were seen."""
        return float(_SUPPOSED * _LESS**self._frames)


class Tracks:
    """The sightings of the last frames."""

    def __init__(self) -> None:
        self.clutter = Clutter()
        self._before: deque[list[Sighting]] = deque(maxlen=_WITHIN)

    def forget(self) -> None:
        """Nothing before is comparable; how much clutter there is stays known."""
        self._before.clear()

    def update(
        self,
        blobs: Sequence[Seen],
        size: tuple[int, int],
        *,
        crowd: float,
        place: Box | None = None,
    ) -> list[Sighting]:
        """Follows the blobs of the next frame back.

        Args:
            blobs: what it shows.
            size: rows and columns of cells.
            crowd: cells; blobs of this size are visitors, in any number.
            place: left, top, right, bottom of where motion runs: parts of a visitor come and go,
                too, and are no clutter. None: no motion runs.
        """
        now = self._follow(blobs, size, crowd) if blobs else []
        gone = self._came_and_went()
        if place is not None:
            gone = [it for it in gone if _is_outside(it.blob, place)]
        self.clutter.update(gone)
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
        supposed = self.clutter.supposed if len(blobs) > _AT_ONCE else 0.0
        now = []
        for n, (it, link) in enumerate(zip(blobs, links, strict=True)):
            at_once = float(others[n]) if it.blob.cells < crowd else 0.0
            rate = max(it.calm, self.clutter.rate(it.blob.cells) + supposed, at_once)
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
            return Sighting(seen.blob, seen.hint, seen.new, rate, 1.0, 1, (Step(rate),))
        met = -math.expm1(-max(rate, self.clutter.rate(before.blob.cells)) * near)
        alike = _is_alike(before, seen)
        lately = (*before.lately[1 - _LATELY :], Step(rate, met)) if alike else (Step(rate),)
        before.next = Sighting(
            seen.blob,
            seen.hint,
            seen.new,
            max(before.first, rate),
            max(_LEAST_PRODUCT, _forgotten(before) * met),
            before.seen + 1,
            tuple(lately),
            before.hint,
        )
        return before.next

    def _came_and_went(self) -> list[Sighting]:
        """What vanished before it was known; a track that was known and short, too."""
        if len(self._before) < _WITHIN or not self._before[0]:
            return []
        old = self._before[0]
        known = [it for it in old if it.known]
        gone = [it for it in old if it.new and _is_unknown(it)]
        if not known or not gone:
            return gone
        a, b = _corners(gone), _corners(known)
        parts = _gaps(a, b) <= _PART * _sides(a, b)
        return [it for n, it in enumerate(gone) if not parts[n].any()]


def _is_outside(blob: Blob, place: Box) -> bool:
    x, y, w, h = blob.box
    left, top, right, bottom = place
    return x > right or x + w < left or y > bottom or y + h < top


def _is_unknown(it: Sighting) -> bool:
    if it.next is None:
        return not it.known or it.seen < _STAYS
    return not (it.known or it.next.known)


def _link(seen: Seen, earlier: Sequence[Sighting], near: Floats) -> int | None:
    """Which sighting a blob follows: a hint before others, one of its size, then the nearest.

    What is new follows nothing that only sways in its place.
    """
    reached = [n for n, it in enumerate(earlier) if near[n] < 1 and (it.new or not seen.hint)]
    return min(
        reached,
        key=lambda n: (not earlier[n].hint, not _is_alike(earlier[n], seen), near[n]),
        default=None,
    )


def _is_alike(before: Sighting, seen: Seen) -> bool:
    return before.blob.cells >= _ALIKE * seen.blob.cells


def _forgotten(before: Sighting) -> float:
    """The product of its track, as a further step takes it: a full one loses the part of one."""
    if before.seen <= _LONG:
        return before.as_near
    return float(before.as_near ** (1 - 1 / _LONG))


def _product_below(product: float, count: int) -> float:
    """Probability that `count` even chances (0..1) have this product or less (Fisher, 1932)."""
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
