"""Profiles `plain` and `seed`: what differs from both judged frames before, pixel by pixel."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.messages import Box

Luma = npt.NDArray[np.uint8]

#: For the box, changed pixels in touching cells belong to the same thing. A cell has 8x8 pixels at
#: 640x480; a larger picture has the same number of cells.
_CELL = 8
_CELL_WIDTHS = 640


class Differential:
    """Differential images of frames of one size; scratch is kept, so that no frame allocates any.

    Args:
        height: of the frames in pixels.
        width: the same.
        looks: uint8 (height, width); the combined difference is cut with it, bit by bit.
        values: True combines the two differences by the AND of their values (127 & 128 is 0), as
            the seed did; False takes the smaller one.
    """

    def __init__(self, height: int, width: int, looks: Luma | None, *, values: bool) -> None:
        self._shape = (height, width)
        self._looks = looks
        self._values = values
        self._before: deque[Luma] = deque(maxlen=2)  # N-2, N-1
        # the binary image lies in whole cells, so that `box` can read it directly as cells
        cell = _cell(width)
        self._cells = np.zeros((-(-height // cell) * cell, -(-width // cell) * cell), np.uint8)
        self._delta = self._cells[:height, :width]
        self._scratch = np.empty((height, width), np.uint8)
        self._busy = False

    def compare(self, luma: Luma, threshold: int) -> int:
        """Makes the binary image; returns how many pixels changed.

        Args:
            luma: uint8 (height, width); two were remembered before.
            threshold: grey levels; a pixel changed when its difference is above.
        """
        before, last = self._before
        delta, scratch = self._delta, self._scratch
        cv2.absdiff(luma, last, dst=scratch)
        # exact, and the usual case: neither AND nor minimum exceeds either difference; not tried
        # after a frame in which something changed, since something will have changed again
        if not self._busy and cv2.norm(scratch, cv2.NORM_INF) <= threshold:
            delta.fill(0)
            return 0
        cv2.absdiff(luma, before, dst=delta)
        if self._values:
            cv2.bitwise_and(delta, scratch, dst=delta)
        else:
            cv2.min(delta, scratch, dst=delta)
        if self._looks is not None:
            cv2.bitwise_and(delta, self._looks, dst=delta)
        cv2.threshold(delta, threshold, 255, cv2.THRESH_BINARY, dst=delta)
        count = int(cv2.countNonZero(delta))
        self._busy = count > 0
        return count

    def remember(self, luma: Luma) -> None:
        """This is the last frame now; it is kept, so nobody may write into it."""
        self._before.append(luma)

    def binary(self) -> Luma:
        """The changed pixels: a copy, uint8 (height, width), 255 changed, else 0."""
        return self._delta.copy()

    def forget(self) -> None:
        """Nothing before is comparable any more."""
        self._before.clear()
        self._delta.fill(0)

    def box(self) -> Box:
        """The box around the largest connected part of the changed pixels, in 0..1.

        Connected is what touches on a grid of cells: the differences of one moving thing are full
        of holes. On single pixels this would cost more than the detection itself.
        """
        height, width = self._shape
        cell = _cell(width)
        down, across = self._cells.shape[0] // cell, self._cells.shape[1] // cell
        # eight pixels are one 64-bit number here, which is not 0 when one of them changed. Rows
        # first, then columns: numpy is ten times slower over both axes together
        strips = np.bitwise_or.reduce(self._cells.view(np.uint64).reshape(down, cell, -1), axis=1)
        changed = np.bitwise_or.reduce(strips.reshape(down, across, -1), axis=2) != 0
        _, _, stats, _ = cv2.connectedComponentsWithStats(
            changed.view(np.uint8), connectivity=8, ltype=cv2.CV_16U
        )
        largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())  # 0 is the background
        left, top, columns, rows = (cell * int(it) for it in stats[largest, :4])
        x, y, w, h = cv2.boundingRect(self._delta[top : top + rows, left : left + columns])
        return ((left + x) / width, (top + y) / height, w / width, h / height)


def _cell(width: int) -> int:
    """The side of a cell in pixels, a multiple of 8."""
    return _CELL * max(1, width // _CELL_WIDTHS)
