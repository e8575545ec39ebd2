"""The vision worker in its real thread, with the real clock."""

from collections.abc import Iterator

import pytest

from agent.core.frame import Frame
from agent.core.messages import (
    ClipEnd,
    ClipPart,
    EndReason,
    MotionEnded,
    MotionStarted,
    PictureRefused,
    PictureTaken,
    StorePicture,
)
from agent.core.orders import TakePicture, VisionOrder
from agent.runtime.clock import SystemClock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.vision.worker import VisionOptions, VisionWorker
from tests.support.scene import frame
from tests.support.vision import SETTINGS
from tests.support.waiting import PATIENCE, wait_until


class Camera:
    """A running vision worker, and the camera before it."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.began = self.clock.monotonic()
        self.frames: Mailbox[Frame] = Mailbox("frames", 64, WhenFull.DROP_OLDEST)
        self.orders: Mailbox[VisionOrder] = Mailbox("orders", 4, WhenFull.REFUSE)
        self.said: list[object] = []
        self.parts: list[ClipPart] = []
        self.fatal: list[BaseException] = []
        self.vision = VisionWorker(
            "door",
            VisionOptions(analysis_fps=60.0),
            SETTINGS,
            self.frames,
            self.orders,
            self.said.append,
            self._record,
            self.clock,
        )
        self.worker = Worker(
            "vision", self.vision.run, self.clock, lambda _name, error: self.fatal.append(error)
        )

    def _record(self, part: ClipPart, _size: int) -> bool:
        self.parts.append(part)
        return True

    def send(self, pattern: str) -> None:
        """Frames a 32nd of a second apart, from now on."""
        for seq, letter in enumerate(pattern):
            at = self.began + seq / 32
            self.frames.put(frame(seq, motion=letter == "M", at=at))

    def heard(self, kind: type[object]) -> list[object]:
        return [it for it in self.said if isinstance(it, kind)]


@pytest.fixture
def camera() -> Iterator[Camera]:
    it = Camera()
    it.worker.start()
    yield it
    it.worker.stop.set()
    assert it.worker.join(PATIENCE)
    assert it.fatal == []


def test_an_event_goes_through_the_thread(camera: Camera) -> None:
    camera.send("qqqqqMqqqqq")

    wait_until("the event's end", lambda: camera.heard(MotionEnded))
    assert camera.worker.silent_for(camera.clock.monotonic()) < 10.0


def test_stopping_ends_the_running_event_and_its_clip(camera: Camera) -> None:
    camera.send("qqqqqM")
    wait_until("the event's start", lambda: camera.heard(MotionStarted))

    camera.worker.stop.set()
    assert camera.worker.join(PATIENCE)

    (ended,) = camera.heard(MotionEnded)
    assert isinstance(ended, MotionEnded)
    assert ended.reason is EndReason.SHUTDOWN
    *_, end, heatmap = camera.parts
    assert isinstance(end, ClipEnd)
    assert end.reason is EndReason.SHUTDOWN
    assert isinstance(heatmap, StorePicture)
    assert heatmap.heatmap


def test_a_picture_asked_for_without_any_frame_is_refused(
    camera: Camera,
) -> None:
    camera.orders.put(TakePicture("r1"))

    wait_until("the refusal", lambda: camera.heard(PictureRefused))


def test_a_picture_asked_for_comes_with_the_next_frame(camera: Camera) -> None:
    camera.orders.put(TakePicture("r1"))
    camera.send("q")

    wait_until("the picture", lambda: camera.heard(PictureTaken))
