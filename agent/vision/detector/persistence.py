"""From what single frames show to motion: what began it goes on with less, for a while.

Whether two frames show the same thing is decided by `agent.vision.detector.tracks`, not here.
"""

from __future__ import annotations

from enum import IntEnum

#: Judged frames after the last motion in which something smaller continues it: a visitor who
#: stands nearly still for three seconds at 3 frames a second is the same visitor.
_HOLDS = 10
#: Judged frames after the last clear evidence after which it is no visitor any more: 30 s at 3/s.
_LASTS = 90


class Evidence(IntEnum):
    """What one frame shows, the larger the clearer."""

    NONE = 0
    WEAK = 1  # something small, where the last motion was
    HINT = 2  # new and sharp, or large and new, but perhaps there by accident
    HERE = 3  # large enough and new, where the last motion was
    STRONG = 4  # it followed an earlier one, has grown, or is very clear alone


class Persistence:
    """Evidence of the last judged frames.

    ```
    evidence   before                                           motion
    STRONG     anything                                         yes
    HERE       motion within 10 frames                          yes
    WEAK       motion within 10 frames, HERE or STRONG in 90    yes
    else                                                        no
    ```
    """

    def __init__(self) -> None:
        self._since_motion = self._since_clear = _LASTS + 1

    @property
    def running(self) -> bool:
        """True when there was motion in the last frames."""
        return self._since_motion < _HOLDS

    def update(self, evidence: Evidence) -> bool:
        """Takes the next judged frame; True when it is motion."""
        clear = evidence >= Evidence.HERE
        self._since_motion = min(self._since_motion + 1, _LASTS)
        self._since_clear = 0 if clear else min(self._since_clear + 1, _LASTS)
        motion = (
            evidence is Evidence.STRONG
            or (evidence is Evidence.HERE and self.running)
            or (evidence is Evidence.WEAK and self.running and self._since_clear < _LASTS)
        )
        if motion:
            self._since_motion = 0
        return motion

    def forget(self) -> None:
        """Nothing before counts."""
        self._since_motion = self._since_clear = _LASTS + 1
