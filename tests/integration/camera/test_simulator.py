"""The simulated camera and the source, over UDP on loopback: what was sent against what came."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from agent.camera.hk.address import HkAddress
from agent.camera.hk.packets import AckMode
from agent.camera.hk.session import hk_source
from agent.camera.hk.simulator.player import Player, Streaming
from agent.camera.hk.simulator.server import Simulator, SimulatorOptions
from agent.camera.hk.simulator.session_base import Manners
from agent.camera.hk.simulator.wire_faults import Faults
from agent.camera.reconnect import Timing
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from tests.support.jpegs import jpegs
from tests.support.rtp import pictures
from tests.support.waiting import PATIENCE, wait_until

CLOCK = SystemClock()
PICTURES = jpegs(120, 30_000)


class Pair:
    """A simulator and a source that watches it, each in its thread."""

    def __init__(self, options: SimulatorOptions, ack: AckMode, timing: Timing) -> None:
        self.sent: list[tuple[bytes, bool]] = []
        self.frames: list[Frame] = []
        self.states: list[CameraState] = []
        self.fatal: list[str] = []
        self.simulator = Simulator(
            options, CLOCK, lambda jpeg, whole: self.sent.append((jpeg, whole))
        )
        address = HkAddress("127.0.0.1", self.simulator.port, ack)
        self.source = hk_source(
            "porch", address, CLOCK, self.frames.append, self.states.append, timing
        )
        self.workers = [
            Worker(name, run, CLOCK, lambda name, _error: self.fatal.append(name))
            for name, run in (("simulator", self.simulator.run), ("camera", self.source.run))
        ]

    def codes(self) -> list[CameraCode]:
        return [state.code for state in self.states]

    def stop_source(self) -> None:
        self.workers[1].stop.set()
        assert self.workers[1].join(PATIENCE)


@contextmanager
def pair(
    options: SimulatorOptions, ack: AckMode = AckMode.LEGACY, timing: Timing | None = None
) -> Iterator[Pair]:
    both = Pair(options, ack, timing or Timing(unreachable=0.25, refused=0.25, unknown=10.0))
    for worker in both.workers:
        worker.start()
    try:
        yield both
    finally:
        both.stop_source()
        both.workers[0].stop.set()
        assert both.workers[0].join(PATIENCE)
    assert not both.fatal
    assert not any(worker.restarts for worker in both.workers)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("pictures")
    for index, picture in enumerate(PICTURES):
        (path / f"{index:03}.jpg").write_bytes(picture)
    return str(path)


def play(both: Pair, fps: float) -> list[tuple[bytes, bool]]:
    """A second with faults and a few frames without; all that was sent up to the last one."""
    wait_until("a second of frames", lambda: len(both.sent) > fps)
    both.simulator.change(stream=Streaming(fps=fps))
    quiet = len(both.sent) + 3
    wait_until("some more without loss", lambda: len(both.sent) > quiet)
    sent = list(both.sent)
    wait_until("the last of them", lambda: both.frames[-1].jpeg == sent[-1][0])
    return sent


@pytest.mark.parametrize("fps", [3.0, 15.0, 30.0])
def test_whatever_arrives_whole_is_delivered_and_nothing_damaged(fps: float, folder: str) -> None:
    losses = (0.0, 0.02, 0.1)
    with ExitStack() as stack:
        pairs = []
        for loss in losses:
            stream = Streaming(fps=fps, faults=Faults(loss=loss, repeat=loss, reorder=loss))
            pairs.append(stack.enter_context(pair(SimulatorOptions(source=folder, stream=stream))))
        sent = [play(both, fps) for both in pairs]

    for loss, both, frames in zip(losses, pairs, sent, strict=True):
        delivered = [frame.jpeg for frame in both.frames]
        whole = [jpeg for jpeg, is_whole in frames if is_whole]
        assert delivered[: len(whole)] == whole
        assert set(delivered) <= set(PICTURES)
        assert both.simulator.complaints == []
        assert loss or len(whole) == len(frames)


def test_a_camera_that_sends_h264_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    key = b"".join(b"\0\0\0\1" + nal for nal in pictures(size=(320, 240))[0])
    monkeypatch.setattr(Player, "_look", lambda *_: key)
    with pair(SimulatorOptions(stream=Streaming(fps=15.0))) as both:
        wait_until("a refusal", lambda: CameraCode.REFUSED in both.codes())
    (told, *_) = [state.reason for state in both.states if state.code is CameraCode.REFUSED]
    assert "sends H.264 of 320x240" in told
    assert both.frames == []


def test_a_strict_camera_has_nothing_to_complain_about() -> None:
    manners = Manners(2, 156, 372, extra_early=True, extra_late=True, ack=AckMode.COUNTER)
    stream = Streaming(fps=30.0)
    options = SimulatorOptions(stream=stream, manners=manners)
    with pair(options, ack=AckMode.COUNTER) as both:
        wait_until("fifteen frames", lambda: len(both.frames) >= 15)

    assert both.simulator.complaints == []
    assert both.simulator.stats.acks > 15
    assert both.simulator.stats.sessions == 1


def test_a_client_with_the_wrong_numbers_is_complained_about(folder: str) -> None:
    stream = Streaming(fps=15.0)
    options = SimulatorOptions(source=folder, stream=stream)
    with pair(options, ack=AckMode.COUNTER) as both:
        wait_until("a complaint", lambda: both.simulator.stats.complaints > 0)

    assert "instead of SEQ=1" in both.simulator.complaints[0]


def test_a_stall_shorter_than_the_silence_limit_loses_nothing(folder: str) -> None:
    with pair(SimulatorOptions(source=folder, stream=Streaming(fps=15.0))) as both:
        wait_until("frames", lambda: len(both.frames) > 5)
        both.simulator.stall(1.0)
        wait_until("many frames", lambda: len(both.frames) > 20)

    assert both.source.stats.frames_damaged == 0
    assert both.codes() == [CameraCode.CONNECTING, CameraCode.LIVE]


def test_after_silence_the_same_camera_is_live_again(folder: str) -> None:
    with pair(SimulatorOptions(source=folder, stream=Streaming(fps=15.0))) as both:
        wait_until("frames", lambda: len(both.frames) > 5)
        both.simulator.silence(2.5)
        wait_until("a second session", lambda: both.source.stats.sessions == 2)
        wait_until("live", lambda: both.codes()[-1] is CameraCode.LIVE)

    assert both.frames[-1].session == 2


def test_after_a_reboot_a_new_session_opens(folder: str) -> None:
    with pair(SimulatorOptions(source=folder, stream=Streaming(fps=15.0))) as both:
        wait_until("frames", lambda: len(both.frames) > 5)
        both.simulator.reboot(0.5)
        wait_until("a second session", lambda: both.source.stats.sessions == 2)
        wait_until("live", lambda: both.codes()[-1] is CameraCode.LIVE)

    assert both.simulator.stats.sessions == 2


def test_a_camera_that_always_refuses_is_called_refusing() -> None:
    with pair(SimulatorOptions(manners=Manners(refusals=99))) as both:
        wait_until("refused", lambda: CameraCode.REFUSED in both.codes())

    assert both.frames == []


def test_noise_on_the_wire_reaches_no_frame(folder: str) -> None:
    stream = Streaming(fps=30.0, faults=Faults(garbage=0.05))
    with pair(SimulatorOptions(source=folder, stream=stream)) as both:
        wait_until("forty frames", lambda: len(both.sent) > 40)

    assert {frame.jpeg for frame in both.frames} <= set(PICTURES)
    assert both.source.stats.datagrams_bad > 0


def test_the_scene_can_wait_for_the_session_and_hold_its_last_picture(folder: str) -> None:
    options = SimulatorOptions(
        source=folder, loop=False, start_with_session=True, stream=Streaming(fps=60.0)
    )
    simulator = Simulator(options, CLOCK)
    assert simulator.stats.scene_started_at is None
    simulator.close()
    with pair(options) as both:
        wait_until("the end", lambda: len(both.frames) > len(PICTURES) + 5)
        started = both.simulator.stats.scene_started_at

    delivered = [frame.jpeg for frame in both.frames]
    assert delivered[: len(PICTURES)] == PICTURES
    assert set(delivered[len(PICTURES) :]) == {PICTURES[-1]}
    assert started is not None
    assert started <= both.frames[0].at


def test_a_client_that_vanishes_is_forgotten_so_that_the_next_one_gets_in(folder: str) -> None:
    with pair(SimulatorOptions(source=folder, stream=Streaming(fps=15.0))) as both:
        wait_until("frames", lambda: len(both.frames) > 5)
        vanished = both.simulator._side.session
        assert vanished is not None
        vanished.client = ("127.0.0.1", 9)  # as if the agent had been killed
        wait_until("lost", lambda: CameraCode.CONNECTING in both.codes()[1:])
        wait_until("live again", lambda: both.codes()[-1] is CameraCode.LIVE)

    assert both.source.stats.sessions == 2
