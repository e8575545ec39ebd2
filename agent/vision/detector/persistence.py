"""From what single frames show to motion: one frame alone convinces only when it is very clear."""

from __future__ import annotations

from collections import deque
from enum import IntEnum

#: A second frame within this many judged ones confirms the first: 2 of 3.
_WITHIN = 2
#: Judged frames after the last motion in which something smaller continues it: a visitor who
#: stands nearly still for three seconds at 3 frames a second is the same visitor.
_HOLDS = 10
#: Judged frames after the last clear evidence after which it is no visitor any more: 30 s at 3/s.
_LASTS = 90


class Evidence(IntEnum):
    """What one frame shows, the larger the clearer."""

    NONE = 0
    WEAK = 1  # something small, where the last motion was
    HINT = 2  # small, but new and sharp: a foot that enters the picture
    CLEAR = 3  # large enough, and new in its place
    CLEAR_HERE = 4  # the same, where the last motion was
    STRONG = 5  # large, sharp, alone, in steady light


class Persistence:
    """Evidence of the last judged frames.

    ```
    evidence      before                                      motion
    STRONG        anything                                    yes
    CLEAR, _HERE  HINT or more in one of the last two         yes
    CLEAR_HERE    motion within 10 frames                     yes
    WEAK          motion within 10 frames, CLEAR within 90    yes
    else                                                      no
    ```
    """

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=_WITHIN)
        self._since_motion = self._since_clear = _LASTS + 1

    @property
    def running(self) -> bool:
        """True when there was motion in the last frames."""
        return self._since_motion < _HOLDS

    def update(self, evidence: Evidence) -> bool:
        """Takes the next judged frame; True when it is motion."""
        clear = evidence >= Evidence.CLEAR
        self._since_motion = min(self._since_motion + 1, _LASTS)
        self._since_clear = 0 if clear else min(self._since_clear + 1, _LASTS)
        motion = (
            evidence is Evidence.STRONG
            or (evidence is Evidence.CLEAR_HERE and self.running)
            or (evidence is Evidence.WEAK and self.running and self._since_clear < _LASTS)
        )
        self._last.append(evidence >= Evidence.HINT)
        if motion:
            self._since_motion = 0
        return motion

    def forget(self) -> None:
        """Nothing before counts."""
        self._last.clear()
        self._since_motion = self._since_clear = _LASTS + 1
