"""The decisions about a camera of video: packets are recorded, what has planes is judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.core.camera_clips import SILENCE
from agent.core.camera_pipeline import CODED_ONLY, NOT_NOW, CameraPipeline
from agent.core.frame import Frame, Video
from agent.core.messages import (
    ClipClosed,
    ClipEnd,
    ClipFrame,
    ClipStart,
    Detection,
    Reason,
)
from agent.core.orders import CameraWent, RecordClip
from agent.core.pipeline_messages import (
    ClipAnswered,
    Input,
    Judge,
    Judged,
    PipelineEffect,
    RecordingFrameCame,
)
from agent.core.state import Now
from tests.support.vision import SETTINGS

START = datetime(2026, 11, 22, 7, tzinfo=UTC)


class _Seen:
    """A decoded picture that nobody looks at."""

    size = (480, 640)

    def luma(self, scale: int) -> object:
        """Never called."""
        raise NotImplementedError

    def colour(self, scale: int) -> object:
        """Never called."""
        raise NotImplementedError

    def fitted(self, width: int, height: int) -> object:
        """Never called."""
        raise NotImplementedError

    def rows(self, each: int) -> object:
        """Never called."""
        raise NotImplementedError


class Rig:
    """A pipeline of a camera with 4 pictures a second, each fourth a key picture."""

    def __init__(self, *, two_streams: bool = False) -> None:
        self.pipeline = CameraPipeline(
            "door", SETTINGS, 4.0, 1.0, two_streams=two_streams, new_id=lambda _: "A"
        )
        self.at = 0.0
        self.done: list[PipelineEffect] = []

    def see(self, seq: int, *, motion: bool = False, planes: bool = True) -> list[PipelineEffect]:
        self.at = seq / 4
        video = Video(b"packet", "h264", seq % 4 == 0)
        it = Frame(b"", self.at, seq, 1, video, _Seen() if planes else None)
        reason = Reason.MOTION if motion else Reason.QUIET
        return self.step(it, Detection(seq, self.at, motion, reason, score=1.0))

    def step(self, cause: Input, verdict: Detection | None = None) -> list[PipelineEffect]:
        done = len(self.done)
        now = Now(self.at, START + timedelta(seconds=self.at))
        for effect in self.pipeline.step(cause, now):
            self.done.append(effect)
            if isinstance(effect, Judge):
                self.step(Judged(effect.frame, verdict))
            if isinstance(effect, ClipStart):
                self.step(ClipAnswered(effect, taken=True))
        return self.done[done:]

    @property
    def fed(self) -> list[Frame]:
        return [it.frame for it in self.done if isinstance(it, ClipFrame)]

    def started(self) -> ClipStart:
        (start,) = [it for it in self.done if isinstance(it, ClipStart)]
        return start


def test_a_clip_has_packets_from_a_key_picture_on_and_the_judged_pictures_beside_them() -> None:
    rig = Rig()
    for seq in range(10):
        rig.see(seq)
    for seq in range(10, 14):
        rig.see(seq, motion=True)
    start = rig.started()
    first = start.frames[0]
    assert first.video is not None
    assert first.video.key
    assert first.at <= start.at - 1.0
    assert [it.seq for it in start.frames] == list(range(first.seq, 11))
    assert not any(it.decoded for it in (*start.frames, *rig.fed)), "planes weigh too much to wait"
    assert all(it.decoded for it in start.triggers)
    assert [it.seq for it in rig.fed] == [11, 12, 13]


def test_a_picture_without_planes_is_recorded_and_not_judged_nor_shown() -> None:
    rig = Rig()
    for seq in range(3):
        rig.see(seq)
    rig.see(3, motion=True)
    latest = rig.pipeline.latest
    effects = rig.see(4, planes=False)
    assert [type(it) for it in effects[:1]] == [ClipFrame]
    assert effects[1:] == [NOT_NOW]
    assert rig.pipeline.latest is latest
    rig.step(CameraWent(1))
    (end,) = [it for it in rig.done if isinstance(it, ClipEnd)]
    assert end.best.decoded


def test_it_is_said_that_nothing_is_judged_once_no_picture_had_planes_for_seconds() -> None:
    rig = Rig()
    said = [rig.see(seq, planes=seq < 2)[-1] for seq in range(12)]
    assert said[2:9] == [NOT_NOW] * 7, "the camera's thread looks at some of them only"
    assert said[10:] == [CODED_ONLY] * 2


def test_what_needs_a_lost_picture_is_not_recorded_up_to_the_next_key_picture() -> None:
    rig = Rig()
    for seq in range(3):
        rig.see(seq)
    rig.see(3, motion=True)
    for seq in range(5, 10):  # 4, a key picture, was lost
        rig.see(seq, motion=True)
    assert [it.seq for it in rig.fed] == [8, 9]


def test_a_clip_on_demand_ends_with_a_picture_that_can_be_looked_at() -> None:
    rig = Rig()
    rig.see(0, planes=False)
    assert rig.step(RecordClip("r1", 1.0)) == []
    rig.see(1)
    rig.see(2, planes=False)
    assert [it.seq for it in rig.started().frames] == [0, 1]
    for seq in range(3, 7):
        rig.see(seq, planes=False)
    (end,) = [it for it in rig.done if isinstance(it, ClipEnd)]
    assert end.best.seq == 1
    assert any(isinstance(it, ClipClosed) for it in rig.done)


def test_the_judged_stream_stands_in_from_a_key_picture_on() -> None:
    rig = Rig(two_streams=True)
    for seq in range(12):
        large = Video(b"large", "hevc", seq % 12 == 0)
        rig.step(RecordingFrameCame(Frame(b"", seq / 4 + 0.1, seq, 1, large)))
        rig.see(seq)
    rig.see(12, motion=True)
    rig.step(RecordingFrameCame(Frame(b"", 3.2, 12, 1, Video(b"large", "hevc", key=True))))
    before = len(rig.fed)
    assert before
    last = 13 + round(SILENCE * 4) + 4
    for seq in range(13, last):
        rig.see(seq, motion=True)
    assert [it.seq for it in rig.fed[before:]] == list(range(16, last)), "13 to 15 need 12"
