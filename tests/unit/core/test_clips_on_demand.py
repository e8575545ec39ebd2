"""Clips that somebody asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.core.camera_clips import CameraClips
from agent.core.camera_stills import PATIENCE
from agent.core.frame import Frame
from agent.core.messages import (
    ClipClosed,
    ClipEnd,
    ClipFrame,
    ClipOpened,
    ClipRefused,
    ClipStart,
    EndReason,
    Reason,
)
from agent.core.orders import RecordClip
from agent.core.pipeline_messages import PipelineEffect
from agent.core.pre_roll import PreRoll, always

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Rig:
    """A camera's clips, between a recorder and an engine that remember."""

    def __init__(self) -> None:
        self.parts: list[PipelineEffect] = []
        self.told: list[PipelineEffect] = []
        self.room = True
        self.clips = CameraClips(
            "yard",
            1.0,
            self._do,
            lambda at: START + timedelta(seconds=at),
            lambda utc: f"clip of {utc:%S}",
            always,
            two_streams=False,
        )

    def _do(self, effect: PipelineEffect) -> None:
        if not isinstance(effect, ClipStart | ClipFrame | ClipEnd):
            self.told.append(effect)
        elif self.room:
            self.parts.append(effect)
        if isinstance(effect, ClipStart):
            self.clips.answered(effect, taken=self.room)

    def see(self, *frames: Frame) -> None:
        for frame in frames:
            self.clips.frame(frame)


def frames(first: int, last: int) -> tuple[Frame, ...]:
    """Four frames a second."""
    return tuple(Frame(b"jpeg", n / 4, n, 1) for n in range(first, last))


def test_a_clip_begins_with_the_last_moments_and_ends_after_its_seconds() -> None:
    rig = Rig()
    rig.see(*frames(0, 4))
    rig.clips.ask(RecordClip("r1", 2.0), "", 0.0)
    rig.see(*frames(4, 20))
    start, *middle, end = rig.parts
    assert isinstance(start, ClipStart)
    assert (start.frames, start.triggers, start.delta) == (frames(0, 4), (), b"")
    assert start.detection.reason is Reason.MANUAL
    assert [part.frame.at for part in middle if isinstance(part, ClipFrame)][-1] == 2.75
    assert isinstance(end, ClipEnd)
    assert (end.reason, end.best.at) == (EndReason.MANUAL, 2.75)
    opened, closed = rig.told
    assert isinstance(opened, ClipOpened)
    assert isinstance(closed, ClipClosed)
    assert (opened.request, opened.event_id) == ("r1", closed.event_id)


def test_one_clip_at_a_time_and_none_without_a_picture_or_room_or_at_the_end() -> None:
    rig = Rig()
    rig.clips.ask(RecordClip("r1", 2.0), "", 0.0)
    rig.clips.tick(PATIENCE - 0.1)
    assert rig.told == []
    rig.clips.tick(PATIENCE)
    rig.see(*frames(0, 2))
    rig.clips.ask(RecordClip("r2", 2.0), "the camera is being stopped", 0.0)
    rig.room = False
    rig.clips.ask(RecordClip("r3", 2.0), "", 0.0)
    rig.room = True
    rig.clips.ask(RecordClip("r4", 2.0), "", 0.0)
    rig.clips.ask(RecordClip("r5", 2.0), "", 0.0)
    refused = {it.request: it.message for it in rig.told if isinstance(it, ClipRefused)}
    assert refused == {
        "r1": "there is no picture to begin with",
        "r2": "the camera is being stopped",
        "r3": "the recorder has no room",
        "r5": "a clip is being recorded",
    }


def test_a_clip_waits_for_the_first_picture_and_one_waits_at_a_time() -> None:
    rig = Rig()
    rig.clips.ask(RecordClip("r1", 2.0), "", 0.0)
    rig.clips.ask(RecordClip("r2", 2.0), "", 0.0)
    rig.see(*frames(0, 2))
    refused, opened = rig.told
    assert isinstance(refused, ClipRefused)
    assert (refused.request, refused.message) == (
        "r2",
        "a clip is asked for, and waits for a picture",
    )
    assert isinstance(opened, ClipOpened)
    assert opened.request == "r1"
    start, more = rig.parts
    assert isinstance(start, ClipStart)
    assert start.frames == frames(0, 1)
    assert isinstance(more, ClipFrame)


def test_what_ends_a_clip_early_is_said() -> None:
    rig = Rig()
    rig.see(*frames(0, 2))
    rig.clips.ask(RecordClip(None, 60.0), "", 0.0)
    rig.clips.forget()
    rig.clips.end_on_demand(EndReason.SHUTDOWN)
    (closed,) = [told for told in rig.told if isinstance(told, ClipClosed)]
    assert closed.reason is EndReason.CAMERA_LOST


def test_the_recent_frames_are_those_of_the_pre_roll() -> None:
    preroll = PreRoll(1.0)
    assert preroll.recent() == ()
    for frame in frames(0, 20):
        preroll.add(frame)
    assert preroll.recent() == frames(15, 20)
