"""Clips in any order of frames, sessions, orders and losses: each is opened and closed once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent.core.frame import Frame
from agent.core.messages import (
    ClipClosed,
    ClipEnd,
    ClipFrame,
    ClipOpened,
    ClipRefused,
    ClipStart,
    MotionEnded,
    MotionStarted,
    RecordingFailed,
)
from agent.core.orders import CameraWent, CloseClip, Configure, RecordClip
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from tests.support.scene import frame
from tests.support.vision import SETTINGS
from tests.unit.vision.test_worker import OPTIONS, Rig


class AnyOrder(RuleBasedStateMachine):
    """A vision worker whose thread is the test, and all that may happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.seq = 0
        self.session = 1
        self.asked: list[str] = []

    @initialize(two_streams=st.booleans(), record=st.booleans())
    def begin(self, *, two_streams: bool, record: bool) -> None:
        options = replace(OPTIONS, two_streams=two_streams)
        self.rig = Rig(replace(SETTINGS, record=record), options)
        if two_streams:
            self.rig.vision.recording = Mailbox("stream", 64, WhenFull.DROP_OLDEST)

    @rule(
        pattern=st.sampled_from(["q", "qqq", "qqqM", "qqqMMqqqq", "Mqqqq", "qqqqq", "d", "qdMq"]),
        streamed=st.booleans(),
    )
    def frames_come(self, pattern: str, *, streamed: bool) -> None:
        stream = self.rig.vision.recording
        for letter in pattern:
            it = frame(self.seq, motion=letter == "M", session=self.session)
            if stream is not None and streamed:
                stream.put(Frame(b"large", it.at, it.seq, self.session))
                self.rig.vision.take_recording()
            self.rig.play(letter, start=self.seq, session=self.session)
            self.seq += 1

    @rule(said=st.booleans())
    def the_session_is_over(self, *, said: bool) -> None:
        if said:
            self.rig.order(CameraWent(self.session))
        self.session += 1

    @rule()
    def an_older_session_is_said_to_be_over(self) -> None:
        self.rig.order(CameraWent(self.session - 1))

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0]))
    def somebody_wants_a_clip(self, seconds: float) -> None:
        self.asked.append(f"r{len(self.asked)}")
        self.rig.order(RecordClip(self.asked[-1], seconds))

    @rule(pattern=st.sampled_from(["qqqM", "qqqMq", "qqqMqqqqq", "qqqMqqqM"]))
    def somebody_walks_by(self, pattern: str) -> None:
        self.frames_come(pattern=pattern, streamed=True)

    @rule(record=st.booleans())
    def settings_change(self, *, record: bool) -> None:
        self.rig.order(Configure(replace(SETTINGS, record=record)))

    @rule()
    def it_is_disarmed_for_a_moment(self) -> None:
        self.rig.order(Configure(replace(SETTINGS, armed=False)))
        self.rig.order(Configure(SETTINGS))

    @rule(room=st.booleans())
    def the_recorder_has_room(self, *, room: bool) -> None:
        self.rig.room = room

    @rule()
    def time_passes(self) -> None:
        self.rig.vision.tick()

    @rule(nth=st.integers(0, 3))
    def a_recording_is_lost(self, nth: int) -> None:
        starts = self.rig.recorded(ClipStart)
        event = starts[-1 - nth].event_id if nth < len(starts) else "none"
        self.rig.order(CloseClip(event))

    @invariant()
    def parts_are_of_the_open_clip(self) -> None:
        if hasattr(self, "rig"):
            self._walk()

    def _walk(self) -> str | None:
        """The id of the clip that is still open."""
        running, before = None, -1
        for part in self.rig.parts:
            match part:
                case ClipStart(event_id=event):
                    assert running is None, "the one before was not closed"
                    running, before = event, max(it.seq for it in part.frames)
                case ClipFrame(event, it):
                    assert event == running, "of another clip"
                    assert it.seq > before, "twice"
                    before = it.seq
                case ClipEnd(event):
                    assert event == running, "closed without being open"
                    running = None
        return running

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        rig = self.rig
        rig.room = True
        worker = Worker("vision", rig.vision.run, rig.clock, lambda *_: None)
        worker.stop.set()
        rig.vision.run(worker)
        rig.vision.tick()
        assert self._walk() is None, "never closed"
        opened = Counter(it.event_id for it in rig.recorded(ClipStart))
        assert set(opened.values()) <= {1}
        answers = [str(it.request) for it in rig.said if isinstance(it, ClipOpened | ClipRefused)]
        assert sorted(answers) == sorted(self.asked), "each request has one answer"
        on_demand = [it.event_id for it in rig.heard(ClipOpened)]
        assert on_demand == [it.event_id for it in rig.heard(ClipClosed)]
        events = rig.heard(MotionStarted)
        assert [it.event_id for it in events] == [it.event_id for it in rig.heard(MotionEnded)]
        failed = Counter(it.event_id for it in rig.heard(RecordingFailed))
        wanted = {it.event_id for it in events if it.recorded} | set(on_demand)
        assert opened + failed == Counter(wanted), "recorded, or said to be lost: never both"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
