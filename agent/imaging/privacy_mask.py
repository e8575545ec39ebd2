"""Privacy polygons: black in every picture that leaves memory. The only place that blackens.

The code that encodes a camera's picture calls one of these functions directly before. Vision does
it for published and stored pictures, the recorder for films and trigger frames.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons, raster

Plane = npt.NDArray[np.uint8]

#: Black and no colour in limited-range video (ITU-R BT.601).
_VIDEO_BLACK = 16
_NO_COLOUR = 128


def blacken(picture: Plane, privacy: Polygons, orientation: Orientation | None = None) -> Plane:
    """The picture with the polygons black: the very same where there are none, else a copy.

    Args:
        picture: uint8 (H, W) or (H, W, 3).
        privacy: in 0..1 of the stored picture.
        orientation: how the picture is still to be turned into the stored one; None: it is.
    """
    if not privacy:
        return picture
    covered = raster(privacy, picture.shape[0], picture.shape[1])
    if orientation is not None:
        covered = orientation.picture(covered)
    black = picture.copy()
    black[covered > 0] = 0
    return black


def blacken_video(luma: Plane, colours: tuple[Plane, Plane], privacy: Polygons) -> None:
    """Blackens planar 4:2:0 video of limited range, in place, in stored orientation.

    Args:
        luma: uint8 (H, W), H and W even; writable, any strides.
        colours: the two colour planes, uint8 (H / 2, W / 2); writable, any strides.
        privacy: in 0..1 of the stored picture.
    """
    if not privacy:
        return
    height, width = luma.shape
    covered = raster(privacy, height, width)
    luma[covered > 0] = _VIDEO_BLACK
    # a colour sample belongs to four pixels: one of them is enough, else colours would shine out
    quarters = covered.reshape(height // 2, 2, width // 2, 2).max(axis=(1, 3))
    for plane in colours:
        plane[quarters > 0] = _NO_COLOUR
