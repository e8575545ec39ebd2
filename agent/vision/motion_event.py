"""The running event: what is kept of it, and what is said about it later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.core.frame import Frame
from agent.core.messages import Detection, EndReason, MotionEnded, MotionPicture, MotionStarted
from agent.core.motion import MotionMachine
from agent.imaging.jpeg import dimensions


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

    @property
    def event_id(self) -> str:
        """The event's id."""
        return self.started.event_id

    def picture(
        self, shown: Detection, utc: datetime, jpeg: bytes, delta: bytes | None = None
    ) -> MotionPicture:
        """The picture `jpeg` of the judged frame `shown`, whose UTC is `utc`."""
        height, width = dimensions(jpeg) or (0, 0)
        return MotionPicture(
            camera=self.started.camera,
            event_id=self.started.event_id,
            at=shown.at,
            utc=utc,
            detection=shown,
            width=width,
            height=height,
            picture=jpeg,
            delta=delta,
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
