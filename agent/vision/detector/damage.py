"""Torn pictures: from some line on down, all over the width, it is not this camera's scene."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

#: A tear is looked for in this many parts of the width: it goes through all of them in one line.
_PARTS = 16
#: Parts that may disagree: the first torn line may begin anywhere.
_EXCUSED = 2
#: Cells that the line may be off, since JPEG blocks and cells do not begin at the same lines.
_OFF = 3
#: Part of the cells that changed above and below a tear.
_ABOVE, _BELOW = 0.03, 0.12
#: A decoder fills what is missing with one grey: standard deviation in a row of cells.
_FLAT = 1.0
#: Fewest rows of cells; one line of JPEG blocks is 8 or 16 pixels.
_ROWS = 2


def is_torn(changed: Grey, grey: Grey, before: Grey) -> bool:
    """True when the lower part changed in all of its width, below a straight line.

    Args:
        changed: uint8 (h, w), not 0 where a cell changed; the mask is not yet cut out.
        grey: uint8 (h, w), the cells of the frame.
        before: the same of the frame before.
    """
    if _share(changed[:_ROWS]) > _ABOVE:  # a tear spares the first lines
        return False
    return _is_filled(changed, grey, before) or _is_garbage(changed)


def _is_filled(changed: Grey, grey: Grey, before: Grey) -> bool:
    """The last rows became one flat grey, and above nothing changed."""
    if float(grey[-_ROWS:].std(axis=1).max()) > _FLAT:
        return False
    if float(before[-_ROWS:].std(axis=1).min()) <= 3 * _FLAT:
        return False
    flat = grey.std(axis=1) <= _FLAT
    first = grey.shape[0] - int(np.argmin(flat[::-1])) if not flat.all() else 0
    return _share(changed[: max(1, first - _OFF)]) <= _ABOVE


def _is_garbage(changed: Grey) -> bool:
    height, width = changed.shape
    part = width // _PARTS
    if part == 0 or height <= 2 * _ROWS:
        return False
    parts = (changed[:, : part * _PARTS] != 0).reshape(height, _PARTS, part).any(axis=2)
    if np.count_nonzero(parts[-2 * _ROWS :].any(axis=0)) < _PARTS - _EXCUSED:
        return False
    tops = np.where(parts.any(axis=0), parts.argmax(axis=0), height)
    top = int(np.median(tops))
    agree = np.count_nonzero(np.abs(tops - top) <= _OFF)
    if agree < _PARTS - _EXCUSED or not _ROWS <= top <= height - _ROWS:
        return False
    return _share(changed[: max(1, top - _OFF)]) <= _ABOVE and _share(changed[top:]) >= _BELOW


def _share(changed: Grey) -> float:
    return int(np.count_nonzero(changed)) / changed.size
