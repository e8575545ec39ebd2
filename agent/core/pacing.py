"""The analysis rate: which frames are judged at all, decided before anything is decoded."""

from __future__ import annotations

#: Part of an interval that a frame may come early. A camera as fast as the limit must have every
#: frame judged although its frames jitter: half an interval forgives +-83 ms at 3 frames a second.
_EARLY = 0.5


class Pacer:
    """Admits at most `rate` frames a second, by the frames' own times.

    A virtual schedule ticks at the rate (the generic cell rate algorithm, ITU-T I.371): a frame is
    admitted from half an interval before its tick on, and moves the next tick one interval on.
    Ticks missed in a gap are forgotten, so a gap never causes a burst. In any window of w seconds
    at most w * rate, rounded up, + 1 frames are admitted. A time before that of the last frame is
    of another count, as of a clip that is played anew: the schedule begins with it.

    Args:
        rate: frames a second, above 0.

    Raises:
        ValueError: a rate of 0 or less.
    """

    def __init__(self, rate: float) -> None:
        if not rate > 0:
            raise ValueError(f"analysis rate {rate} must be above 0")
        self._interval = 1.0 / rate
        self._tick = self._last = float("-inf")

    def admit(self, at: float) -> bool:
        """True when the frame of the monotonic time `at` is to be judged."""
        if at < self._last:
            self._tick = at
        self._last = at
        if at < self._tick - self._interval * _EARLY:
            return False
        self._tick = max(at, self._tick) + self._interval
        return True
