"""The clip as the recorder is told about it, also when the recorder has no room."""

from datetime import UTC, datetime

import pytest

from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipPart,
    ClipStart,
    Detection,
    EndReason,
    Reason,
)
from agent.vision.clip_feed import ClipFeed
from tests.support.scene import frame

UTC_NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
N = Detection(2, 1000.5, motion=True, reason=Reason.MOTION, score=8.0)
FRAMES = (frame(0), frame(1), frame(2))


class Recorder:
    """Takes parts while it has room."""

    def __init__(self) -> None:
        self.parts: list[ClipPart] = []
        self.sizes: list[int] = []
        self.room = True

    def put(self, part: ClipPart, size: int) -> bool:
        if self.room:
            self.parts.append(part)
            self.sizes.append(size)
        return self.room


def started(event_id: str = "A", delta: bytes = b"") -> ClipStart:
    return ClipStart("door", event_id, N.at, UTC_NOW, FRAMES, FRAMES, delta, N)


def fed(event_id: str, seq: int) -> ClipFrame:
    return ClipFrame(event_id, frame(seq))


def ended(event_id: str = "A") -> ClipEnd:
    return ClipEnd(event_id, 1003.0, EndReason.CLEARED, FRAMES[2], N, 10)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def feed(recorder: Recorder) -> ClipFeed:
    return ClipFeed(recorder.put)


def test_a_clip_is_its_start_its_frames_and_its_end(feed: ClipFeed, recorder: Recorder) -> None:
    feed.start(started(delta=b"delta"))
    feed.frame(fed("A", 3))
    feed.end(ended())

    start, middle, end = recorder.parts
    assert (start, middle, end) == (started(delta=b"delta"), fed("A", 3), ended())
    assert feed.truncated == 0


def test_a_part_weighs_what_its_bytes_weigh(feed: ClipFeed, recorder: Recorder) -> None:
    feed.start(started(delta=b"delta"))
    feed.frame(fed("A", 3))

    jpeg = len(frame(0).jpeg)
    assert recorder.sizes == [3 * jpeg + len(b"delta"), jpeg]


def test_a_full_recorder_truncates_the_clip_and_no_later_frame_is_added(
    feed: ClipFeed, recorder: Recorder
) -> None:
    feed.start(started())
    recorder.room = False
    feed.frame(fed("A", 3))
    recorder.room = True
    feed.frame(fed("A", 4))
    feed.end(ended())

    assert [type(it) for it in recorder.parts] == [ClipStart, ClipEnd]
    assert isinstance(recorder.parts[-1], ClipEnd)
    assert recorder.parts[-1].truncated
    assert feed.truncated == 1


def test_an_end_that_was_refused_is_sent_again_until_it_is_taken(
    feed: ClipFeed, recorder: Recorder
) -> None:
    feed.start(started())
    recorder.room = False
    feed.end(ended())
    feed.retry()
    recorder.room = True
    feed.retry()
    feed.retry()

    assert [type(it) for it in recorder.parts] == [ClipStart, ClipEnd]


def test_a_clip_that_the_recorder_cannot_begin_is_counted_and_sends_nothing(
    feed: ClipFeed, recorder: Recorder
) -> None:
    recorder.room = False
    feed.start(started())
    recorder.room = True
    feed.frame(fed("A", 3))
    feed.end(ended())

    assert recorder.parts == []
    assert feed.truncated == 1


def test_no_clip_begins_while_the_one_before_has_no_end(feed: ClipFeed, recorder: Recorder) -> None:
    feed.start(started("A"))
    recorder.room = False
    feed.end(ended("A"))
    feed.start(started("B"))
    recorder.room = True
    feed.retry()
    feed.end(ended("B"))
    feed.start(started("C"))

    ids = [it.event_id for it in recorder.parts if not isinstance(it, ClipFrame)]  # type: ignore[union-attr]  # no StorePicture here
    assert ids == ["A", "A", "C"]
    assert feed.truncated == 1


def test_without_a_clip_frames_and_end_are_nothing(feed: ClipFeed, recorder: Recorder) -> None:
    feed.frame(fed("A", 3))
    feed.end(ended())

    assert recorder.parts == []


def test_what_is_said_of_another_clip_does_not_touch_the_open_one(
    feed: ClipFeed, recorder: Recorder
) -> None:
    feed.start(started("A"))
    feed.frame(fed("B", 3))
    feed.end(ended("B"))
    assert not feed.start(started("C"))
    feed.frame(fed("A", 4))
    feed.end(ended("A"))

    assert [it.event_id for it in recorder.parts if isinstance(it, ClipStart | ClipEnd)] == [
        "A"
    ] * 2
    assert [it.frame.seq for it in recorder.parts if isinstance(it, ClipFrame)] == [4]
