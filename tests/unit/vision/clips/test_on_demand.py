"""Clips that somebody asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.core.clips import ClipPlan, PreRoll
from agent.core.frame import Frame
from agent.core.messages import (
    ClipClosed,
    ClipEnd,
    ClipFrame,
    ClipOpened,
    ClipPart,
    ClipRefused,
    ClipStart,
    Detection,
    EndReason,
    MotionEnded,
    MotionStarted,
    Reason,
)
from agent.core.orders import RecordClip
from agent.vision.clips.clip_feed import ClipFeed
from agent.vision.clips.on_demand import OnDemand

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Rig:
    """An `OnDemand` between a recorder and an engine that remember."""

    def __init__(self) -> None:
        self.parts: list[ClipPart] = []
        self.told: list[object] = []
        self.room = True
        self.feed = ClipFeed(self._take)
        self.on_demand = OnDemand(
            "yard",
            self.feed,
            lambda at: START + timedelta(seconds=at),
            self.told.append,
        )

    def _take(self, part: ClipPart, _size: int) -> bool:
        if self.room:
            self.parts.append(part)
        return self.room


def ended(event: MotionStarted) -> MotionEnded:
    found = event.detection
    return MotionEnded(
        "yard", event.event_id, 2.0, START, START, 1.0, found, found, EndReason.CLEARED, 4, 4
    )


def frames(first: int, last: int) -> tuple[Frame, ...]:
    """Four frames a second."""
    return tuple(Frame(b"jpeg", n / 4, n, 1) for n in range(first, last))


def test_a_clip_begins_with_the_last_moments_and_ends_after_its_seconds() -> None:
    rig = Rig()
    rig.on_demand.start(RecordClip("r1", 2.0), frames(0, 4))
    for frame in frames(4, 20):
        rig.on_demand.frame(frame)
    start, *middle, end = rig.parts
    assert isinstance(start, ClipStart)
    assert (start.frames, start.triggers, start.delta) == (frames(0, 4), (), b"")
    assert start.detection.reason is Reason.MANUAL
    assert [part.frame.at for part in middle if isinstance(part, ClipFrame)][-1] == 2.75
    assert isinstance(end, ClipEnd)
    assert (end.reason, end.truncated) == (EndReason.MANUAL, False)
    opened, closed = rig.told
    assert isinstance(opened, ClipOpened)
    assert isinstance(closed, ClipClosed)
    assert (opened.request, opened.event_id) == ("r1", closed.event_id)


def test_one_clip_at_a_time_and_none_without_a_picture_or_room() -> None:
    rig = Rig()
    rig.on_demand.start(RecordClip("r1", 2.0), ())
    rig.room = False
    rig.on_demand.start(RecordClip("r3", 2.0), frames(0, 2))
    rig.room = True
    rig.on_demand.start(RecordClip("r4", 2.0), frames(0, 2))
    rig.on_demand.start(RecordClip("r5", 2.0), frames(0, 2))
    refused = [told.request for told in rig.told if isinstance(told, ClipRefused)]
    assert refused == ["r1", "r3", "r5"]


def test_what_ends_a_clip_early_is_said() -> None:
    rig = Rig()
    rig.on_demand.start(RecordClip(None, 60.0), frames(0, 2))
    rig.on_demand.end(EndReason.CAMERA_LOST)
    rig.on_demand.end(EndReason.SHUTDOWN)
    (closed,) = [told for told in rig.told if isinstance(told, ClipClosed)]
    assert closed.reason is EndReason.CAMERA_LOST


def test_the_recent_frames_are_those_of_the_pre_roll() -> None:
    preroll = PreRoll(1.0)
    assert preroll.recent() == ()
    for frame in frames(0, 20):
        preroll.add(frame)
    assert preroll.recent() == frames(15, 20)


def test_an_event_that_is_not_recorded_leaves_the_feed_to_who_asks() -> None:
    rig = Rig()
    other = MotionStarted(
        "yard", "E", 1.0, START, Detection(1, 1.0, motion=True, reason=Reason.MOTION)
    )
    rig.feed.start(other, ClipPlan(frames(0, 2), ()))
    rig.on_demand.start(RecordClip("r1", 2.0), frames(0, 2))
    assert isinstance(rig.told[-1], ClipRefused), "that one is recorded"
    rig.feed.end(ended(other), frames(0, 2)[-1])
    rig.on_demand.start(RecordClip("r2", 2.0), frames(0, 2))
    rig.feed.end(ended(other), frames(0, 2)[-1])
    assert rig.on_demand.open_id == rig.feed.open_id is not None
