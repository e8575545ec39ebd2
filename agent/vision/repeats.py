"""Tells a picture that is shown again from one that a living sensor took.

No two pictures of a sensor are alike: they differ in its noise. A camera that hangs gives the same
bytes again, or its encoder goes on with what it has. Then the pictures of each group are coded
again, a little differently in the first seconds. Soon they are those of the group before.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agent.imaging.jpeg import Image

#: Seconds for which a picture of video is remembered: more than most cameras' groups take.
_REMEMBERED = 65.0
#: Pictures that are remembered, at most.
_MOST = 2048
#: One row of this number is looked at.
_ROWS = 8
#: Grey levels by which pixels of pictures coded again differ, at most, and the part that may differ
#: more. Where somebody moves it is no hanging camera, but a film that is played again.
_CODED_AGAIN, _FEW = 16, 0.001


class Repeats:
    """Remembers one camera's last pictures."""

    def __init__(self) -> None:
        self._last = b""
        self._rows: npt.NDArray[np.uint8] | None = None  # of the last picture of video
        self._known: dict[int, float] = {}  # when each was seen the last time, oldest first

    def again(self, image: Image, at: float) -> bool:
        """Whether nothing of this picture is new.

        Args:
            image: the next one.
            at: its monotonic seconds.
        """
        before, self._last = self._last, image if isinstance(image, bytes) else b""
        if isinstance(image, bytes):
            return image == before
        rows = image.rows(_ROWS)
        seen = self._seen(hash(rows.tobytes()), at)
        earlier, self._rows = self._rows, rows
        return seen and earlier is not None and _alike(rows, earlier)

    def _seen(self, mark: int, at: float) -> bool:
        found = self._known.pop(mark, None)
        self._known[mark] = at
        while len(self._known) > _MOST or at - next(iter(self._known.values())) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        return found is not None and at - found <= _REMEMBERED


def _alike(rows: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8]) -> bool:
    """Whether no more differs than coding the same picture again makes."""
    if rows.shape != others.shape:
        return False
    apart = np.count_nonzero(cv2.absdiff(rows, others) > _CODED_AGAIN)
    return bool(apart <= _FEW * rows.size)
