"""One camera in any order of frames, losses, orders, sessions and events, with the engine behind.

Frames, states and orders travel in boxes of their own, as between the agent's threads: what one
side says may reach the other late. What must hold is checked with each effect, and at the end.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import replace
from datetime import timedelta
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from agent.core import engine
from agent.core.camera_pipeline import LEAVING, SESSION_OVER, CameraPipeline
from agent.core.effects import Effect, ToVision
from agent.core.engine_inputs import FromVision
from agent.core.frame import Frame
from agent.core.messages import (
    CameraCode,
    CameraState,
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
    PictureReason,
    PictureRefused,
    PictureTaken,
    Reason,
    RecordingFailed,
    RecordingSaved,
)
from agent.core.orders import (
    CameraWent,
    Configure,
    LimitPictures,
    RecordClip,
    StopJudging,
    TakePicture,
    VisionOrder,
    VisionSettings,
)
from agent.core.pipeline_messages import (
    ClipAnswered,
    DoNotJudge,
    Ended,
    ForgetJudged,
    Input,
    Judge,
    Judged,
    Looked,
    NotJudged,
    PipelineEffect,
    RecordingFrameCame,
    StillFailed,
    TakeStill,
)
from agent.core.state import CameraSetup, Now
from schemas.messages import Record
from schemas.settings import CameraSettings
from tests.support.engine import START, begun
from tests.support.vision import SETTINGS

REASONS = {"M": Reason.MOTION, "q": Reason.QUIET, "L": Reason.LIGHT, "w": Reason.WARMING_UP}


class AnyOrder(RuleBasedStateMachine):
    """The pipeline, whoever carries out its effects, the engine, and the boxes between them."""

    def __init__(self) -> None:
        super().__init__()
        self.state = begun(CameraSetup("yard", CameraSettings()))
        self.inbox: deque[engine.Input] = deque()
        self.orders: deque[VisionOrder] = deque()
        self.now = 100.0
        self.seq = 0
        self.session = 1
        self.newest = 0  # session of which a frame came
        self.newest_judged = 0
        self.gone: set[int] = set()  # sessions that vision was told to be over
        self.done: list[PipelineEffect] = []  # with the frame of now
        self.stopped = False
        self.room = True
        self.letter = "q"
        self.judged = 0  # since what was judged is comparable
        self.open: ClipStart | None = None
        self.closed: list[str] = []
        self.said: list[FromVision] = []
        self.records: list[Record] = []
        self.wanted: list[str] = []

    @initialize(two_streams=st.booleans(), record=st.booleans(), fps=st.sampled_from([2.0, 4.0]))
    def begin(self, *, two_streams: bool, record: bool, fps: float) -> None:
        ids = count()
        self.settings = replace(SETTINGS, record=record)
        self.pipeline = CameraPipeline(
            "yard",
            self.settings,
            fps,
            1.0,
            two_streams=two_streams,
            new_id=lambda _utc: f"E{next(ids)}",
        )

    # ------------------------------------------------------------ who carries out

    def step(self, cause: Input) -> None:
        now = Now(self.now, START + timedelta(seconds=self.now))
        effects = self.pipeline.step(cause, now)
        begun_now = any(isinstance(it, MotionStarted) and it.recorded for it in effects)
        for effect in effects:
            self.done.append(effect)
            self.check(effect, cause, recorded_event_begins=begun_now)
            self.carry_out(effect)

    def carry_out(self, effect: PipelineEffect) -> None:
        match effect:
            case Judge(it):
                self.step(self.verdict(it))
            case ClipStart():
                if self.room:
                    self.open = effect
                self.step(ClipAnswered(effect, self.room))
            case ClipEnd(event):
                if self.open is not None and self.open.event_id == event:
                    self.open = None
                    self.closed.append(event)
            case TakeStill(order=order):
                if self.letter == "d":
                    self.step(StillFailed(effect))
                elif order is not None:
                    self.tell(picture(order))
            case ForgetJudged():
                self.judged = 0
            case _:
                if isinstance(effect, FromVision):
                    self.tell(effect)

    def verdict(self, it: Frame) -> Judged | NotJudged:
        if self.letter == "x":
            return NotJudged(it)
        if self.letter == "d":
            return Judged(it, None)
        reason = REASONS[self.letter] if self.judged >= 2 else Reason.WARMING_UP
        self.judged += 1
        motion = reason is Reason.MOTION
        return Judged(it, Detection(it.seq, it.at, motion, reason, score=it.seq % 7))

    def tell(self, said: FromVision) -> None:
        self.said.append(said)
        self.inbox.append(said)

    def check(self, effect: PipelineEffect, cause: Input, *, recorded_event_begins: bool) -> None:
        """What must hold of each effect when it is due."""
        match effect:
            case ClipStart(event_id=event):
                assert self.open is None, "the clip before was not closed"
                assert event not in self.closed, "opened twice"
            case ClipFrame(event) | ClipEnd(event) if self.open is not None:
                assert event == self.open.event_id, "of another clip"
            case ClipRefused(message="a clip is being recorded"):
                assert self.open is not None, "nothing is being recorded"
            case ClipClosed(event, reason=EndReason.MANUAL):
                asked = isinstance(cause, Frame)
                assert asked or recorded_event_begins, f"{event} was ended by somebody else"
            case Judge(it):
                assert it.session >= self.newest_judged, "a generation went back"
                self.newest_judged = it.session

    # ------------------------------------------------------------ what may happen

    @rule(
        letters=st.text("MqqdxLw", min_size=1, max_size=6) | st.sampled_from(["qqqM", "qqqMqqqq"]),
        back=st.sampled_from([0, 0, 0, 0, 1]),
    )
    def frames_come(self, letters: str, back: int) -> None:
        for letter in letters:
            self.letter = letter
            self.now += 0.25
            it = Frame(b"jpeg", self.now, self.seq, max(1, self.session - back))
            self.seq += 1
            live = it.session >= self.newest and it.session not in self.gone
            self.newest = max(self.newest, it.session)
            self.done.clear()
            self.step(it)
            (fate,) = [e for e in self.done if isinstance(e, Judge | DoNotJudge)]
            assert fate == Judge(it) or isinstance(fate, DoNotJudge)
            over = fate == SESSION_OVER
            assert over is not live, "a live session's frame was left, or another one's taken"
            assert fate != LEAVING or self.stopped

    @rule(count=st.integers(1, 20), key=st.booleans())
    def recording_frames_come(self, count: int, *, key: bool) -> None:
        for number in range(count):
            at = self.now - 0.25 + number / 100
            self.step(RecordingFrameCame(Frame(b"large" if key else b"l", at, self.seq, 1)))
            self.seq += 1

    @rule(code=st.sampled_from([CameraCode.STALLED, CameraCode.CONNECTING]))
    def the_session_is_lost(self, code: CameraCode) -> None:
        for each in (CameraCode.LIVE, code):
            self.inbox.append(CameraState("yard", each, "why", self.now, self.session))
        self.session += 1

    @rule()
    def a_new_session_begins_unsaid(self) -> None:
        self.session += 1

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0, 60.0]))
    def somebody_wants_a_clip(self, seconds: float) -> None:
        self.wanted.append(f"r{len(self.wanted)}")
        self.orders.append(RecordClip(self.wanted[-1], seconds))

    @rule()
    def somebody_wants_a_picture(self) -> None:
        self.wanted.append(f"p{len(self.wanted)}")
        self.orders.append(TakePicture(self.wanted[-1]))

    @rule(armed=st.booleans(), record=st.booleans(), post_frames=st.integers(1, 4))
    def settings_change(self, *, armed: bool, record: bool, post_frames: int) -> None:
        changed: VisionSettings = replace(
            SETTINGS, armed=armed, record=record, post_frames=post_frames, scores=record
        )
        self.orders.append(Configure(changed))

    @rule(room=st.booleans())
    def the_recorder_has_room(self, *, room: bool) -> None:
        self.room = room or self.open is not None

    @rule(saved=st.booleans(), nth=st.integers(0, 3), again=st.booleans())
    def a_recording_has_an_outcome(self, nth: int, *, saved: bool, again: bool) -> None:
        ids = [*self.closed, *((self.open.event_id,) if self.open and not saved else ())]
        if nth >= len(ids):
            return
        event = ids[-1 - nth]
        for good in (saved, not saved)[: 1 + again]:
            self.inbox.append(outcome(event, saved=good))

    @rule(most=st.integers(1, 50))
    def the_engine_reads(self, most: int) -> None:
        for _ in range(min(most, len(self.inbox))):
            self.obey(self.inbox.popleft())

    def obey(self, cause: engine.Input) -> None:
        now = Now(self.now, START + timedelta(seconds=self.now))
        self.state, effects = engine.step(self.state, cause, now)
        for effect in effects:
            self.perform(effect)

    def perform(self, effect: Effect) -> None:
        if isinstance(effect, ToVision):
            self.orders.append(effect.order)
        elif isinstance(effect, Record):
            self.records.append(effect)

    @rule()
    def vision_takes_its_orders(self) -> None:
        while self.orders:
            order = self.orders.popleft()
            assert not isinstance(order, LimitPictures)
            if isinstance(order, CameraWent):
                self.gone |= set(range(order.session + 1))
            self.step(order)

    @rule(seconds=st.sampled_from([0.1, 1.0, 8.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.step(Looked())

    @rule()
    def the_camera_is_being_stopped(self) -> None:
        self.stopped = True
        self.orders.append(StopJudging())

    # ------------------------------------------------------------ the end

    def teardown(self) -> None:
        if not hasattr(self, "pipeline"):
            return
        self.step(StopJudging())
        self.vision_takes_its_orders()
        self.step(Ended())
        while self.inbox:
            self.the_engine_reads(50)
        self.vision_takes_its_orders()
        self.step(Ended())
        assert self.open is None, "never closed"
        assert set(Counter(self.closed).values()) <= {1}, "closed twice"
        self.check_words()
        self.check_records()

    def check_words(self) -> None:
        answers = [
            str(it.request)
            for it in self.said
            if isinstance(it, ClipOpened | ClipRefused | PictureTaken | PictureRefused)
        ]
        assert sorted(answers) == sorted(self.wanted), "each request has one answer"
        begun_, ended = self.ids(MotionStarted), self.ids(MotionEnded)
        assert begun_ == ended, "each event ends once, in order"
        opened, closed = self.ids(ClipOpened), self.ids(ClipClosed)
        assert opened == closed, "each clip on demand ends once"
        recorded = [
            it.event_id for it in self.said if isinstance(it, MotionStarted) and it.recorded
        ]
        lost = self.ids(RecordingFailed)
        assert Counter(self.closed) + Counter(lost) == Counter([*recorded, *opened]), (
            "recorded, or said to be lost: never both, never neither"
        )

    def ids(self, kind: type[FromVision]) -> list[str]:
        return [getattr(it, "event_id", "") for it in self.said if isinstance(it, kind)]

    def check_records(self) -> None:
        """What the world is told: of each id once, an end behind its begin."""
        told = [(it.stream, json.loads(it.publish.payload)) for it in self.records]
        words = Counter((stream, it["event_type"], it["id"]) for stream, it in told)
        assert set(words.values()) <= {1}, "said twice"
        outcomes = Counter(it["id"] for stream, it in told if stream == "recording")
        assert set(outcomes.values()) <= {1}, "failed and saved"
        running: set[str] = set()
        for stream, it in told:
            if stream == "motion" and it["event_type"] == "motion_started":
                running.add(it["id"])
            elif stream == "motion" and it["event_type"] == "motion_ended":
                assert it["id"] in running, "an end without a begin"
        seqs = [it.seq for it in self.records if it.stream == "motion"]
        assert seqs == sorted(set(seqs))


def picture(order: TakePicture) -> PictureTaken:
    return PictureTaken("yard", "P", 1.0, START, PictureReason.MANUAL, 1, 1, b"", order.request)


def outcome(event: str, *, saved: bool) -> RecordingSaved | RecordingFailed:
    if saved:
        return RecordingSaved("yard", event, START, 1.0, "p", "d", 0.0, 1, "h264", 9)
    return RecordingFailed("yard", event, "spool_full", "full")


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
