"""The running event: what is kept of it, and what is said about it later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.core.frame import Frame
from agent.core.messages import Detection, EndReason, MotionEnded, MotionImproved, MotionStarted
from agent.core.motion import MotionMachine


@dataclass(slots=True)
class RunningEvent:
    """An event from its start to its end, as long as the motion machine is active.

    Attributes:
        started: what was said at its start.
        best: the frame of the peak.
        frames: delivered since the start, the first one included.
    """

    started: MotionStarted
    best: Frame
    frames: int = 1

    def improved(self, peak: Detection, utc: datetime, picture: bytes) -> MotionImproved:
        """A better picture: `picture` is the best frame's, `utc` the peak's."""
        return MotionImproved(
            camera=self.started.camera,
            event_id=self.started.event_id,
            at=peak.at,
            utc=utc,
            detection=peak,
            picture=picture,
        )

    def ended(
        self,
        latest: Frame,
        utc: datetime,
        last: Detection,
        machine: MotionMachine,
        reason: EndReason,
    ) -> MotionEnded:
        """The end with the latest frame, whose UTC is `utc`; `last` is the last judged one."""
        return MotionEnded(
            camera=self.started.camera,
            event_id=self.started.event_id,
            at=latest.at,
            utc=utc,
            started_utc=self.started.utc,
            duration=latest.at - self.started.at,
            detection=last,
            peak=machine.peak,
            reason=reason,
            judged=machine.judged,
            frames=self.frames,
        )
