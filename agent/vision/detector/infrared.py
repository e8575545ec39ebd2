"""What flies before a camera's infrared lamp: bright, near to the lens and so out of focus.

What fools a detector: an insect, a moth or a flake is large in the picture, new, alone, and gone in
the next frame. The lamp lights it from a hand's breadth away, so it is brighter than its
background, and its outline is a slope of several pixels. A visitor stands where the camera is
focused: the outline is as sharp as the picture, and often darker than the covered background.
"""

from __future__ import annotations

import cv2
import numpy as np

from agent.vision.detector.cells import Blob, Cells

#: In the dark is what has a lower median than this, grey levels.
_DARK = 80
#: This part of the change of something that flies is to the brighter; where it hovers less is
#: enough if it is very blurred.
_BRIGHTER, _PARTLY = 0.9, 0.6
#: Steepest slope of a blurred outline, and of a very blurred one: part of its height in one pixel.
_SOFT, _VERY_SOFT = 0.34, 0.2


def is_dark(now: Cells) -> bool:
    """True when the scene may be lit by an infrared lamp; a lit interior at night is not dark."""
    return now.middle < _DARK


def may_fly(blob: Blob, now: Cells, last: Cells, older: Cells) -> bool:
    """True for a blob that is brighter than its place was, with a blurred outline."""
    share = lightens(blob, now, last, older)
    if share < _PARTLY:
        return False
    return steepest(blob, now, last) < (_SOFT if share >= _BRIGHTER else _VERY_SOFT)


def lightens(blob: Blob, now: Cells, last: Cells, older: Cells) -> float:
    """The part of a blob's change that is to the brighter, 0..1.

    What the lamp lights before the lens is brighter than all behind it, so it is near 1. It leaves
    a dark place where it was, so each place is compared with the darker of both frames before.
    """
    x, y, w, h = blob.box
    here = np.s_[y : y + h, x : x + w]
    before = cv2.min(last.grey[here], older.grey[here])
    up = cv2.sumElems(cv2.subtract(now.grey[here], before))[0]
    down = cv2.sumElems(cv2.subtract(before, now.grey[here]))[0]
    return float(up / max(1.0, up + down))


def steepest(blob: Blob, now: Cells, last: Cells) -> float:
    """The steepest slope of what changed in a blob, as part of its height, per pixel."""
    side = now.luma.shape[1] // now.grey.shape[1]
    x, y, w, h = (side * it for it in blob.box)
    here = np.s_[max(0, y - side) : y + h + side, max(0, x - side) : x + w + side]
    change = cv2.subtract(now.luma[here], last.luma[here], dtype=cv2.CV_16S)
    change = np.abs(cv2.blur(change, (2, 2)))
    across = np.abs(change[:, 2:] - change[:, :-2])
    down = np.abs(change[2:] - change[:-2])
    if not across.size or not down.size:
        return 1.0
    return max(int(across.max()), int(down.max())) / (2 * max(1, int(change.max())))
