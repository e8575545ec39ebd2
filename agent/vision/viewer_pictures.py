"""A camera's frames as they are shown to others, a size smaller where there is no memory."""

from __future__ import annotations

import sys

from agent.core.messages import Detection
from agent.core.time_allowance import Room
from agent.imaging.jpeg import SHRUNK, Image, colour_work, stored_jpeg
from agent.imaging.live_jpeg import MOST_BYTES, live_jpeg, live_work
from agent.imaging.orientation import Orientation
from agent.imaging.overlay import Picture
from agent.vision.overlay import overlay_jpeg
from agent.vision.zones import View

_NO_LIMIT = sys.maxsize


class Pictures:
    """Makes them; `view` has the orientation and what nobody may see.

    Attributes:
        limit: bytes; what is published is made to fit, what is stored is not.
    """

    def __init__(self, view: View, limit: int, room: Room) -> None:
        self.limit = limit
        self._view = view
        self._room = room

    def published(self, image: Image) -> bytes:
        """In stored orientation, as it is published; empty when it is damaged."""
        turn, privacy = self._view.orientation, self._view.privacy
        with self._room.work(colour_work(image)) as whole:
            return stored_jpeg(image, turn, self.limit, privacy, 1 if whole else SHRUNK) or b""

    def both(self, image: Image) -> tuple[bytes | None, bytes | None]:
        """In stored orientation, as it is stored and as it is published; None: it is damaged."""
        turn, privacy = self._view.orientation, self._view.privacy
        with self._room.work(colour_work(image)) as whole:
            scale = 1 if whole else SHRUNK
            stored = stored_jpeg(image, turn, _NO_LIMIT, privacy, scale)
            if stored is None:
                return None, None
            return stored, stored_jpeg(stored, Orientation(), self.limit, (), scale)

    def live(self, image: Image) -> bytes | None:
        """Small, for who looks all the time; None: it is damaged."""
        turn, privacy = self._view.orientation, self._view.privacy
        with self._room.work(live_work(image)) as whole:
            limit, shrink = min(self.limit, MOST_BYTES), 1 if whole else SHRUNK
            return live_jpeg(image, turn, privacy, limit, shrink)

    def overlay(
        self, image: Image, last: Detection | None, motion: Detection | None, changed: Picture
    ) -> bytes | None:
        """With what is looked at and what was seen drawn over it; see `overlay_jpeg`."""
        with self._room.work(colour_work(image)) as whole:
            scale = 1 if whole else SHRUNK
            return overlay_jpeg(image, self._view, last, motion, changed, self.limit, scale)
