"""A frame in which nothing changed, known for certain before it is looked at closely. Pure.

What changed is found with six planes and a hundred calls; in most frames there is nothing. One
comparison with the frame before shows that. The light is the same, and no cell differs by more than
the least that is computed. Then everything that is computed would be 0. The verdict, and all that
is learnt, is the same as without this look (tests/unit/vision/detector/test_unchanged.py compares).
"""

from __future__ import annotations

import cv2

from agent.vision.detector.cell_difference import CLOSER, LOWEST
from agent.vision.detector.cells import Cells
from agent.vision.detector.illumination import Light


def farthest(now: Cells, last: Cells) -> int:
    """By how many grey levels the cells differ that differ most."""
    return int(cv2.norm(now.grey, last.grey, cv2.NORM_INF))


def nothing_changed(apart: int, light: Light, pixel_threshold: int) -> bool:
    """True when `Comparison` would find nothing.

    A cell's difference is the smaller one of two. It is dropped up to `CLOSER` times the limit, and
    the limit is `LOWEST` times `pixel_threshold` at least.

    Args:
        apart: see `farthest`.
        light: from the frame before to that of now.
        pixel_threshold: grey levels.
    """
    return light.same and apart <= int(CLOSER * LOWEST * pixel_threshold)
