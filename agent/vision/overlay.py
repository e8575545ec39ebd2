"""The picture that shows what the detector looks at, and what it saw last."""

from __future__ import annotations

import numpy as np

from agent.core.errors import ConfigError
from agent.core.messages import Detection
from agent.imaging.jpeg import decode_colour, encode_within
from agent.imaging.overlay import Picture, draw_overlay
from agent.vision.masks import LOOKS_FROM
from agent.vision.zones import View


def overlay(
    picture: Picture, view: View, last: Detection | None, motion: Detection | None
) -> Picture:
    """Mask, zones, privacy polygons and the last judged frame's figures over a picture.

    Args:
        picture: uint8 (H, W, 3) BGR, in the camera's orientation.
        view: the camera's.
        last: the last judged frame; None: no frame was judged yet.
        motion: the last one with motion, whose box is drawn.

    Returns:
        A new picture in stored orientation.

    Raises:
        ConfigError: the mask has another size than the picture.
    """
    height, width = picture.shape[:2]
    judged = np.zeros((height, width), np.uint8)
    for area in view.areas(height, width):
        judged |= np.uint8(255) if area.mask is None else np.uint8(area.mask.grey >= LOOKS_FROM)
    turn = view.orientation
    share = 100.0 * float(np.count_nonzero(judged)) / judged.size
    text = f"judged: {share:.1f} % of the picture"
    if last is not None:
        text += f"; last score {last.score:.3f} % ({last.reason.value.replace('_', ' ')})"
        text += f" in {last.zone}" if last.zone else ""
    return draw_overlay(
        turn.picture(picture),
        turn.picture(judged),
        view.zones,
        view.privacy,
        None if motion is None else motion.box,
        text,
    )


def overlay_jpeg(
    jpeg: bytes, view: View, last: Detection | None, motion: Detection | None, limit: int
) -> bytes | None:
    """The overlay of a camera's frame in at most `limit` bytes.

    None when the frame is damaged, or when the mask does not fit it.
    """
    picture = decode_colour(jpeg)
    if picture is None:
        return None
    try:
        return encode_within(overlay(picture, view, last, motion), limit)
    except ConfigError:
        return None
