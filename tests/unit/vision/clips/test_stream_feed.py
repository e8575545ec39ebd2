"""Clips of two streams: which frames they are made of, and what is done when one falls silent."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.core.clips import ClipPlan
from agent.core.frame import Frame, Video
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipPart,
    ClipStart,
    Detection,
    EndReason,
    MotionEnded,
    MotionStarted,
    Reason,
    Stream,
)
from agent.vision.clips.stream_feed import SILENCE, StreamFeed

START = datetime(2026, 11, 22, 7, tzinfo=UTC)


class Rig:
    """A feed and what the recorder gets; `source` comes 4, `record_source` 10 times a second."""

    def __init__(self) -> None:
        self.parts: list[ClipPart] = []
        self.feed = StreamFeed(self._take, 1.0)
        self.tenths = 0

    def _take(self, part: ClipPart, _size: int) -> bool:
        self.parts.append(part)
        return True

    def pass_by(self, seconds: float, *, record: bool = True, source: bool = True) -> None:
        for _ in range(round(seconds * 10)):
            self.tenths += 1
            at = self.tenths / 10
            if record:
                video = Video(b"video", "h264", self.tenths % 10 == 0)
                self.feed.record(Frame(b"", at, self.tenths, 1, video))
            if source and self.tenths % 5 == 0:
                self.feed.frame("A", Frame(b"small", at, self.tenths, 1))

    def start(self) -> ClipStart:
        at = self.tenths / 10
        found = Detection(self.tenths, at, motion=True, reason=Reason.MOTION)
        small = tuple(Frame(b"small", at + n / 4, n, 1) for n in (-2, -1, 0))
        plan = ClipPlan(small, small)
        assert self.feed.start(MotionStarted("door", "A", at, START, found), plan)
        start = self.parts[-1]
        assert isinstance(start, ClipStart)
        return start

    def end(self) -> ClipEnd:
        at = self.tenths / 10
        found = Detection(self.tenths, at, motion=True, reason=Reason.MOTION)
        reason = EndReason.CLEARED
        ended = MotionEnded("door", "A", at, START, START, 1.0, found, found, reason, 1, 1)
        self.feed.end(ended, Frame(b"small", at, 0, 1))
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
    assert rig.feed.replaced == 0


def test_without_a_living_recording_stream_a_clip_is_of_the_judged_one_and_counted() -> None:
    rig = Rig()
    rig.pass_by(3.0)
    rig.pass_by(SILENCE, record=False)
    start = rig.start()
    rig.pass_by(1.0)
    assert (start.stream, rig.end().stream) == (Stream.SOURCE, Stream.SOURCE)
    assert [part.frame.jpeg for part in rig.fed] == [b"small"] * 2
    assert rig.feed.replaced == 1


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
    assert rig.feed.replaced == 1
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
    assert rig.feed.replaced == 0


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
    rig.feed.peak("A")
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
    assert rig.feed.replaced == 0


def test_what_is_said_of_another_clip_does_not_touch_the_open_one() -> None:
    rig = Rig()
    rig.pass_by(2)
    rig.start()
    rig.pass_by(1)
    rig.feed.peak("B")
    found = Detection(rig.tenths, rig.tenths / 10, motion=True, reason=Reason.MOTION)
    other = MotionStarted("door", "B", rig.tenths / 10, START, found)
    small = (Frame(b"small", rig.tenths / 10, 1, 1),)
    assert not rig.feed.start(other, ClipPlan(small, ()))
    before = len(rig.parts)
    rig.pass_by(1)
    assert rig.end().stream is Stream.RECORD_SOURCE
    added = [it for it in rig.parts[before:] if isinstance(it, ClipFrame)]
    assert {it.event_id for it in added} == {"A"}
    assert not any(it.best for it in added), "the best moment was another clip's"
