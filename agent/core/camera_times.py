"""When a camera's coded pictures are shown, on our clock. Pure.

A camera gives its pictures times of a clock of its own, evenly, also where the network delays them.
That clock may jump, wrap or stand still. So it is believed as long as it goes with ours.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

#: A picture may be shown at most this number of seconds after it came. That happens to pictures
#: that are decoded before they are shown, and if the first picture took long to arrive.
_EARLY = 2.0
#: And at most this number of seconds before: the network may delay a picture.
_LATE = 8.0
#: Seconds between the clocks, at most: a network's jitter, and the order of decoding, do no harm.
_APART = 1.0
#: A larger difference is corrected over this number of seconds of the camera's time.
_SLOWLY = 20.0
#: After this number of errors the clip does not use the camera's clock any more.
_MOST_WRONG = 3
#: The most pictures that H.264 and H.265 have between decoding and showing.
DEEPEST = 16


class Moment(NamedTuple):
    """When a picture is shown: monotonic seconds; `fresh`: the camera's clock began again here."""

    at: float
    fresh: bool


class CameraTimes:
    """Puts the times of a camera's own clock on ours."""

    def __init__(self) -> None:
        self._offset: float | None = None  # ours less the camera's
        self._newest = 0.0  # of the camera's clock
        self._recent: deque[float] = deque(maxlen=DEEPEST)
        self._wrong = 0

    def add(self, at: float, shown: float | None) -> Moment:
        """The moment of the next picture, in order of decoding.

        Args:
            at: when it came, monotonic seconds.
            shown: seconds of the camera's clock; None: it says none.
        """
        if shown is None or self._wrong >= _MOST_WRONG:
            return Moment(at, fresh=self._forget())
        if self._offset is None:
            return self._begin(at, shown, fresh=False)
        moment = shown + self._offset
        if shown in self._recent or not -_LATE <= moment - at <= _EARLY:
            self._wrong += 1
            return self._begin(at, shown, fresh=True)
        passed = max(0.0, shown - self._newest)
        self._newest = max(self._newest, shown)
        behind = at - moment
        too_much = behind - max(-_APART, min(_APART, behind))
        self._offset += too_much * min(1.0, passed / _SLOWLY)
        self._recent.append(shown)
        return Moment(moment, fresh=False)

    def _begin(self, at: float, shown: float, *, fresh: bool) -> Moment:
        self._offset = at - shown
        self._newest = shown
        self._recent.clear()
        self._recent.append(shown)
        return Moment(at, fresh)

    def _forget(self) -> bool:
        """No time of the camera counts; True when one did until now."""
        known, self._offset = self._offset is not None, None
        return known
