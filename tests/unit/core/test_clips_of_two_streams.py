"""Clips of two streams: which frames they are made of, and what is done when one falls silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.core.camera_clips import SILENCE, CameraClips
from agent.core.camera_stills import PATIENCE
from agent.core.frame import Frame, Video
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
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
from agent.core.pre_roll import always

START = datetime(2026, 11, 22, 7, tzinfo=UTC)


class Rig:
    """A camera's clips and what is done; `record_source` comes 10 times a second."""

    def __init__(self) -> None:
        self.parts: list[PipelineEffect] = []
        self.clips = CameraClips(
            "door",
            1.0,
            self.parts.append,
            lambda at: START + timedelta(seconds=at),
            lambda _utc: "A",
            always,
            two_streams=True,
        )
        self.tenths = 0

    def pass_by(self, seconds: float, *, record: bool = True, source: bool = True) -> None:
        for _ in range(round(seconds * 10)):
            self.tenths += 1
            at = self.tenths / 10
            if record:
                video = Video(b"video", "h264", self.tenths % 10 == 0)
                self.clips.record(Frame(b"", at, self.tenths, 1, video))
            if source and self.tenths % 5 == 0:
                self.clips.frame(Frame(b"small", at, self.tenths, 1))

    @property
    def found(self) -> Detection:
        return Detection(self.tenths, self.tenths / 10, motion=True, reason=Reason.MOTION)

    def start(self) -> ClipStart:
        at = self.tenths / 10
        for n in (-2, -1, 0):
            self.clips.judged(Frame(b"small", at + n / 4, self.tenths + n, 1))
        self.clips.begin(MotionStarted("door", "A", at, START, self.found))
        (start,) = [part for part in self.parts[-1:] if isinstance(part, ClipStart)]
        self.clips.answered(start, taken=True)
        return start

    def ended(self, event_id: str) -> MotionEnded:
        at, reason, found = self.tenths / 10, EndReason.CLEARED, self.found
        return MotionEnded("door", event_id, at, START, START, 1.0, found, found, reason, 1, 1)

    def end(self) -> ClipEnd:
        self.clips.end(self.ended("A"), Frame(b"small", self.tenths / 10, 0, 1))
        end = self.parts[-1]
        assert isinstance(end, ClipEnd)
        return end

    @property
    def fed(self) -> list[ClipFrame]:
        return [part for part in self.parts if isinstance(part, ClipFrame)]


def test_a_clip_is_of_the_recording_stream_from_a_key_picture_on() -> None:
    rig = Rig()
    rig.pass_by(5.5)
    start = rig.start()
    rig.pass_by(2.0)
    end = rig.end()
    assert start.frames[0].video is not None
    assert start.frames[0].video.key
    assert 1.0 <= start.at - start.frames[0].at <= 2.0
    assert [it.jpeg for it in start.triggers] == [b"small"] * 3, "what was judged, as it was"
    assert len(rig.fed) == 20
    assert all(part.frame.video for part in rig.fed)
    assert (start.stream, end.stream) == (Stream.RECORD_SOURCE, Stream.RECORD_SOURCE)
    assert rig.clips.replaced == 0


def test_without_a_living_recording_stream_a_clip_is_of_the_judged_one_and_counted() -> None:
    rig = Rig()
    rig.pass_by(3.0)
    rig.pass_by(SILENCE, record=False)
    start = rig.start()
    rig.pass_by(1.0)
    assert (start.stream, rig.end().stream) == (Stream.SOURCE, Stream.SOURCE)
    assert [part.frame.jpeg for part in rig.fed] == [b"small"] * 2
    assert rig.clips.replaced == 1


def test_when_it_falls_silent_the_judged_stream_fills_the_gap_and_goes_on() -> None:
    rig = Rig()
    rig.pass_by(3.0)
    rig.start()
    rig.pass_by(2.0)
    rig.pass_by(SILENCE + 1.0, record=False)
    rig.pass_by(2.0)
    end = rig.end()
    fed = rig.fed
    assert sum(1 for part in fed if part.frame.video) == 20
    small = [part.frame.at for part in fed if not part.frame.video]
    assert small == [5.5 + n / 2 for n in range(12)], "each frame since, once, to the end"
    assert end.stream is Stream.BOTH
    assert rig.clips.replaced == 1
    rig.pass_by(1.5)
    assert rig.start().stream is Stream.RECORD_SOURCE, "the next clip is of it again"


