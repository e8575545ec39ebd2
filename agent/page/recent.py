"""The last judged frames of each camera, for somebody who watches. Bounded; one owner. Pure.

What happened before is kept by `agent.verdicts`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from agent.core.messages import FrameScored

#: Scores for somebody who watches; a tuning page draws the last minute.
RECENT = 256


@dataclass(frozen=True, slots=True)
class Point:
    """One judged frame for somebody who watches."""

    number: int
    at: float
    score: float
    least: float
    most: float | None
    motion: bool
    reason: str


class Recent:
    """The last frames of one camera, oldest first; each has a number."""

    def __init__(self) -> None:
        self.points: deque[Point] = deque(maxlen=RECENT)
        self._count = 0

    def scored(self, scored: FrameScored) -> None:
        """A frame was judged."""
        found, at = scored.detection, scored.utc.timestamp()
        self._count += 1
        limits = (found.min_changed, found.max_changed)
        self.points.append(
            Point(self._count, at, found.score, *limits, found.motion, found.reason.value)
        )
