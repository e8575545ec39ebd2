"""How a camera hangs: the turn from the camera's picture to the stored one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from agent.core.errors import ConfigError
from agent.core.messages import Box

Picture = TypeVar("Picture", bound=np.ndarray)


@dataclass(frozen=True, slots=True)
class Orientation:
    """The turn from camera orientation to stored orientation; its own inverse.

    Only half turns and mirrors: width and height stay what they are. Every one of them, done twice,
    gives the picture back, so the same methods lead from the camera to the store and back.

    Attributes:
        rotate: degrees, 0 or 180.
        flip_h: left and right change places.
        flip_v: top and bottom change places.

    Raises:
        ConfigError: another angle than 0 or 180.
    """

    rotate: int = 0
    flip_h: bool = False
    flip_v: bool = False

    def __post_init__(self) -> None:
        if self.rotate not in {0, 180}:
            raise ConfigError(f"rotate: {self.rotate} is not possible; allowed are 0 and 180")

    @property
    def mirrored(self) -> tuple[bool, bool]:
        """(left-right, top-bottom): what rotation and flips come to together."""
        turned = self.rotate == 180
        return self.flip_h != turned, self.flip_v != turned

    @property
    def unchanged(self) -> bool:
        """True when the stored picture is the camera's own."""
        return self.mirrored == (False, False)

    @property
    def half_turn(self) -> int:
        """180 when it comes to a half turn, else 0."""
        return 180 if self.mirrored == (True, True) else 0

    def picture(self, picture: Picture) -> Picture:
        """The turned picture, (H, W) or (H, W, channels), also one plane of a YUV picture.

        A new array, or the very same one when nothing is to be turned.
        """
        horizontally, vertically = self.mirrored
        if not horizontally and not vertically:
            return picture
        # cv2's code: negative = both axes, positive = left-right, 0 = top-bottom
        code = -1 if horizontally and vertically else int(horizontally)
        return cv2.flip(picture, code)  # type: ignore[return-value]  # same dtype and rank as given

    def box(self, box: Box) -> Box:
        """The turned box; x, y, width, height in 0..1."""
        horizontally, vertically = self.mirrored
        x, y, width, height = box
        return (
            1.0 - x - width if horizontally else x,
            1.0 - y - height if vertically else y,
            width,
            height,
        )