def test_the_last_moments_are_there_when_it_falls_silent_just_before_the_end() -> None:
    rig = Rig()
    rig.pass_by(3.0)
    rig.start()
    rig.pass_by(2.0)
    rig.pass_by(1.5, record=False)
    assert rig.end().stream is Stream.BOTH
    assert [part.frame.at for part in rig.fed][-3:] == [5.5, 6.0, 6.5]


def test_a_picture_more_or_less_at_the_end_is_no_matter() -> None:
    rig = Rig()
    rig.pass_by(3.0)
    rig.start()
    rig.pass_by(2.0)
    rig.pass_by(0.5, record=False)
    assert rig.end().stream is Stream.RECORD_SOURCE
    assert rig.clips.replaced == 0


def test_the_judged_stream_may_fall_silent_first() -> None:
    rig = Rig()
    rig.pass_by(3.0)
    rig.start()
    rig.pass_by(9.0, source=False)
    rig.pass_by(0.5)
    assert rig.end().stream is Stream.RECORD_SOURCE
    assert len(rig.fed) == 95


def test_the_frame_behind_a_peak_may_be_the_best_picture() -> None:
    rig = Rig()
    rig.pass_by(3.0)
    rig.start()
    rig.pass_by(1.0)
    rig.clips.peak("A")
    rig.pass_by(1.0)
    assert [part.frame.at for part in rig.fed if part.best] == [3.1, 4.1]


def test_between_clips_nothing_is_sent() -> None:
    rig = Rig()
    rig.pass_by(3.0)
    rig.start()
    rig.end()
    before = len(rig.parts)
    rig.pass_by(SILENCE + 2)
    rig.pass_by(SILENCE + 2, record=False)
    assert len(rig.parts) == before
    assert rig.clips.replaced == 0


def test_what_is_said_of_another_clip_does_not_touch_the_open_one() -> None:
    rig = Rig()
    rig.pass_by(2)
    rig.start()
    rig.pass_by(1)
    rig.clips.peak("B")
    before = len(rig.parts)
    rig.clips.end_on_demand(EndReason.MANUAL)
    rig.clips.end_on_demand(EndReason.INTERRUPTED, "A")
    rig.clips.end(rig.ended("B"), Frame(b"small", 0.0, 0, 1))
    rig.pass_by(1)
    assert rig.end().stream is Stream.RECORD_SOURCE
    added = [it for it in rig.parts[before:] if isinstance(it, ClipFrame)]
    assert len(added) == 10
    assert not any(it.best for it in added), "the best moment was another clip's"


def test_a_clip_that_the_recorder_had_no_room_for_is_said_to_be_lost_and_is_not_replaced() -> None:
    rig = Rig()
    rig.pass_by(1.0, record=False)
    start = rig.start()
    rig.end()
    rig.clips.replaced = 0
    rig.clips.answered(start, taken=False)
    (lost,) = [it for it in rig.parts if isinstance(it, RecordingFailed)]
    assert (lost.event_id, lost.code) == ("A", "recorder_full")
    assert rig.clips.replaced == 0


def test_a_clip_on_demand_waits_for_the_recording_stream_that_comes_a_moment_later() -> None:
    rig = Rig()
    rig.clips.ask(RecordClip("r", 2.0), "", 0.0)
    rig.pass_by(0.6, record=False)
    assert rig.parts == []
    rig.pass_by(0.4)
    (start,) = rig.parts
    assert isinstance(start, ClipStart)
    assert start.stream is Stream.RECORD_SOURCE


def test_a_clip_on_demand_is_of_the_judged_stream_where_the_other_one_does_not_come() -> None:
    rig = Rig()
    rig.clips.ask(RecordClip("r", 2.0), "", 0.0)
    rig.pass_by(0.6, record=False)
    rig.clips.tick(PATIENCE)
    (start,) = rig.parts
    assert isinstance(start, ClipStart)
    assert start.stream is Stream.SOURCE


def test_an_event_that_begins_takes_the_place_of_a_clip_that_waits() -> None:
    rig = Rig()
    rig.clips.ask(RecordClip("r", 2.0), "", 0.0)
    rig.pass_by(0.6, record=False)
    start = rig.start()
    rig.clips.tick(PATIENCE)
    refused = [it.message for it in rig.parts if isinstance(it, ClipRefused)]
    assert refused == ["a clip is being recorded"]
    assert [it for it in rig.parts if isinstance(it, ClipStart)] == [start]
