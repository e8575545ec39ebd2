"""What viewers of the re-offer see of one camera, made only while somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agent.core.frame import Frame
from agent.core.messages import Detection, FrameScored, Shown
from agent.runtime.latest_value import Newest
from agent.runtime.mailbox import Mailbox


class Showing:
    """Shows each frame, and the overlay of each judged one.

    Args:
        picture: a frame as it is stored and published.
        overlay: what is looked at and what was seen, drawn over a frame; None: it is damaged.

    Attributes:
        viewers: set before the start; None: nobody can look.
        scores: take the result of each judged frame; set before the start.
    """

    def __init__(
        self, picture: Callable[[Frame], bytes], overlay: Callable[[Frame], bytes | None]
    ) -> None:
        self.viewers: Newest[Shown] | None = None
        self.scores: tuple[Mailbox[FrameScored], ...] = ()
        self._picture = picture
        self._overlay = overlay
        self._drawn = b""

    def judged(self, camera: str, found: Detection, utc: Callable[[float], datetime]) -> None:
        """A frame was judged."""
        if self.scores:
            scored = FrameScored(camera, utc(found.at), found)
            for box in self.scores:
                box.put(scored)

    def frame(self, frame: Frame, *, judged: bool) -> None:
        """A frame came."""
        if self.viewers is None or not self.viewers.wanted:
            self._drawn = b""  # who looks next begins with the frame of then
            return
        if judged or not self._drawn:
            self._drawn = self._overlay(frame) or b""
        self.viewers.put(Shown(frame.at, self._picture(frame), self._drawn))
