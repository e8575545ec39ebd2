"""Light that moves: the patch of a headlight, a torch or a door that opens.

What fools a detector: the patch is large, new and brighter than anything its place has shown, and
unlike a lamp's or a cloud's light it changes only a part of the picture. But light changes nothing
about what it falls on: bricks, leaves and cracks stay where they were, only lighter or darker. A
visitor covers them. So each place is compared once more by its texture alone, which is what is
left of the levels when they are divided by their surroundings' mean. Where there is no texture,
on a plain wall, light is what has no edge.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import BLACK, Cells

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Bits = npt.NDArray[np.bool_]
#: A part of the picture, where in it texture stayed, and where light explains the change.
Lit = tuple[tuple[slice, slice], Bits, Bits]

#: Sides of the neighbourhoods in cells: what texture is measured against, and where it is compared.
_FINE, _WINDOW = 5, 9
#: Light of a patch is more than this many times as bright as before, or the inverse.
_GAIN = 1.25
#: Correlation of texture that stayed; edges are cut off at so many times the usual texture.
_LIKE, _CUT = 0.4, 2.5
#: Without texture: part of the limit that a place may differ when the light around is fitted out.
_SOFT = 1.0
#: So bright a place may have been any brighter: its texture is gone.
_GLARE = 248
#: A speck is lit, too, when this part of what surrounds it is.
_MOSTLY = 0.6
#: What is this near to a lit place, in cells, is its fringe.
_FRINGE = 5


def lit(changed: Grey, now: Cells, last: Cells, limit: float) -> Lit | None:
    """The places that only the light changed; None: there are none.

    Args:
        changed: uint8 (h, w), 255 where a cell changed, else 0.
        now: the frame.
        last: the one before.
        limit: grey levels; a cell changed when its difference is above.
    """
    x, y, w, h = cv2.boundingRect(changed)
    margin = _WINDOW
    here = np.s_[max(0, y - margin) : y + h + margin, max(0, x - margin) : x + w + margin]
    new, old = now.grey[here].astype(np.float32) + BLACK, last.grey[here].astype(np.float32) + BLACK
    gain = cv2.divide(_mean(new, _WINDOW), _mean(old, _WINDOW))
    strong = (gain >= _GAIN) | (gain <= 1 / _GAIN)
    if not strong.any():
        return None
    fine_new, fine_old = _mean(new, _FINE), _mean(old, _FINE)
    a, b = new / fine_new - 1, old / fine_old - 1
    soft = np.abs(a - b) * np.maximum(fine_new, fine_old) <= _SOFT * limit
    cut = _CUT * float(np.median(np.abs(b))) + 1e-3
    a, b = np.clip(a, -cut, cut), np.clip(b, -cut, cut)
    same = _mean(a * b, _WINDOW)
    energy = np.sqrt(_mean(a * a, _WINDOW) * _mean(b * b, _WINDOW)) + 1e-6
    alike = same >= _LIKE * energy
    core = (strong & alike).astype(np.uint8)
    near = cv2.dilate(core, np.ones((2 * _FRINGE + 1, 2 * _FRINGE + 1), np.uint8)) > 0
    texture = (core > 0) | (near & alike)
    glare = (np.maximum(new, old) >= _GLARE) & near
    texture |= _mean(texture.astype(np.float32), _WINDOW) >= _MOSTLY
    smooth = (soft & (near | strong)) | glare
    return here, texture, texture | smooth


def _mean(values: Floats, side: int) -> Floats:
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)
