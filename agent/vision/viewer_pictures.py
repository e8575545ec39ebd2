"""A camera's frames as they are shown to others, a size smaller where there is no memory."""

from __future__ import annotations

from agent.core.messages import Detection
from agent.core.time_allowance import Room
from agent.imaging.jpeg import SHRUNK, colour_work, stored_jpeg
from agent.imaging.overlay import Picture
from agent.vision.overlay import overlay_jpeg
from agent.vision.zones import View


class Pictures:
    """Makes them; `view` has the orientation and what nobody may see."""

    def __init__(self, view: View, room: Room) -> None:
        self._view = view
        self._room = room

    def stored(self, jpeg: bytes, limit: int) -> bytes:
        """In stored orientation, in at most `limit` bytes; empty when it is damaged."""
        turn, privacy = self._view.orientation, self._view.privacy
        with self._room.work(colour_work(jpeg)) as whole:
            return stored_jpeg(jpeg, turn, limit, privacy, 1 if whole else SHRUNK) or b""

    def overlay(
        self,
        jpeg: bytes,
        last: Detection | None,
        motion: Detection | None,
        changed: Picture,
        limit: int,
    ) -> bytes | None:
        """With what is looked at and what was seen drawn over it; see `overlay_jpeg`."""
        with self._room.work(colour_work(jpeg)) as whole:
            scale = 1 if whole else SHRUNK
            return overlay_jpeg(jpeg, self._view, last, motion, changed, limit, scale)
