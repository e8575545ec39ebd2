"""What goes on for minutes and gets nowhere: a web, a flag, a fountain, the shade of a branch.

What fools a detector that does not learn visitors: while an event runs, anything that moves counts
as the visitor. So it stays new without end, and the event does not end. But a visitor who stays
half a minute does not cover and uncover the same spots all the time. So the spots that keep
changing are counted while an event runs. After enough time they are learnt as freely as in a quiet
scene. A visitor in front of them is new by what the visitor shows there, and around them as always.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import as_bytes

Grey = npt.NDArray[np.uint8]

#: Judged frames of motion without a pause before anything is restless: 25 s at 3 frames a second.
_LONG = 75
#: Judged frames without motion that are a pause.
_PAUSE = 10
#: What a spot gains with each frame in which it changes, and loses with each other frame. A spot
#: that changes in a third of all frames becomes restless; a spot that a visitor passes does not.
_GAINS, _LOSES, _RESTLESS = 4, 1, 100
#: Between events the spots are forgotten more slowly, by this factor.
_SLOWER = 6
_AROUND = np.ones((3, 3), np.uint8)


class Restless:
    """Counts for each spot how often it changed in the running motion."""

    def __init__(self) -> None:
        self._counts: Grey = np.zeros((0, 0), np.uint8)
        self._gains = self._loses = self._counts
        self._moving = self._still = 0
        self._known = False  # there were restless spots, which are remembered for a while

    def forget(self) -> None:
        """Nothing before counts."""
        self._moving = self._still = 0
        self._known = False
        self._counts.fill(0)

    def update(self, changed: Grey, *, motion: bool) -> None:
        """Takes the next judged frame.

        Args:
            changed: uint8 (h, w), not 0 where it changed.
            motion: it was motion.
        """
        self._still = 0 if motion else self._still + 1
        if self._still >= _PAUSE:
            self._moving = 0
            if not self._known:
                self._counts.fill(0)
                return
        elif motion or self._moving:
            self._moving += 1
        if self._counts.shape != changed.shape:
            self._counts = np.zeros_like(changed)
            self._gains = np.full_like(changed, _GAINS + _LOSES)
            self._loses = np.full_like(changed, _LOSES)
        if self._moving or self._still % _SLOWER == 0:
            # 255 in each spot that changed, and next to it; bytes end at 0 and 255
            gains = cv2.bitwise_and(cv2.dilate(changed, _AROUND), self._gains)
            cv2.subtract(cv2.add(self._counts, gains), self._loses, dst=self._counts)

    def spots(self) -> Grey | None:
        """uint8 (h, w), 255 in the spots that are restless; None: there are none."""
        if self._moving < _LONG and not self._known:
            return None
        spots = cv2.threshold(self._counts, _RESTLESS, 255, cv2.THRESH_BINARY)[1]
        self._known = cv2.countNonZero(spots) > 0
        return as_bytes(cv2.dilate(spots, _AROUND)) if self._known else None
