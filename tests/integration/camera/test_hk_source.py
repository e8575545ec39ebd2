from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from agent.camera.hk import link_base
from agent.camera.hk.address import HkAddress
from agent.camera.hk.packets import AckMode
from agent.camera.hk.session import hk_source
from agent.camera.hk.udp import Channel
from agent.camera.reconnect import Keeper, Timing
from agent.camera.source import source_for
from agent.core.errors import CameraUnreachable, ConfigError
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from tests.support.broker import free_port
from tests.support.datagrams import stream
from tests.support.jpegs import jpegs
from tests.support.udp_camera import UdpCamera
from tests.support.waiting import PATIENCE, wait_until

QUICK = Timing(retry_first=0.125, retry_limit=0.25, unreachable=0.25, refused=0.25, unknown=10.0)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No session is over because the test was held up between two steps."""
    monkeypatch.setattr(link_base, "SILENCE", PATIENCE)
    monkeypatch.setattr(link_base, "NO_MORE_IMAGES", PATIENCE)


class Agent:
    """A source in its thread, and all it said."""

    def __init__(self, port: int, timing: Timing, host: str) -> None:
        self.frames: list[Frame] = []
        self.states: list[CameraState] = []
        self.fatal: list[BaseException] = []
        clock = SystemClock()
        address = HkAddress(host, port, AckMode.LEGACY)
        self.source = hk_source(
            "porch", address, clock, self.frames.append, self.states.append, timing
        )
        self.worker = Worker(
            "camera", self.source.run, clock, lambda _name, error: self.fatal.append(error)
        )

    def codes(self) -> list[CameraCode]:
        return [state.code for state in self.states]

    def wait_for(self, code: CameraCode, seconds: float = PATIENCE) -> CameraState:
        def found() -> CameraState | None:
            return next((state for state in self.states if state.code is code), None)

        state = wait_until(f"state {code}", found, seconds)
        assert state is not None
        return state


@contextmanager
def running(port: int, timing: Timing = QUICK, host: str = "127.0.0.1") -> Iterator[Agent]:
    agent = Agent(port, timing, host)
    agent.worker.start()
    try:
        yield agent
    finally:
        agent.worker.stop.set()
        assert agent.worker.join(PATIENCE)
    assert not agent.fatal
    assert not agent.worker.restarts


def settled(value: Callable[[], object], wanted: object) -> None:
    wait_until(f"{wanted}, last {value()}", lambda: value() == wanted)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_frames_arrive_byte_for_byte_and_leaving_is_said(host: str) -> None:
    pictures = jpegs(20, 20_000)
    with UdpCamera("::1" if host == "::1" else "127.0.0.1") as camera:
        with running(camera.port, host=host) as agent:
            wait_until("session", lambda: camera.streaming)
            camera.send(stream(pictures))
            settled(lambda: len(agent.frames), 20)
        wait_until("farewell", lambda: camera.cameras[0].heard[-1] == "delete")

    assert [frame.jpeg for frame in agent.frames] == pictures
    assert [frame.seq for frame in agent.frames] == list(range(20))
    assert {frame.session for frame in agent.frames} == {1}
    assert agent.codes() == [CameraCode.CONNECTING, CameraCode.LIVE]
    assert len(camera.cameras[0].acks) == len(stream(pictures)) // 5
    assert agent.source.stats.frames == 20


def test_live_is_said_with_the_first_whole_frame_and_not_before() -> None:
    datagrams = stream(jpegs(1, 20_000))
    with UdpCamera() as camera, running(camera.port) as agent:
        wait_until("session", lambda: camera.streaming)
        camera.send(datagrams[:-1])
        settled(lambda: agent.source.stats.fragments, len(datagrams) - 1)
        assert agent.codes() == [CameraCode.CONNECTING]

        camera.send(datagrams[-1:])

        agent.wait_for(CameraCode.LIVE)


def test_a_refusing_camera_rests_before_the_next_attempt_on_a_fresh_port() -> None:
    with UdpCamera(refusals=9) as camera, running(camera.port) as agent:
        state = agent.wait_for(CameraCode.REFUSED)
        wait_until("a second attempt", lambda: len(camera.clients) == 2)

    assert state.retry_in == QUICK.refused
    assert camera.clients[0] != camera.clients[1]


def test_a_port_where_nobody_listens_is_unreachable_at_once() -> None:
    with running(free_port(), replace(QUICK, unreachable=600.0)) as agent:
        state = agent.wait_for(CameraCode.UNREACHABLE)

    assert "nobody listens" in state.reason


def test_a_camera_that_does_not_answer_is_unreachable_after_two_seconds() -> None:
    with UdpCamera(silent_at="status 82") as camera, running(camera.port) as agent:
        state = agent.wait_for(CameraCode.UNREACHABLE)

    assert state.reason == "no answer to the first status for 2 s"


def test_a_silent_session_is_lost_and_opened_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Timing(retry_first=600.0, unreachable=600.0, lasting=0.0)
    with UdpCamera() as camera, running(camera.port, slow) as agent:
        for session in (1, 2):
            settled(lambda: (len(camera.cameras), camera.streaming), (session, True))
            camera.send(stream(jpegs(2, 3000)))
            settled(lambda: agent.states[-1].code, CameraCode.LIVE)
            if session == 1:
                monkeypatch.setattr(link_base, "SILENCE", 2.0)
                wait_until("loss", lambda: agent.states[-1].code is CameraCode.CONNECTING)
                monkeypatch.setattr(link_base, "SILENCE", PATIENCE)
                assert agent.source.stats.fps == 0.0

    lost = agent.states[2]
    assert (lost.reason, lost.retry_in) == ("no datagram for 2 s", 0.0)
    assert [frame.session for frame in agent.frames] == [1, 1, 2, 2]
    assert [frame.seq for frame in agent.frames] == [0, 1, 2, 3]
    assert agent.source.stats.reconnects == 1


def test_datagrams_of_another_sender_are_counted_and_never_processed() -> None:
    mine, theirs = jpegs(2, 3000), jpegs(5, 4000)[2:]
    with UdpCamera() as camera, running(camera.port) as agent:
        wait_until("session", lambda: camera.streaming)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for datagram in stream(theirs):
                stranger.sendto(datagram, ("127.0.0.1", camera.clients[0][1]))
        camera.send(stream(mine))
        settled(lambda: len(agent.frames), 2)
        settled(lambda: agent.source.stats.datagrams_foreign, len(stream(theirs)))

    assert [frame.jpeg for frame in agent.frames] == mine
    assert agent.source.stats.fragments_lost == 0


def test_an_open_session_without_whole_frames_is_stalled_and_opened_anew() -> None:
    datagrams = stream(jpegs(2, 3000))
    with UdpCamera() as camera, running(camera.port, replace(QUICK, unknown=0.5)) as agent:
        wait_until("session", lambda: camera.streaming)
        camera.send(datagrams[:1])
        stalled = agent.wait_for(CameraCode.STALLED)
        wait_until("a second session", lambda: len(camera.cameras) == 2 and camera.streaming)
        assert camera.cameras[0].heard[-1] == "delete"

        def live() -> bool:
            """A camera sends on, however often the test was held up for half a second."""
            camera.send(datagrams)
            return CameraCode.LIVE in agent.codes()

        wait_until("live", live)
    words = "no whole picture for 0 s: image data comes, and no whole frame"
    assert (stalled.reason, stalled.retry_in, stalled.answers) == (words, 0.0, True)


def test_the_frame_rate_falls_when_frames_stop() -> None:
    pictures = jpegs(4, 3000)
    with UdpCamera() as camera, running(camera.port) as agent:
        wait_until("session", lambda: camera.streaming)
        for n, picture in enumerate(pictures):
            camera.send(stream([picture], first=4 * n))
            settled(lambda: len(agent.frames), n + 1)
        last = agent.frames[-1].at
        wait_until("a rate", lambda: agent.source.stats.last_frame_at == last)
        top = agent.source.stats
        wait_until("a lower rate", lambda: agent.source.stats.fps < top.fps / 2)

    assert last == agent.frames[-1].at == agent.source.stats.last_frame_at


def test_a_name_that_does_not_resolve_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_more: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with running(5000, host="camera.invalid") as agent:
        state = agent.wait_for(CameraCode.UNREACHABLE)

    assert "camera.invalid" in state.reason
    assert not state.found
    assert "not known" in state.reason


def test_what_no_attempt_should_raise_ends_the_attempt_and_not_the_agent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object, **_more: object) -> object:
        raise TypeError("getaddrinfo() takes another argument")

    monkeypatch.setattr(socket, "getaddrinfo", broken)
    agent = Agent(5000, QUICK, "camera.invalid")
    agent.worker.start()
    wait_until("the sixth failure", lambda: agent.worker.restarts == 6)  # five end an agent
    agent.worker.stop.set()
    assert agent.worker.join(PATIENCE)
    assert not agent.fatal
    state = agent.wait_for(CameraCode.UNREACHABLE)
    assert "TypeError: getaddrinfo() takes another argument" in state.reason
    assert (state.retry_in, state.found) == (QUICK.unreachable, False)
    assert len([record for record in caplog.records if record.exc_info]) == 1


def fill(camera: socket.socket, channel: Channel, count: int) -> None:
    channel.send([b"hello"])
    client = camera.recvfrom(100)[1]
    for _ in range(count):
        camera.sendto(bytes(904), client)


def test_a_loss_of_256_in_our_own_receive_buffer_is_known_and_the_rest_thrown_away() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
        camera.bind(("127.0.0.1", 0))
        with Channel(socket.AF_INET, camera.getsockname()) as channel:
            fill(camera, channel, 20_001)
            hidden = channel.hides_hole()
            room = 0
            while channel.receive() is not None:
                room += 1
            assert room == 0 if hidden else 0 < room < 20_001

        with Channel(socket.AF_INET, camera.getsockname()) as channel:
            fill(camera, channel, room + 255)
            assert not channel.hides_hole()
            assert channel.count_unshown() == 0
            assert channel.receive() is not None
        with Channel(socket.AF_INET, camera.getsockname()) as channel:
            fill(camera, channel, room + 256)
            assert channel.hides_hole()
            assert channel.count_unshown() == room + 256
            assert channel.receive() is None
            assert not channel.hides_hole()


def test_a_socket_that_cannot_be_bound_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(socket.socket, "bind", refuse, raising=False)
    with pytest.raises(CameraUnreachable, match="no way to the camera"):
        Channel(socket.AF_INET, ("127.0.0.1", 5000))


def test_the_scheme_picks_the_source_and_an_unknown_one_is_named() -> None:

    def make(url: str) -> object:
        return source_for(url, "porch", SystemClock(), lambda _f: None, lambda _s: None)

    assert isinstance(make("hk://127.0.0.1"), Keeper)
    for wrong in ("gopher://cam", "cam"):
        with pytest.raises(ConfigError, match=r"known: .*hk:"):
            make(wrong)


def test_a_flood_of_datagrams_keeps_nobody_waiting() -> None:
    """Whoever answers without end, and never as a camera does, costs only its own attempts."""
    gone = threading.Event()

    def flood(server: socket.socket) -> None:
        _, client = server.recvfrom(2048)
        while not gone.is_set():
            with suppress(OSError):
                for size in (1, 43, 60, 1400):
                    server.sendto(bytes(size), client)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        flooding = threading.Thread(target=flood, args=(server,))
        flooding.start()
        try:
            with running(server.getsockname()[1]) as agent:
                wait_until("the attempt ends", lambda: len(agent.states) > 1)
                agent.worker.stop.set()
                assert agent.worker.join(PATIENCE)
        finally:
            gone.set()
            flooding.join(PATIENCE)
