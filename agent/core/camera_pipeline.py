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
from agent.core.camera_effects import (
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
from agent.core.camera_stills import PATIENCE, CameraStills
from agent.core.clips import always
from agent.core.frame import Frame
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
    StopJudging,
    TakePicture,
    VisionOrder,
    VisionSettings,
)
from agent.core.pacing import Pacer
from agent.core.state import Now

#: Why frames of a live camera are not judged, as health says it.
SESSION_OVER = DoNotJudge("they are of a session that is over")
LEAVING = DoNotJudge("the camera is being stopped")
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
    an earlier session are counted and left.

    Args:
        camera: the camera's id.
        settings: in force at the start; `Configure` replaces them.
        analysis_fps: frames judged a second, at most.
        pre_seconds: of clip before the event's first frame.
        two_streams: clips are made of another stream's frames (`RecordingFrameCame`).
        roomy: whether the camera has room for frames that are only kept in case.
        new_id: the id of an event or clip of that time; a random part tells two of them apart.

    Attributes:
        settings: those in force; to be read only.
        latest: the newest frame of a session that was not over when it came; to be read only.
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
        new_id: Callable[[datetime], str] = lambda utc: str(ULID.from_datetime(utc)),
    ) -> None:
        self._camera = camera
        self.settings = settings
        self._new_id = new_id
        self._effects: list[PipelineEffect] = []
        self.clips = CameraClips(
            camera, pre_seconds, self._do, self.utc, new_id, roomy, two_streams=two_streams
        )
        self._stills = CameraStills(camera, self._do, self.utc)
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
                self.clips.record(frame)
            case NotJudged():
                self._break_off(EndReason.INTERRUPTED)
            case ClipAnswered(start, taken):
                self.clips.answered(start, taken=taken)
            case StillFailed(still):
                self._stills.failed(still)
            case Looked():
                self._stills.tick(self.latest, now.at)
            case Ended():
                self._stills.tick(self.latest, now.at + PATIENCE)
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
                disarmed = self.settings.armed and not settings.armed
                self.settings = settings
                if disarmed:
                    self._break_off(EndReason.DISARMED)
            case TakePicture():
                self._stills.ask(order, now.at)
            case RecordClip():
                self.clips.ask(order, LEAVING.why if self._leaving else "")
            case CloseClip(event_id):
                self._give_up(event_id)
            case CameraWent(session):
                self._gone = max(self._gone, session)
                if session >= self._session:
                    self._forget_session()
            case StopJudging():
                self._leaving = True
            case LimitPictures():
                self._do(order)

    # ------------------------------------------------------------ frames

    def _frame(self, frame: Frame) -> None:
        if frame.session <= self._gone:
            self._do(SESSION_OVER)
            return
        if frame.session != self._session:
            self._forget_session(frame)
            self._session, self._gone = frame.session, frame.session - 1
        self.latest = frame
        if self._event is not None:
            self._event.frames += 1
        self.clips.frame(frame)
        if self._leaving:
            self._do(LEAVING)
        elif self.settings.armed and self._pacer.admit(frame.at):
            self._asked = frame
            self._do(Judge(frame))
        else:
            self._do(NOT_NOW)
        self._stills.frame(frame, self.settings.monitoring_interval)

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
        step = self._motion.update(detection, self.settings.post_frames)
        if self.settings.scores:
            self._do(FrameScored(self._camera, self.utc(detection.at), detection))
        if step.started:
            self._start_event(frame, detection, now)
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
