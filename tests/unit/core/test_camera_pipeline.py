"""The decisions about one camera: inputs, and the effects that are expected of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from weakref import ref

from agent.core.camera_pipeline import LEAVING, NOT_NOW, SESSION_OVER, CameraPipeline
from agent.core.frame import Frame, Video
from agent.core.messages import (
    ClipClosed,
    ClipEnd,
    ClipFrame,
    ClipOpened,
    ClipRefused,
    ClipStart,
    Detection,
    EndReason,
    FrameScored,
    MotionEnded,
    MotionStarted,
    MotionSuppressed,
    PictureReason,
    PictureRefused,
    Reason,
    RecordingFailed,
    Stream,
)
from agent.core.orders import (
    CameraWent,
    CloseClip,
    Configure,
    RecordClip,
    StopJudging,
    TakePicture,
)
from agent.core.pipeline_messages import (
    ClipAnswered,
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
from tests.support.vision import SETTINGS

START = datetime(2026, 11, 22, 7, tzinfo=UTC)
UNRECORDED = replace(SETTINGS, record=False)


def frame(seq: int, session: int = 1) -> Frame:
    """Four frames a second."""
    return Frame(b"jpeg", seq / 4, seq, session)


def detection(it: Frame, reason: Reason, score: float = 1.0) -> Detection:
    return Detection(it.seq, it.at, reason is Reason.MOTION, reason, score=score)


class Rig:
    """A pipeline, and whoever carries out what it says: the detector sees what the test wants."""

    def __init__(self, settings: object = SETTINGS, *, two_streams: bool = False) -> None:
        assert isinstance(settings, type(SETTINGS))
        ids = count()
        self.at = 0.0
        self.room = True
        self.done: list[PipelineEffect] = []
        self.verdict: Detection | str | None = None
        self.pipeline = CameraPipeline(
            "door", settings, 4.0, 1.0, two_streams=two_streams, new_id=lambda _: f"id{next(ids)}"
        )

    def step(self, cause: Input) -> list[PipelineEffect]:
        """Carries out what follows; returns all of it."""
        now, done = Now(self.at, START + timedelta(seconds=self.at)), len(self.done)
        for effect in self.pipeline.step(cause, now):
            self.done.append(effect)
            match effect:
                case ClipStart():
                    self.step(ClipAnswered(effect, self.room))
                case Judge(it) if self.verdict == "misfit":
                    self.step(NotJudged(it))
                case Judge(it):
                    assert not isinstance(self.verdict, str)
                    self.step(Judged(it, self.verdict))
                case TakeStill() if self.verdict is None:
                    self.step(StillFailed(effect))
        return self.done[done:]

    def see(self, letters: str, first: int = 0, session: int = 1) -> list[PipelineEffect]:
        """`M` motion, `B` more of it, `q` quiet, `L` light, `d` damaged, `x` of another size."""
        reasons = {"M": Reason.MOTION, "B": Reason.MOTION, "q": Reason.QUIET, "L": Reason.LIGHT}
        done = len(self.done)
        for seq, letter in enumerate(letters, first):
            it = frame(seq, session)
            self.at = max(self.at, it.at)
            self.verdict = "misfit" if letter == "x" else None
            if letter in reasons:
                self.verdict = detection(it, reasons[letter], 2.0 if letter == "B" else 1.0)
            self.step(it)
        return self.done[done:]


def kinds(effects: Sequence[PipelineEffect]) -> list[type[PipelineEffect]]:
    return [type(effect) for effect in effects]


def test_the_first_frame_of_a_session_forgets_what_was_and_is_judged() -> None:
    first = frame(0)
    assert Rig().see("q") == [ForgetJudged(), ForgetSession(first), Judge(first)]


def test_two_judged_pictures_wait_for_the_next_one() -> None:
    class Picture:
        """Planes that weigh something."""

    rig = Rig()
    pictures = []
    for seq in range(4):
        planes: Any = Picture()
        pictures.append(ref(planes))
        it = Frame(b"", seq / 4, seq, 1, Video(b"coded", "h264", key=True), planes)
        rig.at, rig.verdict = it.at, detection(it, Reason.QUIET)
        rig.step(it)
        rig.done.clear()
    del it, planes
    assert [picture() is not None for picture in pictures] == [False, False, True, True]


def test_an_event_is_said_then_shown_then_recorded_and_ends_with_its_last_frame() -> None:
    rig = Rig()
    rig.see("qqq")
    begun = rig.see("M", 3)
    utc = START + timedelta(seconds=0.75)
    motion = detection(frame(3), Reason.MOTION)
    frames, last = (frame(0), frame(1), frame(2), frame(3)), frame(3)
    assert begun == [
        Judge(last),
        MotionStarted("door", "id0", 0.75, utc, motion, recorded=True),
        ShowEvent("id0", last, motion, utc, first=True),
        ClipStart("door", "id0", 0.75, utc, frames, frames[1:], b"", motion),
    ]
    assert rig.see("qq", 4) == [
        ClipFrame("id0", frame(4)),
        Judge(frame(4)),
        ClipFrame("id0", frame(5)),
        Judge(frame(5)),
    ]
    *_, ended, end = rig.see("q", 6)
    assert isinstance(ended, MotionEnded)
    assert (ended.event_id, ended.reason, ended.duration) == ("id0", EndReason.CLEARED, 0.75)
    assert (ended.judged, ended.frames, ended.peak) == (4, 4, motion)
    assert ended.detection == detection(frame(6), Reason.QUIET)
    assert end == ClipEnd("id0", 1.5, EndReason.CLEARED, last, motion, 4)


def test_an_event_of_one_frame_begins_and_ends_with_it_and_a_lost_clip_is_said_once() -> None:
    rig = Rig(replace(SETTINGS, post_frames=1))
    rig.see("qqq")
    rig.room = False
    effects = rig.see("M", 3)[1:]
    lost = RecordingFailed
    assert kinds(effects) == [MotionStarted, ShowEvent, ClipStart, lost, MotionEnded, ClipEnd]


def test_a_better_frame_is_shown_and_is_the_best_in_the_end() -> None:
    rig = Rig(replace(SETTINGS, post_frames=6))
    rig.see("qqqMB")
    shown = [it for it in rig.see("qqqqqq", 5) if isinstance(it, ShowEvent)]
    assert [(it.frame, it.first) for it in shown] == [(frame(4), False)]
    (end,) = [it for it in rig.done if isinstance(it, ClipEnd)]
    assert end.best == frame(4)


def test_damage_ends_an_event_like_quiet_and_is_no_last_word_about_it() -> None:
    rig = Rig()
    rig.see("qqqM")
    (ended,) = [it for it in rig.see("ddd", 4) if isinstance(it, MotionEnded)]
    assert (ended.reason, ended.detection.seq) == (EndReason.CLEARED, 3)


def test_an_event_that_lasts_too_long_is_ended_for_that_reason_and_its_clip_with_it() -> None:
    rig = Rig(replace(SETTINGS, max_event_seconds=1.0))
    effects = rig.see("qqqMMMMMM")
    (ended,) = [it for it in effects if isinstance(it, MotionEnded)]
    (clip,) = [it for it in effects if isinstance(it, ClipEnd)]
    assert (ended.reason, ended.duration) == (EndReason.TOO_LONG, 1.0)
    assert clip.reason is EndReason.TOO_LONG
    assert sum(isinstance(it, MotionStarted) for it in effects) == 2


def test_suppressed_motion_is_said_with_an_id_of_its_own() -> None:
    rig = Rig()
    (said,) = [it for it in rig.see("qqqLL") if isinstance(it, MotionSuppressed)]
    assert (said.event_id, said.count, said.detection.seq) == ("id0", 1, 3)


def test_scores_are_said_of_each_judged_frame_while_wanted() -> None:
    rig = Rig(replace(SETTINGS, scores=True))
    assert sum(isinstance(it, FrameScored) for it in rig.see("qdq")) == 3
    rig.step(Configure(SETTINGS))
    assert not any(isinstance(it, FrameScored) for it in rig.see("q", 3))


# ---------------------------------------------------------------- sessions


def test_frames_of_a_session_that_is_over_are_left_and_say_why() -> None:
    rig = Rig()
    rig.see("qqq")
    rig.step(CameraWent(1))
    assert rig.see("M", 3) == [SESSION_OVER]


def test_a_session_never_goes_back() -> None:
    rig = Rig()
    rig.see("q", session=3)
    assert rig.see("q", 1, session=2) == [SESSION_OVER]
    assert rig.see("q", 2, session=3) == [Judge(frame(2, 3))]


def test_old_news_of_a_session_change_nothing() -> None:
    rig = Rig()
    rig.see("qqqM", session=2)
    assert rig.step(CameraWent(1)) == []


def test_a_lost_session_ends_event_clip_and_history() -> None:
    rig = Rig()
    rig.see("qqqM")
    effects = rig.step(CameraWent(1))
    assert kinds(effects) == [MotionEnded, ClipEnd, ForgetJudged, ForgetSession]
    assert isinstance(effects[0], MotionEnded)
    assert effects[0].reason is EndReason.CAMERA_LOST
    assert rig.step(RecordClip("r1", 1.0)) == [], "what came before is forgotten"


# ---------------------------------------------------------------- judging


def test_disarmed_or_too_fast_a_frame_is_not_judged_and_nothing_is_wrong() -> None:
    rig = Rig(replace(SETTINGS, armed=False))
    assert rig.see("q")[-1] == NOT_NOW
    rig.step(Configure(SETTINGS))
    rig.see("q", 1)
    fast = replace(frame(2), at=0.3)
    assert rig.step(fast) == [NOT_NOW]


def test_disarming_ends_the_event() -> None:
    rig = Rig()
    rig.see("qqqM")
    ended, *_ = rig.step(Configure(replace(SETTINGS, armed=False)))
    assert isinstance(ended, MotionEnded)
    assert ended.reason is EndReason.DISARMED


def test_another_setting_leaves_the_event_alone() -> None:
    rig = Rig()
    rig.see("qqqM")
    assert rig.step(Configure(replace(SETTINGS, post_frames=7))) == []


def test_armed_again_motion_is_another_event() -> None:
    rig = Rig()
    rig.see("qqqM")
    rig.step(Configure(replace(SETTINGS, armed=False)))
    rig.step(Configure(SETTINGS))
    begun = [it.event_id for it in rig.see("qqM", 4) if isinstance(it, MotionStarted)]
    assert begun == ["id1"]


def test_frames_that_the_mask_does_not_fit_end_the_event() -> None:
    rig = Rig()
    rig.see("qqqM")
    ended = next(it for it in rig.see("x", 4) if isinstance(it, MotionEnded))
    assert ended.reason is EndReason.INTERRUPTED


def test_when_the_end_is_near_nothing_is_judged_and_a_clip_gets_its_frames() -> None:
    rig = Rig()
    rig.see("qqqM")
    rig.step(StopJudging())
    assert rig.see("M", 4) == [ClipFrame("id0", frame(4)), LEAVING]
    assert rig.step(RecordClip("r1", 1.0)) == [ClipRefused("door", "r1", LEAVING.why)]
    assert kinds(rig.step(Ended())) == [MotionEnded, ClipEnd, ForgetJudged]


def test_a_verdict_that_nobody_waits_for_any_more_is_left() -> None:
    rig = Rig()
    rig.see("qqq")
    last = frame(3)
    rig.at = last.at
    rig.pipeline.step(last, Now(rig.at, START))
    rig.step(CameraWent(1))
    assert rig.step(Judged(last, detection(last, Reason.MOTION))) == []


# ---------------------------------------------------------------- clips


def test_an_event_that_is_not_recorded_leaves_a_clip_on_demand_alone() -> None:
    rig = Rig(UNRECORDED)
    rig.see("qqq")
    start, opened = rig.step(RecordClip("r1", 1.0))
    assert isinstance(start, ClipStart)
    utc = START + timedelta(seconds=0.5)
    assert opened == ClipOpened("door", start.event_id, 0.5, utc, "r1")
    effects = rig.see("Mqqqq", 3)
    ends = [it for it in effects if isinstance(it, ClipEnd)]
    assert [(it.event_id, it.reason, it.at) for it in ends] == [
        (start.event_id, EndReason.MANUAL, 1.5)
    ]
    assert ClipClosed("door", start.event_id, 1.5, EndReason.MANUAL) in effects
    assert [it.event_id for it in effects if isinstance(it, MotionEnded)] == ["id1"]


def test_a_clip_on_demand_begins_in_an_event_that_is_not_recorded() -> None:
    rig = Rig(UNRECORDED)
    rig.see("qqqM")
    assert kinds(rig.step(RecordClip("r1", 1.0))) == [ClipStart, ClipOpened]
    refused = ClipRefused("door", "r2", "a clip is being recorded")
    assert rig.step(RecordClip("r2", 1.0)) == [refused]


def test_a_recorded_event_ends_a_clip_on_demand_before_its_own_begins() -> None:
    rig = Rig()
    rig.see("qqq")
    rig.step(RecordClip("r1", 60.0))
    effects = [it for it in rig.see("M", 3) if not isinstance(it, Judge)]
    assert kinds(effects) == [
        ClipFrame,
        MotionStarted,
        ShowEvent,
        ClipEnd,
        ClipClosed,
        ClipStart,
    ]


def test_a_lost_recording_closes_that_clip_only_and_its_event_goes_on() -> None:
    rig = Rig()
    rig.see("qqqM")
    assert rig.step(CloseClip("another")) == []
    (end,) = rig.step(CloseClip("id0"))
    assert isinstance(end, ClipEnd)
    assert end.reason is EndReason.INTERRUPTED
    _, opened = rig.step(RecordClip("r1", 60.0))
    assert isinstance(opened, ClipOpened)
    assert kinds(rig.step(CloseClip(opened.event_id))) == [ClipEnd, ClipClosed]
    assert kinds(rig.see("qqq", 4)) == [Judge, Judge, Judge, MotionEnded]


def test_a_clip_of_two_streams_is_of_the_recording_one_while_that_comes() -> None:
    rig = Rig(two_streams=True)
    for seq in range(4):
        rig.step(RecordingFrameCame(Frame(b"large", seq / 4, seq, 1)))
        rig.see("M" if seq == 3 else "q", seq)
    (start,) = [it for it in rig.done if isinstance(it, ClipStart)]
    assert (start.stream, {it.jpeg for it in start.frames}) == (Stream.RECORD_SOURCE, {b"large"})
    assert [it.jpeg for it in start.triggers] == [b"jpeg"] * 3
    late = Frame(b"large", 1.0, 4, 1)
    assert rig.step(RecordingFrameCame(late)) == [ClipFrame("id0", late, best=True)]
    assert rig.see("q", 4) == [Judge(frame(4))]


# ---------------------------------------------------------------- pictures and time


def test_a_picture_is_of_the_next_frame_behind_its_verdict() -> None:
    rig = Rig()
    order = TakePicture("r1")
    assert rig.step(order) == []
    *_, judge, still = rig.see("q")
    assert isinstance(judge, Judge)
    assert isinstance(still, TakeStill)
    assert (still.frame, still.order, still.reason) == (frame(0), order, PictureReason.MANUAL)


def test_a_damaged_picture_is_tried_with_the_next_frame_and_refused_at_last() -> None:
    rig = Rig()
    rig.step(TakePicture("r1"))
    rig.see("dd")
    assert sum(isinstance(it, TakeStill) for it in rig.done) == 2
    rig.at = 2.0
    last, refused = rig.step(Looked())
    assert isinstance(last, TakeStill)
    assert refused == PictureRefused("door", "r1", "the camera's last picture is damaged")


def test_during_an_event_time_goes_by_the_clock_of_its_start() -> None:
    rig = Rig()
    rig.see("qqqM")
    rig.pipeline.step(Looked(), Now(1.0, START - timedelta(hours=1)))
    assert rig.pipeline.utc(1.0) == START + timedelta(seconds=1)
    rig.see("qqq", 4)
    rig.pipeline.step(Looked(), Now(2.0, START - timedelta(hours=1)))
    assert rig.pipeline.utc(2.0) == START - timedelta(hours=1)
