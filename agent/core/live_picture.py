"""When a live picture is due. Pure."""

from __future__ import annotations

from collections.abc import Callable

from agent.core.pacing import Pacer

#: Live pictures a second while something moves or somebody looks: Home Assistant shows no more.
FAST = 2.0


def never() -> bool:
    """Nobody takes live pictures."""
    return False


class LivePicture:
    """Says which frames become live pictures.

    A picture is never made in advance: `ready` is asked first, and a frame for which it says no is
    left out.

    Args:
        ready: whether the broker has taken the picture before, and takes another one.
    """

    def __init__(self, ready: Callable[[], bool] = never) -> None:
        self._ready = ready
        self._pacer = Pacer(FAST)
        self._last = float("-inf")
        self._before = float("-inf")
        self.until = float("-inf")

    def due(self, at: float, interval: float, *, moving: bool) -> bool:
        """Whether the frame of this time becomes a live picture.

        Args:
            at: the frame's monotonic time.
            interval: seconds between two pictures at rest; 0: none, except where somebody looks.
            moving: an event runs.
        """
        fast = at < self.until or (moving and interval > 0)
        resting = interval > 0 and not self._last <= at < self._last + interval
        if not (fast or resting) or not self._ready():
            return False
        if fast and not self._pacer.admit(at) and not resting:
            return False
        self._before, self._last = self._last, at
        return True

    def failed(self) -> None:
        """The frame was damaged: the next one is tried."""
        self._last = self._before
