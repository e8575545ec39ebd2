"""The vision worker, one thread per camera: decodes, detects, carries out what is decided.

What is to be done with a frame is decided by `agent.core.camera_pipeline`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Event

from ulid import ULID

from agent.core.camera_pipeline import CameraPipeline
from agent.core.effects import Say
from agent.core.engine_inputs import FromVision
from agent.core.errors import ConfigError
from agent.core.frame import Frame
from agent.core.live_picture import never
from agent.core.loudness import SoundHeard, SoundLimits
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipStart,
    Detection,
    MotionPicture,
)
from agent.core.motion import damaged
from agent.core.orders import Configure, LimitPictures, StopJudging, VisionOrder, VisionSettings
from agent.core.pipeline_messages import (
    Clip,
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
    TakeStill,
)
from agent.core.state import Now
from agent.core.stats import VisionStats
from agent.core.time_allowance import Boundless, Room
from agent.imaging.jpeg import delta_png, dimensions, small_luma
from agent.runtime.clock import Clock, thread_seconds
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker
from agent.vision.card import Card
from agent.vision.clip_feed import ClipFeed, ToRecorder
from agent.vision.counting import count_damaged, count_judged
from agent.vision.heat_map import HeatMap
from agent.vision.image_quality import Eye
from agent.vision.judge import Judge as Detectors
from agent.vision.judge import Luma
from agent.vision.loudness_meter import LoudnessMeter
from agent.vision.reoffer_pictures import Showing
from agent.vision.stills import Stills
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
        sound: what makes its sound an event; None: it is not measured.
        live_ready: whether the broker takes a live picture now.
    """

    profile: str = "plain"
    view: View = field(default_factory=View)
    analysis_fps: float = 3.0
    pre_seconds: float = 1.0
    max_image_kb: int = 500
    two_streams: bool = False
    room: Room = field(default_factory=Boundless)
    sound: SoundLimits | None = None
    live_ready: Callable[[], bool] = never


