"""A camera's frames as they are shown to others, a size smaller where there is no memory."""

from __future__ import annotations

import sys

from agent.core.messages import Detection
from agent.core.time_allowance import Room
from agent.imaging.jpeg import SHRUNK, colour_work, stored_jpeg
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

    def published(self, jpeg: bytes) -> bytes:
        """In stored orientation, as it is published; empty when it is damaged."""
        turn, privacy = self._view.orientation, self._view.privacy
        with self._room.work(colour_work(jpeg)) as whole:
            return stored_jpeg(jpeg, turn, self.limit, privacy, 1 if whole else SHRUNK) or b""

    def both(self, jpeg: bytes) -> tuple[bytes | None, bytes | None]:
        """In stored orientation, as it is stored and as it is published; None: it is damaged."""
        turn, privacy = self._view.orientation, self._view.privacy
        with self._room.work(colour_work(jpeg)) as whole:
            scale = 1 if whole else SHRUNK
            stored = stored_jpeg(jpeg, turn, _NO_LIMIT, privacy, scale)
            if stored is None:
                return None, None
            return stored, stored_jpeg(stored, Orientation(), self.limit, (), scale)

    def overlay(
        self, jpeg: bytes, last: Detection | None, motion: Detection | None, changed: Picture
    ) -> bytes | None:
        """With what is looked at and what was seen drawn over it; see `overlay_jpeg`."""
        with self._room.work(colour_work(jpeg)) as whole:
            scale = 1 if whole else SHRUNK
            return overlay_jpeg(jpeg, self._view, last, motion, changed, self.limit, scale)
