"""All decisions about one camera's frames: sessions, events, clips, pictures. Pure.

    frames, orders, answers  --input-->  step  --effects-->  agent.vision.worker carries them out

`step` takes one input and says what is to be done, in this order. What is done by others is
answered with a further input: `Judge` by `Judged`, `ClipStart` by `ClipAnswered`. The answer comes
before the next effect is carried out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ulid import ULID

from agent.core.camera_clips import CameraClips
from agent.core.camera_stills import PATIENCE, CameraStills
from agent.core.frame import Frame
from agent.core.live_picture import LivePicture, never
from agent.core.messages import (
    Detection,
    EndReason,
    FrameScored,
    MotionEnded,
    MotionStarted,
    MotionSuppressed,
)
from agent.core.motion import MotionMachine, damaged
from agent.core.orders import (
    CameraWent,
    CloseClip,
    Configure,
    LimitPictures,
    RecordClip,
    ShowLively,
    StopJudging,
    TakePicture,
    VisionOrder,
    VisionSettings,
)
from agent.core.pacing import Pacer
from agent.core.pipeline_messages import (
    ClipAnswered,
    DoNotJudge,
    Ended,
    ForgetJudged,
    ForgetSession,
    Input,
    Judge,
    Judged,
    Looked,
    NotJudged,
    PipelineEffect,
    RecordingFrameCame,
    ShowEvent,
    StillFailed,
)
from agent.core.pre_roll import always
from agent.core.state import Now

#: Why frames of a live camera are not judged, as health says it.
SESSION_OVER = DoNotJudge("they are of a session that is over")
PRIVATE = DoNotJudge("privacy mode is on")
LEAVING = DoNotJudge("the camera is being stopped")
CODED_ONLY = DoNotJudge("they cannot be decoded, or too many wait: they are recorded only")
#: Seconds without a picture of video that can be looked at; the camera looks at three a second.
_SEEN_LATELY = 2.0
#: Disarmed, or sooner than frames are to be judged.
NOT_NOW = DoNotJudge()


@dataclass(slots=True)
class _Event:
    """The running event; its times go by the clock of its start."""

    started: MotionStarted
    best: Frame
    last: Detection
    frames: int = 1


class CameraPipeline:
    """What is done with each frame of one camera.

    Each frame of the judged stream gets one `Judge` or one `DoNotJudge`. A frame of a new session,
    or the news that the session went, ends event and clips and forgets what came before. Frames of
    an earlier session are counted and left. Video without planes is recorded only.

    Args:
        camera: the camera's id.
        settings: in force at the start; `Configure` replaces them.
        analysis_fps: frames judged a second, at most.
        pre_seconds: of clip before the event's first frame.
        two_streams: clips are made of another stream's frames (`RecordingFrameCame`).
        roomy: whether the camera has memory for frames that are only kept for a possible event.
        live_ready: whether the broker takes a live picture now.
        new_id: the id of an event or clip of that time; a random part tells two of them apart.

    Attributes:
        settings: those in force; to be read only.
        latest: the newest frame of a session that was not over when it came, and that can be looked
            at; to be read only.
    """

    def __init__(
        self,
        camera: str,
        settings: VisionSettings,
        analysis_fps: float,
        pre_seconds: float,
        *,
        two_streams: bool = False,
        roomy: Callable[[], bool] = always,
        live_ready: Callable[[], bool] = never,
        new_id: Callable[[datetime], str] = lambda utc: str(ULID.from_datetime(utc)),
    ) -> None:
        self._camera = camera
        self.settings = settings
        self._new_id = new_id
        self._effects: list[PipelineEffect] = []
        self.clips = CameraClips(
            camera, pre_seconds, self._do, self.utc, new_id, roomy, two_streams=two_streams
        )
        self._stills = CameraStills(camera, self._do, self.utc, LivePicture(live_ready))
        self._pacer = Pacer(analysis_fps)
        self._motion = MotionMachine()
        self._event: _Event | None = None
        self.latest: Frame | None = None
        self._asked: Frame | None = None  # that is being judged
        self._session = self._gone = 0  # the newest session, and the newest that is over
        self._leaving = False
        self._clock: Now | None = None  # what UTC is reckoned from

    def utc(self, at: float) -> datetime:
        """UTC of a frame's time; during an event by the clock of its start, so durations are true.

        Raises:
            ValueError: before the first step.
        """
        if self._clock is None:
            raise ValueError("no step has told the time yet")
        return self._clock.utc + timedelta(seconds=at - self._clock.at)

    def step(self, cause: Input, now: Now) -> list[PipelineEffect]:
        """One input; what is to be done, in order."""
        effects: list[PipelineEffect] = []
        self._effects = effects
        if self._event is None:
            self._clock = now
        match cause:
            case Frame():
                self._frame(cause)
            case Judged(frame, detection):
                self._judged(frame, detection, now)
            case RecordingFrameCame(frame):
                if not self.settings.private:
                    self.clips.record(frame)
            case NotJudged():
                self._break_off(EndReason.INTERRUPTED)
            case ClipAnswered(start, taken):
                self.clips.answered(start, taken=taken)
            case StillFailed(still):
                self._stills.failed(still)
            case Looked():
                self._stills.tick(self.latest, now.at)
                self.clips.tick(now.at)
            case Ended():
                self._stills.tick(self.latest, now.at + PATIENCE)
                self.clips.tick(now.at + PATIENCE)
                self._break_off(EndReason.SHUTDOWN)
                self.clips.end_on_demand(EndReason.SHUTDOWN)
            case _:
                self._order(cause, now)
        return effects

    def _do(self, effect: PipelineEffect) -> None:
        self._effects.append(effect)

    # ------------------------------------------------------------ orders

    def _order(self, order: VisionOrder, now: Now) -> None:
        match order:
            case Configure(settings):
                self._configure(settings)
            case TakePicture():
                self._stills.ask(order, now.at)
                if self.settings.private:
                    self._stills.refuse_all(PRIVATE.why)
            case RecordClip():
                never = LEAVING.why if self._leaving else ""
                self.clips.ask(order, PRIVATE.why if self.settings.private else never, now.at)
            case CloseClip(event_id):
                self._give_up(event_id)
            case CameraWent(session):
                self._gone = max(self._gone, session)
                if session >= self._session:
                    self._forget_session()
            case StopJudging():
                self._leaving = True
                self.clips.refuse(LEAVING.why)
            case ShowLively(until):
                self._stills.live.until = until
            case LimitPictures():
                self._do(order)

    def _configure(self, settings: VisionSettings) -> None:
        before, self.settings = self.settings, settings
        if settings.private and not before.private:
            self._forget_all()
        elif before.armed and not settings.armed:
            self._break_off(EndReason.DISARMED)
        if before.private and not settings.private:
            self._stills.soon()

    def _forget_all(self) -> None:
        """Privacy mode begins: nothing that came before is recorded or shown any more."""
        self._gone = max(self._gone, self._session)
        self._break_off(EndReason.PRIVACY)
        self.clips.end_on_demand(EndReason.PRIVACY)
        self.clips.refuse(PRIVATE.why)
        self.clips.forget()
        self._stills.refuse_all(PRIVATE.why)
        self.latest = None
        self._do(ForgetSession(None))

    # ------------------------------------------------------------ frames

    def _frame(self, frame: Frame) -> None:
        if self.settings.private:
            self._do(PRIVATE)
            return
        if frame.session <= self._gone:
            self._do(SESSION_OVER)
            return
        if frame.session != self._session:
            self._forget_session(frame)
            self._session, self._gone = frame.session, frame.session - 1
        if self._event is not None:
            self._event.frames += 1
        self.clips.frame(frame)
        if not frame.image:
            seen = self.latest is not None and frame.at - self.latest.at <= _SEEN_LATELY
            self._do(NOT_NOW if seen else CODED_ONLY)
            return
        self.latest = frame
        if self._leaving:
            self._do(LEAVING)
        elif self.settings.armed and self._pacer.admit(frame.at):
            self._asked = frame
            self._do(Judge(frame))
        else:
            self._do(NOT_NOW)
        self._stills.frame(frame, self.settings.monitoring_interval)
        moving = self._event is not None
        self._stills.live_frame(frame, self.settings.live_interval, moving=moving)

    def _judged(self, frame: Frame, detection: Detection | None, now: Now) -> None:
        """From the verdict to the event, and what is said about it."""
        asked, self._asked = self._asked, None
        if frame is not asked:
            return  # what was to be judged is forgotten
        if detection is None:
            detection = damaged(frame.seq, frame.at)
        else:
            self.clips.judged(frame)
            if self._event is not None:
                self._event.last = detection
        bounds = self.settings.post_frames, self.settings.max_event_seconds
        step = self._motion.update(detection, *bounds)
        if self.settings.scores:
            self._do(FrameScored(self._camera, self.utc(detection.at), detection))
        if step.started:
            self._start_event(frame, detection, now)
        self.clips.decided()
        if self._event is not None:
            self._follow_peak(self._event, frame, say=step.improved)
        if step.ended:
            self._end_event(self._motion.why_ended)
        if step.suppressed:
            utc, count = self.utc(detection.at), step.suppressed
            self._do(
                MotionSuppressed(
                    self._camera, self._new_id(utc), detection.at, utc, detection, count
                )
            )

    def _start_event(self, frame: Frame, detection: Detection, now: Now) -> None:
        self._clock = now
        utc = self.utc(frame.at)
        event_id, recorded = self._new_id(utc), self.settings.record
        started = MotionStarted(self._camera, event_id, frame.at, utc, detection, recorded)
        self._event = _Event(started, frame, detection)
        self._do(started)
        self._do(ShowEvent(event_id, frame, detection, utc, first=True))
        if recorded:
            self.clips.begin(started)

    def _follow_peak(self, event: _Event, frame: Frame, *, say: bool) -> None:
        peak, event_id = self._motion.peak, event.started.event_id
        if peak.seq == frame.seq:
            event.best = frame
            self.clips.peak(event_id)
        if say:
            self._do(ShowEvent(event_id, event.best, peak, self.utc(peak.at)))

    # ------------------------------------------------------------ ends

    def _give_up(self, event_id: str) -> None:
        """That recording is lost: closes its clip, so that another can begin; its event goes on."""
        self.clips.end_on_demand(EndReason.INTERRUPTED, event_id)
        event, ended = self._event, self._ended(EndReason.INTERRUPTED)
        if event is not None and ended is not None and ended.event_id == event_id:
            self.clips.end(ended, event.best)

    def _forget_session(self, first: Frame | None = None) -> None:
        self._break_off(EndReason.CAMERA_LOST)
        self.clips.forget()
        self._do(ForgetSession(first))

    def _break_off(self, reason: EndReason) -> None:
        """Judging pauses: what was judged before will not be comparable with what comes next."""
        self._asked = None
        self._end_event(reason)
        self._motion.abandon()
        self.clips.forget_judged()
        self._do(ForgetJudged())

    def _end_event(self, reason: EndReason) -> None:
        """Ends the event, if one runs, with the newest frame."""
        event, ended = self._event, self._ended(reason)
        if event is None or ended is None:
            return
        self._event = None
        self._do(ended)
        self.clips.end(ended, event.best)

    def _ended(self, reason: EndReason) -> MotionEnded | None:
        """The end of the running event, were it now."""
        event, latest = self._event, self.latest
        if event is None or latest is None:
            return None
        return MotionEnded(
            camera=self._camera,
            event_id=event.started.event_id,
            at=latest.at,
            utc=self.utc(latest.at),
            started_utc=event.started.utc,
            duration=latest.at - event.started.at,
            detection=event.last,
            peak=self._motion.peak,
            reason=reason,
            judged=self._motion.judged,
            frames=event.frames,
        )
