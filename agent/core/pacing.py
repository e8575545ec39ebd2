"""The analysis rate: which frames are judged at all, decided before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

#: Part of an interval that a frame may come early. A camera as fast as the limit must have every
#: frame judged although its frames jitter: half an interval forgives +-83 ms at 3 frames a second.
_EARLY = 0.5


class Pacer:
    """Admits at most `rate` frames a second, by the frames' own times.

    A virtual schedule ticks at the rate (the generic cell rate algorithm, ITU-T I.371). A frame is
    admitted from half an interval before its tick on, and moves the next tick one interval on.
    Ticks missed in a gap are forgotten, so a gap never causes a burst. In any window of w seconds
    at most w * rate, rounded up, + 1 frames are admitted. A time before that of the last frame
    belongs to another count, for example of a clip that is played again: the schedule begins with
    it.

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

    @property
    def tick(self) -> float:
        """Monotonic seconds for which the next frame is due; minus infinity before the first."""
        return self._tick

    @property
    def interval(self) -> float:
        """Seconds between two ticks."""
        return self._interval

    def admit(self, at: float) -> bool:
        """True when the frame of the monotonic time `at` is to be judged."""
        if at < self._last:
            self._tick = at
        self._last = at
        if at < self._tick - self._interval * _EARLY:
            return False
        self._tick = max(at, self._tick) + self._interval
        return True


class Looks(Protocol):
    """Which pictures of a video stream somebody looks at; the others are handed on as they came."""

    def admit(self, at: float) -> bool:
        """Whether the picture of the monotonic time `at` is looked at."""
        ...

    def pause(self, now: float) -> float:
        """Seconds from `now` on in which nobody waits for a picture; 0: somebody does."""
        ...


class _EachPicture:
    """Every picture is looked at."""

    def admit(self, _at: float) -> bool:
        """It is."""
        return True

    def pause(self, _now: float) -> float:
        """Somebody waits for the next one."""
        return 0.0


#: Where nobody says which.
EACH_PICTURE = _EachPicture()
#: Pictures a second that are looked at, however few are judged: who asks for one wants a fresh one.
_LEAST_LOOKS = 3.0
#: Part of an interval before a tick, at which what was admitted for it is called for. By then it
#: has come, from a camera of 12 pictures a second at 3 judged ones.
_CALLED = 0.25


class Glances:
    """Looks at as many pictures of a stream as are judged, or at all of them.

    What is admitted here is admitted by the `Pacer` behind it, too: that one sees the same frames
    at the same rate, or a lower one.

    Args:
        rate: frames a second that are judged.
        everything: whether somebody wants to see every picture now.
        batch: seconds for which pictures are collected for that one.
    """

    def __init__(
        self, rate: float, everything: Callable[[], bool] = lambda: False, batch: float = 0.0
    ) -> None:
        self._pacer = Pacer(max(rate, _LEAST_LOOKS))
        self._everything = everything
        self._batch = batch

    def admit(self, at: float) -> bool:
        """Whether the picture of the monotonic time `at` is looked at."""
        return self._pacer.admit(at) or self._everything()

    def pause(self, now: float) -> float:
        """Seconds from `now` on in which nobody waits for a picture."""
        if self._everything():
            return self._batch
        return max(0.0, self._pacer.tick - _CALLED * self._pacer.interval - now)
