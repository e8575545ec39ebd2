"""What flies before a camera's infrared lamp: bright, near to the lens and so out of focus.

What fools a detector: an insect, a moth or a flake is large in the picture, new, alone, and gone in
the next frame. It is lit by the lamp from a hand's breadth away, so it is brighter than whatever
is behind it, and its outline is a slope of several pixels. A visitor stands where the camera is
focused: his outline is as sharp as the picture is, and often he is darker than what he covers.
"""

from __future__ import annotations

import cv2
import numpy as np

from agent.vision.detector.cells import Blob, Cells

#: In the dark is what has a lower median than this, grey levels.
_DARK = 80
#: So many of the cells of something that flies are brighter than before.
_BRIGHTER = 0.9
#: Steepest slope of a blurred outline: part of its height in one pixel.
_SOFT = 0.34


def is_dark(now: Cells) -> bool:
    """True when the scene may be lit by an infrared lamp; a lit room at night is not dark."""
    return float(np.median(now.sample)) < _DARK


def may_fly(blob: Blob, now: Cells, last: Cells) -> bool:
    """True for a blob that is brighter than its place was, with a blurred outline."""
    x, y, w, h = blob.box
    here = np.s_[y : y + h, x : x + w]
    lighter = cv2.subtract(now.grey[here], last.grey[here])
    darker = cv2.subtract(last.grey[here], now.grey[here])
    up, down = cv2.sumElems(lighter)[0], cv2.sumElems(darker)[0]
    if up < _BRIGHTER * (up + down):
        return False
    return steepest(blob, now, last) < _SOFT


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
