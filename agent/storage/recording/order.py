"""In which order a camera's coded pictures are decoded, and when. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Generic, NamedTuple, TypeVar

from agent.core.camera_times import DEEPEST

T = TypeVar("T")


class Placed(NamedTuple, Generic[T]):
    """A picture with the time of its decoding, and from there to its being shown; milliseconds."""

    what: T
    at_ms: int
    shift: int


class Order(Generic[T]):
    """Gives pictures the times of their decoding.

    Those are the times at which pictures are shown, in order: as many of one kind as of the other,
    and none is decoded after it is shown. So each picture waits here until `depth` later ones came.
    A stream that needs more than that is noticed and waited for from then on.

    Args:
        depth: pictures that are decoded before one that is shown earlier, at most.
    """

    def __init__(self, depth: int = 0) -> None:
        self._depth = min(depth, DEEPEST)
        self._waiting: deque[tuple[T, int]] = deque()  # bounded by `depth`
        self._times: list[int] = []  # of those that wait, a heap
        self._recent: deque[int] = deque(maxlen=DEEPEST)
        self._last = -1

    def add(self, what: T, shown_ms: int) -> list[Placed[T]]:
        """Takes the next picture in order of decoding; those whose times are known now."""
        later = sum(1 for other in self._recent if other > shown_ms)
        self._depth = max(self._depth, later)
        self._recent.append(shown_ms)
        self._waiting.append((what, shown_ms))
        heappush(self._times, shown_ms)
        return self._placed(self._depth)

    def finish(self) -> list[Placed[T]]:
        """Those that still wait; what comes next has nothing to do with them."""
        self._recent.clear()
        return self._placed(0)

    def _placed(self, wait: int) -> list[Placed[T]]:
        placed = []
        while len(self._waiting) > wait:
            what, shown_ms = self._waiting.popleft()
            at_ms = self._last = max(heappop(self._times), self._last + 1)
            placed.append(Placed(what, at_ms, shown_ms - at_ms))
        return placed


def depth_of(shown: Iterable[float | None]) -> int:
    """How many pictures are decoded before one that is shown earlier, at most, in these."""
    recent: deque[float] = deque(maxlen=DEEPEST)
    deepest = 0
    for each in shown:
        if each is not None:
            deepest = max(deepest, sum(1 for other in recent if other > each))
            recent.append(each)
    return deepest
