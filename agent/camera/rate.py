"""Frames per second over the last few seconds. Pure."""

from __future__ import annotations

from collections import deque

#: Seconds looked back: long enough for a camera of one frame a second to show its rate.
WINDOW = 5.0

#: Bounds the memory of a camera far faster than any of ours.
_MOST = 1024

#: Of its usual pause a frame may be late until its camera has no rate any more.
_LATE = 1.5


class RateMeter:
    """A sliding window over the times of frames."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=_MOST)

    def add(self, at: float) -> None:
        """A frame came at `at`."""
        self._times.append(at)

    def clear(self) -> None:
        """The session ended: the rate is 0 until frames come again."""
        self._times.clear()

    def rate(self, now: float) -> float:
        """Frames per second at `now`; falls when a frame is overdue, to 0 when it is for long.

        A camera whose frames are farther apart than the window has the rate of the last two.
        """
        times = self._times
        while len(times) > 2 and now - times[0] > WINDOW:
            times.popleft()
        steps = len(times) - 1
        if steps < 1:
            return 0.0
        span = times[-1] - times[0]
        if now - times[-1] > max(WINDOW, _LATE * span / steps):
            return 0.0
        # A frame that is due but did not come lengthens the span: so the rate falls immediately.
        overdue = now - times[-1] - span / steps
        span += max(0.0, overdue)
        return steps / span if span > 0.0 else 0.0
