"""The picture that shows what the detector looks at, and what it saw last."""

from __future__ import annotations

import numpy as np

from agent.core.errors import ConfigError
from agent.core.messages import Detection
from agent.imaging.jpeg import Image, decode_colour, encode_within
from agent.imaging.overlay import Picture, draw_overlay
from agent.vision.detector.masks import LOOKS_FROM
from agent.vision.zones import View


def overlay(
    picture: Picture,
    view: View,
    last: Detection | None,
    motion: Detection | None,
    changed: Picture | None = None,
) -> Picture:
    """Mask, zones, privacy polygons, the last judged frame's blobs and figures over a picture.

    Args:
        picture: uint8 (H, W, 3) BGR, in the camera's orientation.
        view: the camera's.
        last: the last judged frame; None: no frame was judged yet.
        motion: the last one with motion, whose box is drawn.
        changed: uint8 (H, W), what changed in the last judged frame, in the camera's orientation;
            one of another size is of an earlier session and not drawn.

    Returns:
        A new picture in stored orientation.

    Raises:
        ConfigError: the mask has another shape than the picture.
    """
    height, width = picture.shape[:2]
    judged = np.zeros((height, width), np.uint8)
    for area in view.areas(height, width):
        judged |= np.uint8(255) if area.mask is None else np.uint8(area.mask.grey >= LOOKS_FROM)
    turn = view.orientation
    share = 100.0 * float(np.count_nonzero(judged)) / judged.size
    text = f"judged: {share:.1f} % of the picture"
    if last is not None:
        text += "\n" + _figures(last)
    if changed is not None and changed.shape != judged.shape:
        changed = None
    return draw_overlay(
        turn.picture(picture),
        turn.picture(judged),
        view.zones,
        view.privacy,
        None if motion is None else motion.box,
        text,
        None if changed is None else np.ascontiguousarray(turn.picture(changed)),
        moving=last is not None and last.motion,
    )


def _figures(last: Detection) -> str:
    """The score as the detector decided by it."""
    text = f"{last.reason.value.replace('_', ' ')}: score {last.score:.3f} %"
    if last.largest is not None:
        text += f", largest blob {last.largest:.3f} %"
    text += f", motion from {last.min_changed:.3f} %"
    return text + (f", in {last.zone}" if last.zone else "")


def overlay_jpeg(
    image: Image,
    view: View,
    last: Detection | None,
    motion: Detection | None,
    changed: Picture | None,
    limit: int,
    scale: int = 1,
) -> bytes | None:
    """The overlay of a camera's frame in at most `limit` bytes.

    None when the frame is damaged, or when the mask does not fit it. `scale` as of `decode_colour`.
    """
    picture = decode_colour(image, scale)
    if picture is None:
        return None
    try:
        return encode_within(overlay(picture, view, last, motion, changed), limit)
    except ConfigError:
        return None
