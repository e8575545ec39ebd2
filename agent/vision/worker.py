"""The vision worker, one thread per camera: from frames to events, pictures and clip parts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import cast

from ulid import ULID

from agent.core.errors import ConfigError
from agent.core.frame import Frame
from agent.core.messages import (
    Detection,
    EndReason,
    FrameScored,
    MotionEnded,
    MotionStarted,
    MotionSuppressed,
)
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
from agent.core.stats import VisionStats
from agent.core.time_allowance import Boundless, Room
from agent.imaging.jpeg import delta_png, dimensions, small_luma
from agent.runtime.clock import Clock, TimeBase, thread_seconds
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker
from agent.vision.clips.clip_feed import ToRecorder
from agent.vision.clips.clips import Clips
from agent.vision.counting import count_damaged, count_judged
from agent.vision.heat_map import HeatMap
from agent.vision.image_quality import Eye
from agent.vision.judge import Judge, Judgement, Luma
from agent.vision.live_view import Showing
from agent.vision.motion_event import RunningEvent
from agent.vision.stills import PATIENCE, Stills
from agent.vision.viewer_pictures import Pictures
from agent.vision.zones import View

log = logging.getLogger(__name__)

#: Seconds after which orders, beat, stop and all that waits for its time are looked at: more than
#: lies between two frames of a camera that sends three a second.
_STEP = 0.4
#: Seconds: the event is decided, journalled and sent before its pictures are encoded, which would
#: compete for the processor and the interpreter with the one message that somebody waits for.
_EVENT_FIRST = 0.003
_NOBODY_STOPS = Event()


@dataclass(frozen=True, slots=True)
class VisionOptions:
    """What the configuration says about one camera's vision; fixed while the agent runs.

    Attributes:
        profile: of the detector.
        view: what is judged, what nobody may see, and the orientation of what leaves memory.
        analysis_fps: frames judged a second, at most.
        pre_seconds: of clip before the event's first frame.
        max_image_kb: kilobytes (1000) of a published picture, at most.
        two_streams: clips are made of another stream's frames, which come in `recording`.
        room: what the camera may take.
    """

    profile: str = "plain"
    view: View = field(default_factory=View)
    analysis_fps: float = 3.0
    pre_seconds: float = 1.0
    max_image_kb: int = 500
    two_streams: bool = False
    room: Room = field(default_factory=Boundless)


class VisionWorker:
    """Owns the judge and the clips of one camera.

    A frame goes: pre-roll, open clip, judgement, pictures. Judging stops while disarmed and while
    the mask does not fit the frames; pictures go on. A frame of a new session, or the news that
    the session went, ends the event and forgets everything before.

    Args:
        camera_id: the camera's id.
        options: from the configuration.
        settings: in force at the start; `Configure` replaces them.
        frames: from the camera.
        orders: from the engine.
        to_engine: takes what vision has to say; never blocks.
        to_recorder: takes clip parts with their weight; False when the recorder has no room.
        clock: for UTC and for the patience of those who asked for a picture.

    Attributes:
        showing: for the re-offer; its viewers are set before the start.
        recording: frames of the recording stream, set before the start; None: there is none.

    Raises:
        ConfigError: an unknown profile.
    """

    def __init__(
        self,
        camera_id: str,
        options: VisionOptions,
        settings: VisionSettings,
        frames: Mailbox[Frame],
        orders: Mailbox[VisionOrder],
        to_engine: Callable[[object], object],
        to_recorder: ToRecorder,
        clock: Clock,
    ) -> None:
        self.recording: Mailbox[Frame] | None = None
        self.showing = Showing(self._picture, self._overlay)
        self._camera, self._options = camera_id, options
        self._limit = options.max_image_kb * 1000
        self._settings = settings
        self._frames, self._orders = frames, orders
        self._to_engine, self._eye = to_engine, Eye()
        self._clock, self._time = clock, TimeBase(clock)
        self._judge = Judge(options.profile, options.view, options.analysis_fps)
        self._clips = Clips(
            camera_id,
            options.pre_seconds,
            two_streams=options.two_streams,
            utc=self._utc,
            to_engine=to_engine,
            to_recorder=to_recorder,
            roomy=lambda: options.room.roomy,
        )
        self._stills = Stills(
            camera_id,
            options.view.orientation,
            self._limit,
            self._utc,
            to_engine,
            to_recorder,
            options.view.privacy,
            self._overlay,
        )
        self._heat = HeatMap(camera_id, options.view, self._limit, to_engine, to_recorder)
        self._pictures = Pictures(options.view, options.room)
        self._stills.room = self._heat.room = options.room
        self._event: RunningEvent | None = None
        self._latest: Frame | None = None
        self._last_detection = self._last_motion = cast("Detection | None", None)
        self._session = self._session_gone = 0
        self._leaving = False
        self._misfit: tuple[int, int] | None = None  # size of the frames that the mask does not fit
        self._stats = VisionStats()

    @property
    def stats(self) -> VisionStats:
        """The counters; may be read from any thread."""
        return self._clips.counted(self._stats)

    def run(self, worker: Worker) -> None:
        """Works until `worker.stop`; a running event is ended then."""
        tick_at = self._clock.monotonic()
        while not worker.stop.is_set():
            frame = self._frames.get(_STEP)
            self.take_orders()
            self.take_recording()
            if frame is not None:
                self.take_frame(frame)
            now = self._clock.monotonic()
            if now >= tick_at:
                worker.beat()
                self._options.room.spend()
                self._stills.tick(self._latest, now)
                self._heat.tick(self._latest, self._clock.utc())
                self._clips.retry()
                tick_at = now + _STEP
        self._leaving = True
        self.take_orders()  # each is answered, those for pictures as well
        self._stills.tick(self._latest, self._clock.monotonic() + PATIENCE)
        self._break_off(EndReason.SHUTDOWN)
        self._heat.store(self._latest)
        self._clips.end_on_demand(EndReason.SHUTDOWN)

    def take_orders(self) -> None:
        """Carries out what the engine wants, between two frames."""
        while (order := self._orders.get()) is not None:
            match order:
                case Configure(settings):
                    self._configure(settings)
                case LimitPictures(limit):
                    most = self._options.max_image_kb * 1000
                    self._limit = min(most, limit or most)
                    self._stills.limit = self._heat.limit = self._limit
                case TakePicture():
                    self._stills.ask(order, self._clock.monotonic())
                case RecordClip():
                    self._clips.ask(order, leaving=self._leaving)
                case CloseClip(event_id):
                    self._close_clip(event_id)
                case CameraWent(session):
                    self._session_gone = max(self._session_gone, session)
                    if session >= self._session:
                        self._forget_session()
                case StopJudging():
                    self._leaving = True

    def take_recording(self) -> None:
        """Takes what came of the recording stream, before the frame that may start a clip."""
        while self.recording is not None and (frame := self.recording.get()) is not None:
            self._clips.record(frame)

    def take_frame(self, frame: Frame) -> None:
        """Takes one delivered frame through everything that is done with it."""
        self._stats.frames += 1
        if frame.session <= self._session_gone:  # it was on its way when the session went
            self._stats.undecided = "they are of a session that is over"
            return
        if frame.session != self._session:
            self._forget_session()
            self._session = frame.session
            self._stats.height, self._stats.width = dimensions(frame.jpeg) or (0, 0)
        self._latest = frame
        if self._event is not None:
            self._event.frames += 1
        self._clips.frame(frame, self._event.event_id if self._event else None)
        luma = None
        if self._leaving:
            self._stats.undecided = "the camera is being stopped"
        elif self._settings.armed and self._judge.admit(frame.at):
            luma = self._judge_frame(frame)
        self._look(frame, luma)
        self._stills.frame(frame, self._settings.monitoring_interval)
        self.showing.frame(frame, judged=luma is not None)

    # ------------------------------------------------------------ orders

    def _configure(self, settings: VisionSettings) -> None:
        disarmed = self._settings.armed and not settings.armed
        self._settings = settings
        if disarmed:
            self._break_off(EndReason.DISARMED)

    def _forget_session(self) -> None:
        self._break_off(EndReason.CAMERA_LOST)
        self._clips.forget()
        self._eye.forget()

    def _break_off(self, reason: EndReason) -> None:
        """Judging pauses: what was judged before will not be comparable with what comes next."""
        self._end_event(reason)
        self._judge.forget()
        self._clips.forget_judged()

    # ------------------------------------------------------------ judging

    def _look(self, frame: Frame, luma: Luma | None) -> None:
        """How well does the camera see; also while it is disarmed."""
        before = self._stats.sight
        sight = self._eye.frame(frame, luma)
        if sight is before:
            return
        self._stats.sight = sight
        if sight.light_changed_at is not None and sight.light_changed_at != before.light_changed_at:
            self._stats.light_changed = self._utc(sight.light_changed_at)

    def _judge_frame(self, frame: Frame) -> Luma | None:
        """Judges an admitted frame; its luma, if it was decoded."""
        before = thread_seconds()
        size = dimensions(frame.jpeg)
        if self._misfit is not None and self._misfit == size:
            return None
        luma = None if size is None else small_luma(frame.jpeg, self._judge.scale(size[1]))
        if luma is None or size is None:
            count_damaged(self._stats)
            self._follow(frame, self._judge.damaged(frame.seq, frame.at, self._settings))
            return None
        try:
            judgement = self._judge.judge(luma, frame.seq, frame.at, self._settings, size)
        except ConfigError as error:
            self._stop_judging(str(error), size)
            return luma
        cost = thread_seconds() - before
        self._misfit = None
        count_judged(self._stats, judgement.detection, cost, size)
        self._clips.judged(frame)
        self._last_detection = judgement.detection
        self._follow(frame, judgement)
        return luma

    def _stop_judging(self, problem: str, size: tuple[int, int]) -> None:
        """The mask does not fit: says so once for each size, until frames fit again."""
        log.error("camera %s: nothing is judged: %s", self._camera, problem)
        self._misfit = size
        self._stats.problem = problem
        self._stats.height, self._stats.width = size
        self._break_off(EndReason.INTERRUPTED)

    def _follow(self, frame: Frame, judgement: Judgement) -> None:
        """From the judgement to the event, and what is said about it."""
        detection, step = judgement.detection, judgement.step
        if self._settings.scores:
            self._to_engine(FrameScored(self._camera, self._utc(detection.at), detection))
        self.showing.judged(self._camera, detection, self._utc)
        if step.started:
            self._start_event(frame, detection)
        if self._event is not None and self._judge.event.peak.seq == frame.seq:
            self._event.best = frame
            self._clips.peak(self._event.event_id)
        if step.improved and self._event is not None:
            self._improve(self._event)
        if detection.motion:
            self._last_motion = detection
            self._heat.motion(self._judge.binary(), self._utc(detection.at), frame)
        if step.ended:
            self._end_event(EndReason.CLEARED)
        if step.suppressed:
            utc = self._utc(detection.at)
            self._to_engine(
                MotionSuppressed(
                    self._camera, _new_id(utc), detection.at, utc, detection, step.suppressed
                )
            )

    # ------------------------------------------------------------ the event

    def _start_event(self, frame: Frame, detection: Detection) -> None:
        self._time.anchor()
        utc = self._time.utc(frame.at)
        recorded = self._settings.record
        started = MotionStarted(self._camera, _new_id(utc), frame.at, utc, detection, recorded)
        self._to_engine(started)
        self._clock.wait(_NOBODY_STOPS, _EVENT_FIRST)
        view = self._options.view
        event = self._event = RunningEvent(started, best=frame)
        delta = delta_png(self._judge.binary(), view.orientation, view.privacy)
        self._to_engine(event.picture(detection, utc, self._picture(frame), delta))
        if recorded:
            self._clips.begin(started, delta)

    def _improve(self, event: RunningEvent) -> None:
        peak = self._judge.event.peak
        utc = self._time.utc(peak.at)
        self._to_engine(event.picture(peak, utc, self._picture(event.best)))

    def _end_event(self, reason: EndReason) -> None:
        """Ends the event, if one runs, with the last frame that came."""
        event, ended = self._event, self._ended(reason)
        if event is None or ended is None:
            return
        self._event = None
        self._to_engine(ended)
        self._clips.end(ended, event.best)

    def _ended(self, reason: EndReason) -> MotionEnded | None:
        """The end of the running event, were it now."""
        event, last, latest = self._event, self._last_detection, self._latest
        if event is None or last is None or latest is None:
            return None
        utc = self._time.utc(latest.at)
        return event.ended(latest, utc, last, self._judge.event, reason)

    def _close_clip(self, event_id: str) -> None:
        """That clip is lost: ends it, so that another one can be recorded; the event goes on."""
        self._clips.give_up(event_id)
        if self._event is not None and self._event.event_id == event_id:
            ended = self._ended(EndReason.INTERRUPTED)
            if ended is not None:
                self._clips.end(ended, self._event.best)

    def _picture(self, frame: Frame) -> bytes:
        return self._pictures.stored(frame.jpeg, self._limit)

    def _overlay(self, frame: Frame) -> bytes | None:
        last, motion, changed = self._last_detection, self._last_motion, self._judge.binary()
        return self._pictures.overlay(frame.jpeg, last, motion, changed, self._limit)

    def _utc(self, at: float) -> datetime:
        """UTC of a frame's time; outside events the wall clock of now is trusted anew."""
        if self._event is None:
            self._time.anchor()
        return self._time.utc(at)


def _new_id(utc: datetime) -> str:
    return str(ULID.from_datetime(utc))
