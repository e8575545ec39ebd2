"""Source, engine and vision together: while a camera is called live, its frames are judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from agent.camera.hk.address import HkAddress
from agent.camera.hk.packets import AckMode
from agent.camera.hk.session import hk_source
from agent.camera.reconnect import Keeper, Timing
from agent.camera.source import SourceOptions, source_for
from agent.core import engine
from agent.core.effects import ToVision
from agent.core.engine_inputs import Told
from agent.core.frame import Frame
from agent.core.messages import CameraCode
from agent.core.orders import VisionOrder
from agent.core.state import AgentNow, CameraSetup, Now
from agent.runtime.clock import SystemClock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.vision.worker import VisionOptions, VisionWorker
from schemas.settings import CameraSettings
from tests.support.datagrams import stream
from tests.support.engine import begun
from tests.support.scene import jpeg_of, places
from tests.support.udp_camera import UdpCamera
from tests.support.vision import SETTINGS
from tests.support.waiting import PATIENCE, wait_until


class House:
    """One camera's owners with their real threads; the test is the main thread."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.inbox: Mailbox[Told] = Mailbox("inbox", 256, WhenFull.REFUSE)
        self.frames: Mailbox[Frame] = Mailbox("frames", 16, WhenFull.DROP_OLDEST)
        self.orders: Mailbox[VisionOrder] = Mailbox("orders", 64, WhenFull.REFUSE)
        self.state: AgentNow = begun(CameraSetup("yard", CameraSettings()))
        self.vision = VisionWorker(
            "yard",
            VisionOptions(analysis_fps=60.0),
            SETTINGS,
            self.frames,
            self.orders,
            self.inbox.put,
            lambda _part, _size: True,
            self.clock,
        )

    def take(self) -> CameraCode | None:
        """Hands on all that was said; where the camera stands then."""
        while (said := self.inbox.get()) is not None:
            now = Now(self.clock.monotonic(), self.clock.utc())
            self.state, effects = engine.step(self.state, said, now)  # type: ignore[arg-type]
            for effect in effects:
                if isinstance(effect, ToVision):
                    self.orders.put(effect.order)
        link = self.state.cameras["yard"].link
        return link.code if link else None

    @contextmanager
    def running(self, source: Keeper) -> Iterator[None]:
        fatal: list[BaseException] = []
        bodies = {"vision": self.vision.run, "camera": source.run}
        workers = [
            Worker(n, b, self.clock, lambda _n, e: fatal.append(e)) for n, b in bodies.items()
        ]
        for worker in workers:
            worker.start()
        try:
            yield
        finally:
            for worker in reversed(workers):
                worker.halt()
            assert all(worker.join(PATIENCE) for worker in workers)
        assert not fatal

    def wait_judged(self, feed: object = None) -> None:
        """More frames get a verdict, while the camera is live."""
        before = self.vision.stats.judged

        def judged() -> bool:
            if callable(feed):
                feed()
            live = self.take() is CameraCode.LIVE
            return live and self.vision.stats.judged > before + 3

        wait_until("frames are judged", judged)


def test_frames_after_a_stall_are_judged() -> None:
    house, numbers = House(), count()
    timing = Timing(unknown=0.5)

    with UdpCamera() as camera:
        address = HkAddress("127.0.0.1", camera.port, AckMode.LEGACY)
        source = hk_source("yard", address, house.clock, house.frames.put, house.inbox.put, timing)
        sent = 0

        def whole_frame() -> None:
            nonlocal sent
            datagrams = stream([jpeg_of(places(next(numbers)))], first=sent)
            camera.send(datagrams)
            sent += len(datagrams)

        def half_a_frame() -> bool:
            nonlocal sent
            camera.send(stream([jpeg_of(None)], first=sent)[1:])
            sent += 2
            return house.take() is CameraCode.STALLED

        with house.running(source):
            wait_until("session", lambda: camera.streaming)
            for _ in range(3):
                house.wait_judged(whole_frame)
                wait_until("stalled", half_a_frame)
            house.wait_judged(whole_frame)
        assert len(camera.cameras) >= 4, "each stall ended its session"


def test_a_clip_that_is_played_faster_than_it_lasts_is_judged_each_time(tmp_path: Path) -> None:
    """Its times run ahead of the clock, and go back with each repetition."""
    for n in range(60):
        (tmp_path / f"{n:02}.jpg").write_bytes(jpeg_of(places(n)))
    house = House()
    url = f"file:{tmp_path}?loop=1&realtime=0&fps=1"
    options = SourceOptions(room=lambda: house.frames.depth < 8)
    source = source_for(url, "yard", house.clock, house.frames.put, house.inbox.put, options)
    with house.running(source):
        house.wait_judged()
        for again in range(2, 5):

            def played(times: int = again) -> bool:
                return source.stats.sessions >= times

            wait_until("it is played again", played)
            house.wait_judged()
