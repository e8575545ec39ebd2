"""The grey card that stands for a picture that nobody may see."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

#: Pixels of the card; grey levels of the card and of its words.
WIDTH, HEIGHT = 640, 360
_GREY, _WORDS = 128, 235
#: English, as all that the agent draws.
TITLE, LINE = "Privacy mode", "no picture is taken"
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@cache
def privacy_jpeg() -> bytes:
    """The card as a JPEG: a few kB, the same each time."""
    return _encoded(".jpg")


@cache
def privacy_png() -> bytes:
    """The card as a grey PNG, for pictures that are one."""
    return _encoded(".png")


def _encoded(kind: str) -> bytes:
    card = np.full((HEIGHT, WIDTH), _GREY, np.uint8)
    for words, scale, middle in ((TITLE, 1.6, 0.48), (LINE, 0.8, 0.62)):
        (width, _), _ = cv2.getTextSize(words, _FONT, scale, 2)
        at = (WIDTH - width) // 2, int(HEIGHT * middle)
        cv2.putText(card, words, at, _FONT, scale, _WORDS, 2, cv2.LINE_AA)
    _, data = cv2.imencode(kind, card)
    return data.tobytes()
