"""A person who comes straight at the camera: a thing that grows for seconds.

A detector that knows the last seconds of each place can miss this person. The outline grows by less
than a cell a frame, so each frame shows little that its place and its neighbours did not show just
before. But compared with some seconds earlier the outline is new, again and again. Things that
sway, flap or flicker show everything within seconds, and after that nothing new.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import Blob, Cells, as_bytes
from agent.vision.detector.illumination import Light

Grey = npt.NDArray[np.uint8]

#: Judged frames that are learnt together, and the frames to wait before that: the memory lags 3 to
#: 6 s at 3 frames a second.
_BLOCK = 9
#: Grey levels that the range forgets with each of them.
_FORGETS = 3
#: Part of a blob that must be new against the past to count as growth.
_GROWS = 0.08
#: Growth that counts: the number of times, the judged frames in which, and the times in each third.
_OFTEN, _DURING, _IN_EACH = 7, 30, 2
#: Cells between a grown blob and the place where it grew before, at most.
_BESIDE = 3

Box = tuple[int, int, int, int]


class Growth:
    """Which blobs have been growing in one place for seconds."""

    def __init__(self) -> None:
        self._past = Past()
        self._hits: deque[tuple[int, Box]] = deque()
        self._frame = 0

    def forget(self) -> None:
        """Nothing before is comparable."""
        self._past.forget()
        self._hits.clear()

    def follow(self, light: Light) -> None:
        """The light changed."""
        self._past.follow(light)

    def learn(self, cells: Cells) -> None:
        """Takes a frame once it is known what was in it."""
        self._past.learn(cells)

    def update(self, blobs: Sequence[Blob], now: Cells, whole: Grey, limit: float) -> list[Blob]:
        """The blobs that have grown for seconds.

        Args:
            blobs: of the next judged frame, large enough.
            now: the frame.
            whole: uint8 (h, w), what changed in it, grey levels.
            limit: of its differences, grey levels.
        """
        self._frame += 1
        while self._hits and self._hits[0][0] <= self._frame - _DURING:
            self._hits.popleft()
        if not blobs or (novelty := self._past.novelty(now.grey)) is None:
            return []
        new = cv2.min(as_bytes(cv2.threshold(novelty, limit / 2, 255, cv2.THRESH_BINARY)[1]), whole)
        grown = []
        for it in blobs:
            x, y, w, h = it.box
            if cv2.countNonZero(new[y : y + h, x : x + w]) >= _GROWS * it.cells:
                grown.append(it)
                self._hits.append((self._frame, it.box))
        return [it for it in grown if self._has_grown(it.box)]

    def _has_grown(self, box: Box) -> bool:
        there = {frame for frame, other in self._hits if _touch(box, other)}
        thirds = [(self._frame - frame) * 3 // _DURING for frame in there]
        return len(there) >= _OFTEN and all(thirds.count(n) >= _IN_EACH for n in range(3))


def _touch(a: Box, b: Box) -> bool:
    across = max(a[0], b[0]) - min(a[0] + a[2], b[0] + b[2])
    down = max(a[1], b[1]) - min(a[1] + a[3], b[1] + b[3])
    return max(across, down) <= _BESIDE


class Past:
    """The range of each cell as it was some seconds ago, following the light."""

    def __init__(self) -> None:
        self._known: tuple[Grey, Grey] | None = None
        self._waiting: deque[tuple[Grey, Grey]] = deque()
        self._block: tuple[Grey, Grey] | None = None
        self._count = 0

    def forget(self) -> None:
        """Nothing before is comparable."""
        self._known = self._block = None
        self._waiting.clear()
        self._count = 0

    def follow(self, light: Light) -> None:
        """The light changed: so does what was."""
        if light.same:
            return
        for pair in (self._known, self._block, *self._waiting):
            if pair is not None:
                for plane in pair:
                    cv2.LUT(plane, light.levels, dst=plane)

    def learn(self, cells: Cells) -> None:
        """Takes the next frame."""
        if self._block is None:
            self._block = cells.darkest.copy(), cells.lightest.copy()
        else:
            cv2.min(self._block[0], cells.darkest, dst=self._block[0])
            cv2.max(self._block[1], cells.lightest, dst=self._block[1])
        self._count += 1
        if self._count < _BLOCK:
            return
        self._waiting.append(self._block)
        self._block, self._count = None, 0
        if self._known is None or len(self._waiting) > 1:
            self._merge(self._waiting.popleft() if self._known else self._waiting[0])

    def _merge(self, block: tuple[Grey, Grey]) -> None:
        if self._known is None:
            self._known = block[0].copy(), block[1].copy()
            return
        low, high = self._known
        forgets = np.full_like(low, _FORGETS)
        cv2.min(cv2.add(low, forgets), block[0], dst=low)
        cv2.max(cv2.subtract(high, forgets), block[1], dst=high)

    def novelty(self, grey: Grey) -> Grey | None:
        """uint8 (h, w): by how many grey levels a cell lies outside; None: nothing is known yet."""
        if self._known is None:
            return None
        low, high = self._known
        return as_bytes(cv2.max(cv2.subtract(low, grey), cv2.subtract(grey, high)))
