"""All clips of one camera: of events, and those that somebody asked for. One is open at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from agent.core.clips import PreRoll, always
from agent.core.frame import Frame
from agent.core.inbox import FromVision
from agent.core.messages import EndReason, MotionEnded, MotionStarted, RecordingFailed
from agent.core.orders import RecordClip
from agent.core.stats import VisionStats
from agent.vision.clip_feed import ClipFeed, ToRecorder
from agent.vision.on_demand import OnDemand
from agent.vision.stream_feed import StreamFeed


class Clips:
    """Opens, feeds and closes clips by their ids; keeps the frames that they begin with.

    A recorded event that begins ends a clip on demand: the event's clip goes on from there. An
    event that is not recorded changes nothing for it.

    Args:
        camera: the camera's id.
        pre_seconds: of clip before the event's first frame.
        two_streams: clips are made of another stream's frames, which are given to `record`.
        utc: UTC of a frame's time.
        to_engine: gets the answers to requests, and `RecordingFailed`.
        to_recorder: takes clip parts with their weight; False when the recorder has no room.
        roomy: whether the camera has room for frames that are only kept in case.
    """

    def __init__(
        self,
        camera: str,
        pre_seconds: float,
        *,
        two_streams: bool,
        utc: Callable[[float], datetime],
        to_engine: Callable[[FromVision], object],
        to_recorder: ToRecorder,
        roomy: Callable[[], bool] = always,
    ) -> None:
        self._camera = camera
        self._to_engine = to_engine
        self._preroll = PreRoll(pre_seconds, roomy=roomy)
        self._streams = StreamFeed(to_recorder, pre_seconds, roomy)
        self._feed = self._streams if two_streams else ClipFeed(to_recorder)
        self._on_demand = OnDemand(camera, self._feed, utc, to_engine)

    def counted(self, stats: VisionStats) -> VisionStats:
        """The counters, with those of the clips."""
        return replace(
            stats,
            clips_truncated=self._feed.truncated,
            clips_replaced=self._streams.replaced,
            preroll_dropped=self._preroll.dropped + self._streams.dropped,
        )

    def record(self, frame: Frame) -> None:
        """A frame of the recording stream came."""
        self._streams.record(frame)

    def frame(self, frame: Frame, event_id: str | None) -> None:
        """A frame came; `event_id` is that of the running event."""
        self._preroll.add(frame)
        if event_id is not None:
            self._feed.frame(event_id, frame)
        self._on_demand.frame(frame)

    def judged(self, frame: Frame) -> None:
        """That frame was judged: a clip may have to begin with it."""
        self._preroll.judged(frame)

    def begin(self, started: MotionStarted, delta: bytes) -> None:
        """Opens the event's clip, or says that it is lost."""
        self._on_demand.end(EndReason.MANUAL)
        if not self._feed.start(started, self._preroll.plan(), delta):
            words = "the recorder had no room for another clip"
            failed = RecordingFailed(self._camera, started.event_id, "recorder_full", words)
            self._to_engine(failed)

    def peak(self, event_id: str) -> None:
        """The frame of now is the event's best so far."""
        self._feed.peak(event_id)

    def end(self, ended: MotionEnded, best: Frame) -> None:
        """Closes the event's clip, if it has one."""
        self._feed.end(ended, best)

    def ask(self, order: RecordClip, *, leaving: bool) -> None:
        """Begins a clip on demand, or says why not."""
        if leaving:
            self._on_demand.refuse(order, "the camera is being stopped")
        else:
            self._on_demand.start(order, self._preroll.recent())

    def give_up(self, event_id: str) -> None:
        """The recording of that clip on demand is lost: closes it, so that another can begin."""
        if self._on_demand.open_id == event_id:
            self._on_demand.end(EndReason.INTERRUPTED)

    def end_on_demand(self, reason: EndReason) -> None:
        """Closes the clip on demand, if one is open."""
        self._on_demand.end(reason)

    def retry(self) -> None:
        """Sends what the recorder had no room for; called again and again."""
        self._feed.retry()

    def forget_judged(self) -> None:
        """Judging pauses: no frame is kept for its sake any more."""
        self._preroll.forget_judged()

    def forget(self) -> None:
        """The session is over: no clip goes on, and none begins with what came before."""
        self._on_demand.end(EndReason.CAMERA_LOST)
        self._preroll.forget()
