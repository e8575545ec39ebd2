"""Clips of one camera: which one is open, of whose frames, and when it ends. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import dropwhile

from agent.core.camera_stills import PATIENCE
from agent.core.effects import Say
from agent.core.frame import Frame
from agent.core.messages import (
    ClipClosed,
    ClipEnd,
    ClipFrame,
    ClipOpened,
    ClipRefused,
    ClipStart,
    Detection,
    EndReason,
    MotionEnded,
    MotionStarted,
    Reason,
    RecordingFailed,
    Stream,
)
from agent.core.orders import RecordClip
from agent.core.pipeline_messages import PipelineEffect
from agent.core.pre_roll import PRE_ROLL_BYTES, ClipPlan, PreRoll, StreamRoll, begins

#: Seconds without a frame of the recording stream after which it is replaced in the clip. Cameras
#: send one each second at least; the two streams of one camera are half a second apart at most.
SILENCE = 3.0
#: Seconds that may be missing at the end of a clip.
_LATE = 1.0
#: Why there is no clip on demand.
_BUSY = "a clip is being recorded"


@dataclass(slots=True)
class _Clip:
    """The open clip.

    Attributes:
        start: how it was opened.
        newest: the newest frame of the judged stream that can be looked at.
        stream: what it is made of so far.
        order: who asked for it; None: it is an event's.
        until: frame time at which a clip on demand ends.
        peak: the next frame of the recording stream is the best so far.
        meanwhile: frames of the judged stream since the newest one of the recording stream.
    """

    start: ClipStart
    newest: Frame
    stream: Stream
    order: RecordClip | None = None
    until: float = float("inf")
    peak: bool = True
    meanwhile: list[Frame] = field(default_factory=list)


class CameraClips:
    """Opens, feeds and closes clips by their ids; keeps the frames that they begin with.

    One clip is open at a time. A recorded event that begins ends a clip on demand: the event's clip
    goes on from there. An event that is not recorded changes nothing for it.

    ```
    clip of        call                                           clip of
    -              begins, recording stream younger than SILENCE  record_source
    -              begins, else                                   source; counted with two streams
    record_source  frame, recording stream silent for SILENCE     both, counted
    ```

    The frames of the judged stream since the other fell silent are added first. There is no way
    back within a clip: it has the size of its first picture, and a player sees one change, not
    many. Of video they begin with a key picture. What is lost of a stream costs all that needs it.

    Frames are kept and handed on without their planes; only those that are shown have them.

    Args:
        camera: the camera's id.
        pre_seconds: of clip before the event's first frame.
        do: takes what is to be done.
        utc: UTC of a frame's time.
        new_id: the id of a clip of that time.
        roomy: whether the camera has memory for frames that are only kept for a possible event.
        two_streams: clips are made of another stream's frames, which are given to `record`.

    Attributes:
        replaced: clips made of the judged stream, in part at least, since the start, where there
            are two streams.
    """

    def __init__(
        self,
        camera: str,
        pre_seconds: float,
        do: Callable[[PipelineEffect], None],
        utc: Callable[[float], datetime],
        new_id: Callable[[datetime], str],
        roomy: Callable[[], bool],
        *,
        two_streams: bool,
    ) -> None:
        self.replaced = 0
        self._camera = camera
        self._do = do
        self._utc = utc
        self._new_id = new_id
        self._roomy = roomy
        self._two_streams = two_streams
        self._preroll = PreRoll(pre_seconds, roomy=roomy)
        self._stream = StreamRoll(pre_seconds, roomy=roomy)
        self._newest: Frame | None = None  # that can be looked at
        self._clip: _Clip | None = None
        self._waiting: tuple[RecordClip, float] | None = None  # for its first picture, until then

    @property
    def dropped(self) -> int:
        """Frames that could not be kept for a clip to begin with, since the start."""
        return self._preroll.dropped + self._stream.dropped

    # ------------------------------------------------------------ frames

    def record(self, frame: Frame) -> None:
        """A frame of the recording stream came."""
        clip, taken = self._clip, self._stream.add(frame)
        if clip is None:
            self._begin_waiting()
        if taken is None or clip is None or clip.stream is not Stream.RECORD_SOURCE:
            return
        clip.meanwhile = _from_key([it for it in clip.meanwhile if it.at > frame.at])
        self._do(ClipFrame(clip.start.event_id, taken, clip.peak))
        clip.peak = False

    def frame(self, frame: Frame) -> None:
        """A frame of the judged stream came: part of the open clip, and of the next one's start."""
        taken = self._preroll.add(frame)
        if frame.image:
            self._newest = frame
        clip = self._clip
        if clip is None:
            self._begin_waiting()
            return
        clip.newest = self._newest or clip.newest
        if clip.stream is Stream.RECORD_SOURCE:
            self._stand_in(clip, frame.without_planes())
        elif taken is not None:
            self._do(ClipFrame(clip.start.event_id, taken))
        if frame.at >= clip.until:
            self.end_on_demand(EndReason.MANUAL)

    def judged(self, frame: Frame) -> None:
        """That frame was judged: a clip may have to begin with it."""
        self._preroll.judged(frame)

    def decided(self) -> None:
        """All clips that begin with the last judged frame are begun."""
        self._preroll.decided()

    def peak(self, event_id: str) -> None:
        """The present frame is the event's best until now; the end repeats it."""
        if self._clip is not None and self._clip.start.event_id == event_id:
            self._clip.peak = True

    def forget_judged(self) -> None:
        """Judging pauses: no frame is kept for its sake any more."""
        self._preroll.forget_judged()

    def forget(self) -> None:
        """The session is over: no clip goes on, and none begins with what came before."""
        self.end_on_demand(EndReason.CAMERA_LOST)
        self._preroll.forget()
        self._newest = None

    # ------------------------------------------------------------ begin and end

    def begin(self, event: MotionStarted) -> None:
        """Opens the event's clip."""
        self.end_on_demand(EndReason.MANUAL)
        self.refuse(_BUSY)
        plan = self._preroll.plan()
        start = self._start(event.event_id, event.at, event.utc, event.detection, plan)
        self._open(_Clip(start, plan.triggers[-1], start.stream))

    def ask(self, order: RecordClip, never: str, now: float) -> None:
        """Opens a clip on demand with the first picture that there is, or says why not.

        A camera is live a moment before its first picture is here, and that of its recording
        stream.

        Args:
            order: who asks, and for how long.
            never: why nothing is begun any more; empty: it is.
            now: monotonic seconds.
        """
        busy = _BUSY if self._clip else ""
        asked = "a clip is asked for, and waits for a picture" if self._waiting else ""
        if why := never or busy or asked:
            self._do(ClipRefused(self._camera, order.request, why))
            return
        self._waiting = order, now + PATIENCE
        self._begin_waiting()

    def tick(self, now: float) -> None:
        """Begins the clip for which one stream has no picture yet, or refuses it: time is up."""
        if self._waiting is not None and now >= self._waiting[1]:
            self._begin_waiting(either=True)
            self.refuse("there is no picture to begin with")

    def refuse(self, why: str) -> None:
        """Answers who waits for a first picture that there is no clip."""
        if self._waiting is not None:
            (order, _), self._waiting = self._waiting, None
            self._do(ClipRefused(self._camera, order.request, why))

    def _begin_waiting(self, *, either: bool = False) -> None:
        """Begins it if the pictures are here; `either`: those of the judged stream will do."""
        last = self._newest
        if self._waiting is None or last is None:
            return
        if self._two_streams and not (either or self._stream.frames):
            return
        (order, _), self._waiting = self._waiting, None
        utc = self._utc(last.at)
        nothing = Detection(seq=last.seq, at=last.at, motion=False, reason=Reason.MANUAL)
        plan = ClipPlan(self._preroll.recent(), ())
        start = self._start(self._new_id(utc), last.at, utc, nothing, plan)
        self._open(_Clip(start, last, start.stream, order, last.at + order.seconds))

    def answered(self, start: ClipStart, *, taken: bool) -> None:
        """The recorder took the clip's start, or was full: then that clip is lost."""
        clip = self._clip if self._clip and self._clip.start is start else None
        order = clip.order if clip else None
        if taken and self._two_streams and start.stream is Stream.SOURCE:
            self._count_replaced(start.event_id, "is silent")
        if taken and order is not None:
            opened = ClipOpened(self._camera, start.event_id, start.at, start.utc, order.request)
            self._do(opened)
        if taken:
            return
        if clip is not None:
            self._clip = None
        if order is not None:
            self._do(ClipRefused(self._camera, order.request, "the recorder has no room"))
            return
        words = "the recorder had no room for another clip"
        self._do(RecordingFailed(self._camera, start.event_id, "recorder_full", words))

    def end(self, ended: MotionEnded, best: Frame) -> None:
        """Closes the event's clip, if it is open."""
        clip = self._clip
        if clip is not None and clip.start.event_id == ended.event_id:
            self._close(clip, ended.at, ended.reason, best, ended.peak, ended.judged)

    def end_on_demand(self, reason: EndReason, event_id: str | None = None) -> None:
        """Closes the clip on demand, if one is open; `event_id`: only that one."""
        clip = self._clip
        if clip is None or clip.order is None or event_id not in {None, clip.start.event_id}:
            return
        last = clip.newest
        self._close(clip, last.at, reason, last, clip.start.detection, 0)
        self._do(ClipClosed(self._camera, clip.start.event_id, last.at, reason))

    # ------------------------------------------------------------ the open clip

    def _start(
        self, event_id: str, at: float, utc: datetime, detection: Detection, plan: ClipPlan
    ) -> ClipStart:
        frames = self._stream.frames if self._two_streams else ()
        lives = bool(frames) and at - self._stream.newest_at < SILENCE
        return ClipStart(
            camera=self._camera,
            event_id=event_id,
            at=at,
            utc=utc,
            frames=frames if lives else plan.frames,
            triggers=plan.triggers,
            delta=b"",
            detection=detection,
            stream=Stream.RECORD_SOURCE if lives else Stream.SOURCE,
        )

    def _open(self, clip: _Clip) -> None:
        self._clip = clip
        self._do(clip.start)

    def _close(
        self,
        clip: _Clip,
        at: float,
        reason: EndReason,
        best: Frame,
        peak: Detection,
        judged: int,
    ) -> None:
        if clip.meanwhile and clip.meanwhile[-1].at - self._stream.newest_at >= _LATE:
            self._replace(clip)
        self._clip = None
        event_id, stream = clip.start.event_id, clip.stream
        self._do(ClipEnd(event_id, at, reason, best, peak, judged, stream=stream))

    def _stand_in(self, clip: _Clip, frame: Frame) -> None:
        """Keeps a frame of the judged stream for the case that the recording stream stays away."""
        follows = bool(clip.meanwhile) and clip.meanwhile[-1].seq + 1 == frame.seq
        if not (follows or begins(frame)):
            clip.meanwhile = []  # what it needs is not there
            return
        silent = frame.at - self._stream.newest_at
        if silent <= 0:
            return
        clip.meanwhile.append(frame)
        weight = sum(it.size for it in clip.meanwhile)
        if silent >= SILENCE or weight > PRE_ROLL_BYTES or not self._roomy():
            self._replace(clip)

    def _replace(self, clip: _Clip) -> None:
        clip.stream = Stream.BOTH
        self._count_replaced(clip.start.event_id, "fell silent")
        for frame in clip.meanwhile:
            self._do(ClipFrame(clip.start.event_id, frame))
        clip.meanwhile = []

    def _count_replaced(self, event_id: str, what: str) -> None:
        self.replaced += 1
        words = f"clip {event_id}: the recording stream {what}: of `source` now"
        self._do(Say("WARNING", words))


def _from_key(frames: list[Frame]) -> list[Frame]:
    """Those from the first on that decoding can begin with."""
    return list(dropwhile(lambda it: not begins(it), frames))