class VisionWorker:
    """Owns the pipeline, the detectors and the pictures of one camera.

    Args:
        camera_id: the camera's id.
        options: from the configuration.
        settings: in force at the start; `Configure` replaces them.
        frames: from the camera.
        orders: from the engine.
        to_engine: takes what vision has to say; never blocks.
        to_recorder: takes clip parts with their weight; False when the recorder is full.
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
        to_engine: Callable[[FromVision], object],
        to_recorder: ToRecorder,
        clock: Clock,
    ) -> None:
        self.recording: Mailbox[Frame] | None = None
        self.showing = Showing(self._picture, self._overlay)
        self._camera, self._options = camera_id, options
        self._frames, self._orders = frames, orders
        self._to_engine, self._clock = to_engine, clock
        view = options.view
        self._pipeline = CameraPipeline(
            camera_id,
            settings,
            options.analysis_fps,
            options.pre_seconds,
            two_streams=options.two_streams,
            roomy=lambda: options.room.roomy,
            live_ready=options.live_ready,
        )
        self._detectors, self._eye = Detectors(options.profile, view), Eye()
        self._ear = LoudnessMeter(camera_id, options.sound) if options.sound else None
        self._feed = ClipFeed(to_recorder)
        limit = options.max_image_kb * 1000
        self._pictures = pictures = Pictures(view, limit, options.room)
        self._stills = Stills(camera_id, pictures, to_engine, to_recorder, self._overlay)
        self._heat = HeatMap(camera_id, view, limit, to_engine, to_recorder)
        self._heat.room = options.room
        self._card = Card(camera_id, to_engine, self.showing, clock)
        self._delta = b""  # what changed in the running event's first frame
        self._last_detection: Detection | None = None
        self._last_motion: Detection | None = None
        self._luma: Luma | None = None  # of the frame of now, if it was decoded
        self._misfit: tuple[int, int] | None = None  # size of the frames that the mask does not fit
        self._stats = VisionStats()

    @property
    def stats(self) -> VisionStats:
        """The counters; may be read from any thread."""
        clips = self._pipeline.clips
        heard = self._ear.listener if self._ear else None
        return replace(
            self._stats,
            sound_level=heard.level if heard else None,
            sound_background=heard.background if heard else None,
            clips_truncated=self._feed.truncated,
            clips_replaced=clips.replaced,
            preroll_dropped=clips.dropped,
        )

    def run(self, worker: Worker) -> None:
        """Works until `worker.stop`; a running event is ended then."""
        tick_at = self._clock.monotonic()
        if self._pipeline.settings.private:
            self._card.say()
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
                self.tick()
                tick_at = now + _STEP
        self._step(StopJudging())
        self.take_orders()  # each is answered, those for pictures as well
        self._step(Ended())
        self._heat.store(self._pipeline.latest)

    def take_orders(self) -> None:
        """Hands on what the engine wants, between two frames."""
        while (order := self._orders.get()) is not None:
            self._step(order)
            if isinstance(order, Configure) and order.settings.private:
                self._card.say()  # it may have been off for a moment: the engine has no card

    def take_recording(self) -> None:
        """Takes what came of the recording stream, before the frame that may start a clip."""
        while self.recording is not None and (frame := self.recording.get()) is not None:
            self._step(RecordingFrameCame(frame))
            self._listen(frame)

    def take_frame(self, frame: Frame) -> None:
        """Takes one delivered frame through everything that is done with it."""
        self._stats.frames += 1
        self._luma = None
        self._step(frame)
        self._listen(frame)
        if self._pipeline.latest is frame:
            if not self._stats.height:
                self._stats.height, self._stats.width = dimensions(frame.image) or (0, 0)
            self._look(frame, self._luma)
            self.showing.frame(frame, judged=self._luma is not None)

    def _listen(self, frame: Frame) -> None:
        """Measures the sound that came with a frame, of whichever stream has it."""
        if self._ear is None or self._options.sound is None or self._pipeline.settings.private:
            return
        for heard in self._ear.take(frame):
            utc = self._pipeline.utc(heard.at)
            event_id = str(ULID.from_datetime(utc))
            said = SoundHeard(self._camera, event_id, utc, heard, self._options.sound)
            self._to_engine(said)

    def tick(self) -> None:
        """Looks at all that waits for its time."""
        self._step(Looked())
        if self._pipeline.settings.private:
            self._card.show()
        self._heat.tick(self._pipeline.latest, self._clock.utc())
        self._feed.retry()

    # ------------------------------------------------------------ effects

    def _step(self, cause: Input, now: Now | None = None) -> None:
        """Answers come at the time `now` of the input that led to them."""
        now = now or Now(self._clock.monotonic(), self._clock.utc())
        for effect in self._pipeline.step(cause, now):
            self._carry_out(effect, now)

    def _carry_out(self, effect: PipelineEffect, now: Now) -> None:
        match effect:
            case DoNotJudge(why):
                self._stats.undecided = why or self._stats.undecided
            case Judge(frame):
                self._step(self._judge(frame), now)
            case ClipStart() | ClipFrame() | ClipEnd():
                self._hand_over(effect, now)
            case LimitPictures(limit):
                most = self._options.max_image_kb * 1000
                self._pictures.limit = self._heat.limit = min(most, limit or most)
            case ShowEvent():
                self._show(effect)
            case TakeStill():
                if not self._stills.take(effect):
                    self._step(StillFailed(effect), now)
            case ForgetJudged():
                self._detectors.forget()
            case ForgetSession(first):
                self._eye.forget()
                if first is not None:
                    self._stats.height = self._stats.width = 0
            case Say():
                log.log(logging.getLevelNamesMapping()[effect.level], "%s", effect.text)
            case _:
                self._to_engine(effect)

    def _hand_over(self, part: Clip, now: Now) -> None:
        match part:
            case ClipStart():
                delta = self._delta if part.triggers else b""
                taken = self._feed.start(replace(part, delta=delta))
                self._step(ClipAnswered(part, taken), now)
            case ClipFrame():
                self._feed.frame(part)
            case ClipEnd():
                self._feed.end(part)

    def _judge(self, frame: Frame) -> Judged | NotJudged:
        before = thread_seconds()
        size = dimensions(frame.image)
        if self._misfit is not None and self._misfit == size:
            return NotJudged(frame)
        luma = None if size is None else small_luma(frame.image, self._detectors.scale(size[1]))
        if luma is None or size is None:
            count_damaged(self._stats)
            self.showing.judged(self._camera, damaged(frame.seq, frame.at), self._pipeline.utc)
            return Judged(frame, None)
        self._luma = luma
        settings = self._pipeline.settings
        try:
            detection = self._detectors.judge(luma, frame.seq, frame.at, settings, size)
        except ConfigError as error:
            self._say_misfit(str(error), size)
            return NotJudged(frame)
        self._misfit = None
        count_judged(self._stats, detection, thread_seconds() - before, size)
        self.showing.judged(self._camera, detection, self._pipeline.utc)
        self._last_detection = detection
        if detection.motion:
            self._last_motion = detection
        return Judged(frame, detection)

    def _say_misfit(self, problem: str, size: tuple[int, int]) -> None:
        """The mask does not fit: says so once for each size, until frames fit again."""
        log.error("camera %s: nothing is judged: %s", self._camera, problem)
        self._misfit = size
        self._stats.problem = problem
        self._stats.height, self._stats.width = size

    def _show(self, effect: ShowEvent) -> None:
        """Makes and says an event's picture, with what changed where it is the first."""
        delta = None
        if effect.first:
            self._clock.wait(_NOBODY_STOPS, _EVENT_FIRST)
            view = self._options.view
            delta = delta_png(self._detectors.binary(), view.orientation, view.privacy)
            self._delta = delta
        jpeg = self._picture(effect.frame)
        height, width = dimensions(jpeg) or (0, 0)
        self._to_engine(
            MotionPicture(
                camera=self._camera,
                event_id=effect.event_id,
                at=effect.detection.at,
                utc=effect.utc,
                detection=effect.detection,
                width=width,
                height=height,
                picture=jpeg,
                delta=delta,
            )
        )

    # ------------------------------------------------------------ pictures

    def _look(self, frame: Frame, luma: Luma | None) -> None:
        """How well does the camera see; also while it is disarmed. Where was motion."""
        last = self._last_motion
        if last is not None and last.seq == frame.seq and luma is not None:
            self._heat.motion(self._detectors.changed(), self._pipeline.utc(last.at), frame)
        before = self._stats.sight
        sight = self._eye.frame(frame, luma)
        if sight is before:
            return
        self._stats.sight = sight
        if sight.light_changed_at is not None and sight.light_changed_at != before.light_changed_at:
            self._stats.light_changed = self._pipeline.utc(sight.light_changed_at)

    def _picture(self, frame: Frame) -> bytes:
        return self._pictures.published(frame.image)

    def _overlay(self, frame: Frame) -> bytes | None:
        last, motion, changed = self._last_detection, self._last_motion, self._detectors.binary()
        return self._pictures.overlay(frame.image, last, motion, changed)
