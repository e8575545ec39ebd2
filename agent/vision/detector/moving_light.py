"""Light that moves: the patch of a headlight, a torch or a door that opens.

What fools a detector: the patch is large, new and brighter than anything its place has shown. It
changes only a part of the picture, unlike a lamp's or a cloud's light. But light changes nothing
about what it falls on: bricks, leaves and cracks stay where they were, only lighter or darker. A
visitor covers them. So each place is compared once more by its texture alone, which is what is
left of the levels when they are divided by their surroundings' median. A median keeps the hard
edges of a beam, so these are light like the rest. Where texture cannot be seen, since it is too
dark or glares, light is what touches light; on a plain wall, light is what has no edge.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agent.vision.detector.cells import BLACK, Cells, median

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Bits = npt.NDArray[np.bool_]
#: A part of the picture, where in it texture stayed, and where light explains the change.
Lit = tuple[tuple[slice, slice], Bits, Bits]

#: Sides of the windows in cells in which texture is compared: of soft light, of light with edges.
_WIDE, _WINDOW = 9, 7
#: Light of a patch is more than this many times as bright as before, or the inverse.
_GAIN = 1.25
#: Texture stayed where no more than this part of it differs; edges are cut off at `_CUT` times
#: the usual texture.
_DIFFERS, _CUT = 0.5, 2.5
#: Correlation of texture that is seen through a shine; a speck is lit, too, when this part of what
#: surrounds it is.
_LIKE, _MOSTLY = 0.4, 0.6
#: Texture of less than `_HIDDEN` times the energy of noise cannot be told from it; noise is never
#: less than this, in grey levels.
_HIDDEN, _GRAIN, _DEVIATION = 2.0, 1.0, 1.48
#: Texture fades that has less than this part of its energy left in the lighter frame.
_FADES = 0.55
#: Where texture is hidden light is what touches light: this number of its cells, and this part.
_PROVEN, _PROVEN_SHARE = 20, 0.15
#: Without texture light has no edge: side of the neighbourhood that it is looked for in, in cells.
_FINE = 5
#: So bright a place may have been any brighter: its texture is gone.
_GLARE = 248
#: What is this near to a lit place, in cells, is its fringe; gaps so wide in it are filled.
_FRINGE, _GAPS = 5, 5


def lit(changed: Grey, now: Cells, last: Cells, limit: float) -> Lit | None:
    """The places that only the light changed; None: there are none.

    Args:
        changed: uint8 (h, w), 255 where a cell changed, else 0.
        now: the frame.
        last: the one before.
        limit: grey levels; a cell changed when its difference is above.
    """
    x, y, w, h = cv2.boundingRect(changed)
    margin = _WIDE
    here = np.s_[max(0, y - margin) : y + h + margin, max(0, x - margin) : x + w + margin]
    new, old = now.grey[here].astype(np.float32) + BLACK, last.grey[here].astype(np.float32) + BLACK
    gain = np.log(new) - np.log(old)
    # a median keeps the edges of a patch of light, so what is left of the gain is texture
    even = _median(gain)
    strong = np.abs(even) >= np.log(_GAIN)
    if not strong.any():
        return None
    alike, hidden, kept = _compared(new, old, gain - even)
    broad = cv2.erode((strong & alike & ~hidden).astype(np.uint8), np.ones((3, 3), np.uint8))
    core, among = broad > 0, strong & (alike | hidden)
    # light makes lighter or darker; what goes the other way is something in it
    proven = _beside(core, kept, among & (even > 0)) | _beside(core, kept, among & (even < 0))
    near = cv2.dilate(proven.astype(np.uint8), np.ones((2 * _FRINGE + 1,) * 2, np.uint8)) > 0
    still = changed[here] == 0
    lights = proven | (near & alike)
    gaps = np.ones((_GAPS, _GAPS), np.uint8)
    filled = cv2.morphologyEx((lights | still).astype(np.uint8), cv2.MORPH_CLOSE, gaps) > 0
    lights |= near & filled & ~still
    shines, smooth = _seen_through(new, old, limit)
    lights |= shines
    return here, lights, lights | smooth | (_glares(new, old) & near)


def _seen_through(new: Floats, old: Floats, limit: float) -> tuple[Bits, Bits]:
    """Where texture is to be seen through what shines, and where a shine has neither nor edges.

    That is soft light, and what glows before the lens. Texture is what is left of the levels when
    they are divided by their surroundings' mean.
    """
    gain = cv2.divide(_mean(new, _WIDE), _mean(old, _WIDE))
    strong = (gain >= _GAIN) | (gain <= 1 / _GAIN)
    fine_new, fine_old = _mean(new, _FINE), _mean(old, _FINE)
    a, b = new / fine_new - 1, old / fine_old - 1
    soft = np.abs(a - b) * np.maximum(fine_new, fine_old) <= limit
    cut = _CUT * median(np.abs(b)) + 1e-3
    a, b = np.clip(a, -cut, cut), np.clip(b, -cut, cut)
    energy = np.sqrt(_mean(a * a, _WIDE) * _mean(b * b, _WIDE)) + 1e-6
    alike = _mean(a * b, _WIDE) >= _LIKE * energy
    core = (strong & alike).astype(np.uint8)
    near = cv2.dilate(core, np.ones((2 * _FRINGE + 1,) * 2, np.uint8)) > 0
    texture = (core > 0) | (near & alike)
    glare = _glares(new, old) & near
    texture |= _mean(texture.astype(np.float32), _WIDE) >= _MOSTLY
    return texture, (soft & (near | strong)) | glare


def _compared(new: Floats, old: Floats, left: Floats) -> tuple[Bits, Bits, Floats]:
    """Where texture stayed, where it cannot be seen, and how much more is left than fades.

    `left` is what differs, as logarithms. What shines before the scene (an insect, a thread) adds
    the same to all levels, so texture is a smaller part of them; light on the scene multiplies.
    """
    textures = [it - _median(it) for it in (np.log(new), np.log(old))]
    cut = _CUT * median(np.abs(textures[1])) + 1e-3
    energies = [_energy(it, cut) for it in textures]
    had = energies[0] + energies[1]
    # the noise of the darker frame is what hides it
    darker = np.minimum(new, old)
    noise = max(_GRAIN, _DEVIATION * median(np.abs(left) * darker))
    grains = [_mean(np.square(noise / it)) for it in (new, old)]
    hidden = had <= _HIDDEN * np.maximum(*grains)
    seen = [it - grain for it, grain in zip(energies, grains, strict=True)]
    kept = np.where(new > old, seen[0] - _FADES * seen[1], seen[1] - _FADES * seen[0])
    alike = _energy(left, cut) <= _DIFFERS * had
    return alike, hidden | _glares(new, old), kept.astype(np.float32)


def _glares(new: Floats, old: Floats) -> Bits:
    return np.maximum(new, old) >= _GLARE


def _beside(core: Bits, kept: Floats, among: Bits) -> Bits:
    """The parts of `among` of which enough is `core`, whose texture did not fade."""
    count, parts = cv2.connectedComponents(among.astype(np.uint8), connectivity=4)
    labels = parts.astype(np.int32, copy=False)
    sizes = np.bincount(labels.reshape(-1), minlength=count)
    cores = np.bincount(labels[core & among], minlength=count)
    stays = np.bincount(labels[core & among], kept[core & among], minlength=count) > 0
    keeps = stays & (cores >= _PROVEN) & (cores >= _PROVEN_SHARE * sizes)
    keeps[0] = False
    return np.asarray(keeps[labels], np.bool_)


def _median(values: Floats) -> Floats:
    return np.asarray(cv2.medianBlur(values, 5), np.float32)


def _mean(values: Floats, side: int = _WINDOW) -> Floats:
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)


def _energy(values: Floats, cut: float) -> Floats:
    return _mean(np.square(np.clip(values, -cut, cut)))
