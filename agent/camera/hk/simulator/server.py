"""A camera of the HK family on a UDP port: the socket around `camera_side` and `player`."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from agent.camera.hk import packets
from agent.camera.hk.dialects import Dialect
from agent.camera.hk.discovery_packets import ANSWER_MAX, answer
from agent.camera.hk.simulator.camera_side import CameraSide
from agent.camera.hk.simulator.camera_side2 import CameraSide2
from agent.camera.hk.simulator.player import Player, Streaming
from agent.camera.hk.simulator.session_base import Manners, Serving
from agent.camera.played_pictures import CAMERA_SIZE, scene_for
from agent.runtime.clock import Clock
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

#: Acknowledgements that wait while this process gets no turn; a lost one is not repeated.
RECEIVE_BUFFER = 1 << 20

#: Longest wait for a datagram: `stop` and changed options are noticed so fast.
POLL = 0.1


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """What is played and how; `stream` and `manners` may change while it runs."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: a free one
    source: str | None = None  # a clip, a folder of JPEGs, or the artificial scene
    size: tuple[int, int] | None = CAMERA_SIZE  # width, height of a clip's frames; None: its own
    seed: int = 1
    loop: bool = True  # False: the last frame is held at the end
    start_with_session: bool = False  # the scene begins with the first session, not immediately
    stream: Streaming = field(default_factory=Streaming)
    manners: Manners = field(default_factory=Manners)
    dialect: Dialect = Dialect.FIRST
    discovery_port: int | None = None  # None: does not answer the discovery; 0: a free port


@dataclass(frozen=True, slots=True)
class SimulatorStats:
    """A snapshot of the counters since the start."""

    frames: int = 0  # begun and ended, on the wire or not
    frames_whole: int = 0  # of them without a lost datagram
    datagrams: int = 0  # sent to the client
    lost: int = 0  # by `Faults.loss`
    acks: int = 0
    sessions: int = 0
    complaints: int = 0
    scene_started_at: float | None = None  # monotonic


