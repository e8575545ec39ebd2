"""What is looked at and what was seen, drawn over a picture: mask, zones, blobs, motion, score."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.messages import Box
from agent.imaging.polygons import SHIFT, Polygons, corners
from agent.imaging.privacy_mask import blacken
from schemas.zones import Point, Zone

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]  # BGR

#: Colours that people with any colour vision tell apart (Okabe and Ito, 2008).
LOOK: Colour = (115, 158, 0)
IGNORE: Colour = (0, 94, 213)
PRIVATE: Colour = (167, 121, 204)
MOTION: Colour = (66, 228, 240)
#: What is not judged keeps this part of its brightness, and gets some of the colour of IGNORE.
_DIMMED = 0.42
#: Part of the colour MOTION in changed pixels: the scene must stay visible below it.
_TINTED = 0.35
#: Lines and letters grow with the picture; 1.0 at 960 lines.
_LINES_PER_SCALE = 960.0
_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Rows that are tinted at a time.
_STRIP = 64


def draw_overlay(
    picture: Picture,
    judged: Picture,
    zones: Mapping[str, Zone],
    privacy: Polygons,
    box: Box | None,
    text: str,
    changed: Picture | None = None,
    *,
    moving: bool = True,
) -> Picture:
    """A copy of the picture with everything drawn in, uint8 (H, W, 3) BGR.

    Args:
        picture: uint8 (H, W, 3) BGR, in stored orientation.
        judged: uint8 (H, W), above 0 where pixels are judged, in stored orientation.
        zones: outlined, with their names.
        privacy: black, outlined.
        box: of the last motion, in 0..1; None: there was none.
        text: lines at the bottom, ASCII.
        changed: uint8 (H, W), above 0 where the last judged frame had changed, in stored
            orientation: tinted, each blob outlined; None: no frame was judged yet.
        moving: the motion is that of the last judged frame; else its box is thin.
    """
    drawn = blacken(picture.copy(), privacy)
    _tint(drawn, judged == 0, _DIMMED, np.array(IGNORE, np.float32) * 0.18)
    if changed is not None:
        _blobs(drawn, changed)
    drawn = blacken(drawn, privacy)
    for polygon in privacy:
        _outline(drawn, polygon, PRIVATE, "privacy")
    for name, zone in zones.items():
        looks = zone.mode == "look"
        _outline(drawn, zone.polygon, LOOK if looks else IGNORE, name if looks else f"not {name}")
    if box is not None:
        height, width = drawn.shape[:2]
        x, y, w, h = box
        first = round(x * width), round(y * height)
        last = round((x + w) * width) - 1, round((y + h) * height) - 1
        cv2.rectangle(drawn, first, last, MOTION, _thickness(drawn) if moving else 1)
        name = "motion" if moving else "last motion"
        _label(drawn, name, (first[0] + 3, first[1] + 3 + _text_height(drawn)), MOTION)
    for number, line in enumerate(reversed(text.splitlines())):
        bottom = drawn.shape[0] - 4 - number * 2 * _text_height(drawn)
        _label(drawn, line, (4, bottom), (255, 255, 255))
    return drawn


def _blobs(picture: Picture, changed: Picture) -> None:
    _tint(picture, changed > 0, 1 - _TINTED, np.array(MOTION, np.float32) * _TINTED)
    outlines, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, outlines, -1, MOTION, 1)


def _tint(
    picture: Picture, where: npt.NDArray[np.bool_], share: float, tint: npt.NDArray[np.float32]
) -> None:
    """Mixes `share` of the picture with a colour, some rows at a time: floats take much memory."""
    for top in range(0, picture.shape[0], _STRIP):
        rows, here = picture[top : top + _STRIP], where[top : top + _STRIP]
        rows[here] = (rows[here].astype(np.float32) * share + tint).astype(np.uint8)


def _outline(picture: Picture, polygon: tuple[Point, ...], colour: Colour, name: str) -> None:
    points = corners(polygon, picture.shape[0], picture.shape[1])
    cv2.polylines(
        picture,
        [points],
        isClosed=True,
        color=colour,
        thickness=_thickness(picture),
        lineType=cv2.LINE_AA,
        shift=SHIFT,
    )
    left, top = (points.min(axis=0) >> SHIFT).tolist()
    _label(picture, name, (left + 3, top + 3 + _text_height(picture)), colour)


def _label(picture: Picture, text: str, at: tuple[int, int], colour: Colour) -> None:
    """Text on a dark band; `at` is the lower left corner, moved until the text is inside."""
    scale, thick = _scale(picture), max(1, _thickness(picture) // 2)
    (width, height), base = cv2.getTextSize(text, _FONT, scale, thick)
    left = max(0, min(at[0], picture.shape[1] - width - 2))
    bottom = max(height + 2, min(at[1], picture.shape[0] - base))
    cv2.rectangle(
        picture,
        (left - 2, bottom - height - 3),
        (left + width + 2, bottom + base),
        (24, 24, 24),
        -1,
    )
    cv2.putText(picture, text, (left, bottom - 1), _FONT, scale, colour, thick, cv2.LINE_AA)


def _scale(picture: Picture) -> float:
    return max(0.35, float(picture.shape[0]) / _LINES_PER_SCALE)


def _text_height(picture: Picture) -> int:
    size, _ = cv2.getTextSize("Ag", _FONT, _scale(picture), 1)
    return int(size[1])


def _thickness(picture: Picture) -> int:
    return max(1, round(float(picture.shape[0]) / 300))
