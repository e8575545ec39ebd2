"""What each place has looked like in the last seconds: the range between its darkest and lightest.

A leaf that sways, a flag, rain and the edges of a shaking picture move, but show only what their
place has shown before. A visitor shows something new.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import Cells, as_bytes
from agent.vision.detector.illumination import Light

Grey = npt.NDArray[np.uint8]

#: The range forgets this many grey levels a judged frame: 60 levels in 20 s at 3 frames a second.
_FORGETS = 1
#: While a visitor is there the range grows by at most this amount a frame. The part that the
#: visitor covers stays new for seconds. But a bush that began to sway does not keep an event
#: running without end.
_GROWS_SLOWLY = 1


class Familiar:
    """The range of each cell, following the light; it learns the parts that the caller names.

    The range includes the cell's neighbours: what moves by a cell or less is not new.
    """

    def __init__(self) -> None:
        self._low: Grey = np.zeros((0, 0), np.uint8)
        self._high = self._scratch = self._grows = self._forgets = self._low

    def start(self, cells: Cells) -> None:
        """Knows this frame, and nothing else."""
        self._low, self._high = cells.darkest.copy(), cells.lightest.copy()
        self._scratch = np.empty_like(cells.grey)
        self._grows = np.full_like(cells.grey, _GROWS_SLOWLY)
        self._forgets = np.full_like(cells.grey, _FORGETS)

    def follow(self, light: Light) -> None:
        """The light changed: so does what is familiar."""
        if not light.same:
            cv2.LUT(self._low, light.levels, dst=self._low)
            cv2.LUT(self._high, light.levels, dst=self._high)

    def learn(
        self,
        cells: Cells,
        light: Light,
        *,
        freely: bool,
        but: Grey | None = None,
        spots: Grey | None = None,
    ) -> None:
        """Widens the range by what a frame shows, and forgets a little.

        Args:
            cells: the frame.
            light: from its light to that of now.
            freely: completely, or only a little.
            spots: uint8 (h, w), 255 where it is always learnt completely, and nothing forgotten.
            but: uint8 (h, w), 255 where nothing is learnt: a patch of light lay there.
        """
        darkest, lightest = light.seen(cells.darkest), light.seen(cells.lightest)
        if but is not None:
            lightest = as_bytes(cv2.subtract(lightest, but))
            darkest = as_bytes(cv2.add(darkest, but))
        if not freely:
            most = as_bytes(cv2.add(self._high, self._grows, dst=self._scratch))
            lightest = _bounded(lightest, cv2.min(lightest, most), spots)
            least = as_bytes(cv2.subtract(self._low, self._grows, dst=self._scratch))
            darkest = _bounded(darkest, cv2.max(darkest, least), spots)
        forgets = self._forgets if spots is None else cv2.subtract(self._forgets, spots)
        cv2.subtract(self._high, forgets, dst=self._high)
        cv2.max(self._high, lightest, dst=self._high)
        cv2.add(self._low, forgets, dst=self._low)
        cv2.min(self._low, darkest, dst=self._low)

    def novelty(self, grey: Grey) -> Grey:
        """uint8 (h, w): by how many grey levels a cell lies outside its range."""
        below = cv2.subtract(self._low, grey)
        above = cv2.subtract(grey, self._high)
        return as_bytes(cv2.max(below, above, dst=above))


def _bounded(shown: Grey, bounded: cv2.typing.MatLike, spots: Grey | None) -> Grey:
    result = as_bytes(bounded)
    if spots is not None:
        cv2.copyTo(shown, spots, result)
    return result