class Simulator:
    """Plays the camera's side from a scene until it is stopped. One client at a time, strictly.

    `on_sent(jpeg, whole)` is called after the last datagram of each frame, in the order sent.
    """

    def __init__(
        self,
        options: SimulatorOptions,
        clock: Clock,
        on_sent: Callable[[bytes, bool], None] | None = None,
    ) -> None:
        self._clock = clock
        self._on_sent = on_sent
        self._scene = scene_for(
            options.source, size=options.size, folder_fps=options.stream.fps, seed=options.seed
        )
        self._wide = options.dialect is Dialect.SECOND
        self._stream = replace(options.stream, wide=self._wide)
        self._start_with_session = options.start_with_session
        self._side: Serving = (CameraSide2 if self._wide else CameraSide)(options.manners)
        self._player = Player(self._scene, options.seed, self._count_frame, loop=options.loop)
        self._scene_at: float | None = None
        self._frames = self._frames_whole = 0
        self._datagrams = 0
        self._deaf_until = self._stalled_until = 0.0
        self._reboot = False
        self._playing: Any = None  # the client's address
        self._complaints_said = 0
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        try:
            self._socket.bind((options.host, options.port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.discovery_port: int | None = None
        self._discovery = self._answering(options)

    @property
    def stats(self) -> SimulatorStats:
        """The counters of now."""
        return SimulatorStats(
            frames=self._frames,
            frames_whole=self._frames_whole,
            datagrams=self._datagrams,
            lost=self._player.wire.lost,
            acks=self._side.acks,
            sessions=self._side.sessions,
            complaints=self._side.complained,
            scene_started_at=self._scene_at,
        )

    @property
    def complaints(self) -> list[str]:
        """What a real camera would not have accepted, as text; the first few hundred."""
        return list(self._side.complaints)

    def change(self, stream: Streaming | None = None, manners: Manners | None = None) -> None:
        """New ways of streaming from the next frame on, new manners from the next answer on."""
        self._stream = replace(stream or self._stream, wide=self._wide)
        self._side.manners = manners or self._side.manners

    def stall(self, seconds: float) -> None:
        """Fragments pause, then go on where they stopped."""
        self._stalled_until = self._clock.monotonic() + seconds

    def silence(self, seconds: float) -> None:
        """Neither sends nor hears anything for a while, and forgets nothing."""
        self._deaf_until = self._clock.monotonic() + seconds

    def reboot(self, seconds: float) -> None:
        """Forgets the session and is deaf for a while."""
        self._reboot = True
        self.silence(seconds)

    def close(self) -> None:
        """Frees the ports of a simulator that never ran."""
        self._socket.close()
        if self._discovery is not None:
            self._discovery.close()

    def run(self, worker: Worker) -> None:
        """Serves until `worker.stop` is set, then closes the port."""
        log.info("simulator: camera on port %d", self.port)
        if not self._start_with_session:
            self._start_scene(self._clock.monotonic())
        try:
            while not worker.stop.is_set():
                worker.beat()
                self._turn()
        finally:
            self.close()

    def _turn(self) -> None:
        """Sends what is due, then hears what arrives until the next thing is due."""
        now = self._clock.monotonic()
        if self._reboot:
            self._reboot = False
            self._side.forget()
        deaf = now < self._deaf_until
        if not deaf:
            self._side.tick(now)
            for datagram, client in self._side.to_send():
                self._send(datagram, client)
            self._play(now)
            self._answer_discovery()
        self._say_complaints()
        due = min(self._side.next_tick(), self._player.next_at if self._playing else now + POLL)
        wait = POLL if deaf or now < self._stalled_until else min(POLL, due - now)
        self._socket.settimeout(max(wait, 0.0005))
        try:
            datagram, client = self._socket.recvfrom(packets.DATAGRAM_MAX)
        except OSError:
            return  # nothing came, or an earlier datagram found nobody
        if self._clock.monotonic() >= self._deaf_until:
            self._side.receive(datagram, client, self._clock.monotonic())

    def _answering(self, options: SimulatorOptions) -> socket.socket | None:
        """The socket for the discovery; without it the camera is only not found."""
        if options.discovery_port is None:
            return None
        sock = socket.socket(self._socket.family, socket.SOCK_DGRAM)
        try:
            sock.bind((options.host, options.discovery_port))
        except OSError as error:
            log.warning("simulator: does not answer the discovery: %s", error)
            sock.close()
            return None
        self.discovery_port = sock.getsockname()[1]
        return sock

    def _answer_discovery(self) -> None:
        if self._discovery is None:
            return
        with suppress(OSError):  # nobody asks, or who asked is gone
            asked, client = self._discovery.recvfrom(ANSWER_MAX, socket.MSG_DONTWAIT)
            said = answer(asked, self._side.manners.hkid, self.port, "simulated camera")
            if said is not None:
                self._discovery.sendto(said, client)

    def _play(self, now: float) -> None:
        """Streams to the session's client, if there is one."""
        client = self._side.streaming_to
        if client != self._playing:
            self._playing = client
            log.info("simulator: %s", f"streams to {client[0]}:{client[1]}" if client else "stops")
            if client:
                self._start_scene(now)
                self._player.start(now)
        if client is None:
            return
        if now < self._stalled_until:
            self._player.shift(now)
            return
        started = now if self._scene_at is None else self._scene_at
        datagrams = self._player.due(now, started, self._stream)
        for datagram in datagrams:
            self._send(datagram, client)
        self._datagrams += len(datagrams)
        self._side.sent(len(datagrams))

    def _start_scene(self, now: float) -> None:
        if self._scene_at is None:
            self._scene_at = now
            log.info("simulator: scene starts")

    def _count_frame(self, jpeg: bytes, whole: bool) -> None:  # noqa: FBT001  a callback
        self._frames += 1
        self._frames_whole += whole
        if self._on_sent is not None:
            self._on_sent(jpeg, whole)

    def _send(self, datagram: bytes, client: tuple[str, int]) -> None:
        with suppress(OSError):  # a camera does not care who listens
            self._socket.sendto(datagram, client)

    def _say_complaints(self) -> None:
        for text in self._side.complaints[self._complaints_said :]:
            log.warning("simulator: complaint: %s", text)
        self._complaints_said = len(self._side.complaints)
