"""Clips that somebody asked for: some seconds from now on, also where nothing moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ulid import ULID

from agent.core.clips import ClipPlan
from agent.core.frame import Frame
from agent.core.inbox import FromVision
from agent.core.messages import (
    ClipClosed,
    ClipOpened,
    ClipRefused,
    Detection,
    EndReason,
    MotionEnded,
    MotionStarted,
    Reason,
)
from agent.core.orders import RecordClip
from agent.vision.clip_feed import ClipFeed


@dataclass(slots=True)
class _Clip:
    started: MotionStarted
    until: float
    last: Frame
    frames: int = 0


class OnDemand:
    """Records one clip at a time through the recorder's feed; a recorded event takes the feed over.

    Args:
        camera: the camera's id.
        feed: shared with the events; while it has an open clip, whosever it is, none begins.
        utc: UTC of a frame's time.
        to_engine: gets `ClipOpened` and `ClipClosed`, or `ClipRefused`.
    """

    def __init__(
        self,
        camera: str,
        feed: ClipFeed,
        utc: Callable[[float], datetime],
        to_engine: Callable[[FromVision], object],
    ) -> None:
        self._camera = camera
        self._feed = feed
        self._utc = utc
        self._to_engine = to_engine
        self._clip: _Clip | None = None

    @property
    def open_id(self) -> str | None:
        """The id of the open clip."""
        return self._clip.started.event_id if self._clip else None

    def start(self, order: RecordClip, frames: tuple[Frame, ...]) -> None:
        """Opens a clip that begins with `frames`, those of the last moments."""
        if self._feed.open_id is not None:
            self.refuse(order, "a clip is being recorded")
            return
        if not frames:
            self.refuse(order, "there is no picture to begin with")
            return
        last = frames[-1]
        utc = self._utc(last.at)
        detection = Detection(seq=last.seq, at=last.at, motion=False, reason=Reason.MANUAL)
        event_id = str(ULID.from_datetime(utc))
        started = MotionStarted(self._camera, event_id, last.at, utc, detection)
        if not self._feed.start(started, ClipPlan(frames, ())):
            self.refuse(order, "the recorder has no room")
            return
        self._clip = _Clip(started, last.at + order.seconds, last)
        self._to_engine(ClipOpened(self._camera, event_id, last.at, utc, order.request))

    def frame(self, frame: Frame) -> None:
        """Adds a delivered frame to the open clip, and closes it after its last."""
        clip = self._clip
        if clip is None:
            return
        self._feed.frame(clip.started.event_id, frame)
        clip.last = frame
        clip.frames += 1
        if frame.at >= clip.until:
            self.end(EndReason.MANUAL)

    def end(self, reason: EndReason) -> None:
        """Closes the open clip, if there is one."""
        clip, self._clip = self._clip, None
        if clip is None:
            return
        started, last = clip.started, clip.last
        ended = MotionEnded(
            camera=self._camera,
            event_id=started.event_id,
            at=last.at,
            utc=self._utc(last.at),
            started_utc=started.utc,
            duration=last.at - started.at,
            detection=started.detection,
            peak=started.detection,
            reason=reason,
            judged=0,
            frames=clip.frames,
        )
        self._feed.end(ended, last)
        self._to_engine(ClipClosed(self._camera, started.event_id, last.at, reason))

    def refuse(self, order: RecordClip, message: str) -> None:
        """Answers that no clip is begun, and why."""
        self._to_engine(ClipRefused(self._camera, order.request, message))
