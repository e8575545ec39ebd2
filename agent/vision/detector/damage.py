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
_ABOVE, _BELOW = 0.08, 0.12
#: Parts that may have changed just above the line, because something moved there.
_BUSY = 5
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
    top = _jump(parts)
    if not _ROWS <= top <= height - _ROWS:
        return False
    line = parts[max(0, top - _OFF) : top + _OFF + 1].any(axis=0)
    above = parts[max(0, top - 3 * _OFF) : max(1, top - _OFF)].any(axis=0)
    if np.count_nonzero(line) < _PARTS - _EXCUSED or np.count_nonzero(above) > _BUSY:
        return False
    return _share(changed[: max(1, top - _OFF)]) <= _ABOVE and _share(changed[top:]) >= _BELOW


def _jump(parts: npt.NDArray[np.bool_]) -> int:
    """The row of cells from which on most more parts changed than just above it.

    Not the first changed row: a clock, a car or a cloud above the line would hide it.
    """
    sums = np.concatenate(([0], np.cumsum(parts.sum(axis=1))))
    rows = np.arange(len(parts))
    below = sums[np.minimum(rows + _OFF, len(parts))] - sums[rows]
    above = sums[rows] - sums[np.maximum(rows - _OFF, 0)]
    return int(np.argmax(below - above))


def _share(changed: Grey) -> float:
    return int(np.count_nonzero(changed)) / changed.size
