"""When which datagram of a scene leaves the simulated camera. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.camera.hk import packets
from agent.camera.hk.simulator.datagrams import DATAGRAM_SIZE, Fragmenter
from agent.camera.hk.simulator.wire_faults import Faults, FaultyWire
from agent.camera.played_pictures import Scene

#: The camera paces its fragments five at a time (proven).
FIVES = 5

#: Part of a frame's interval over which its fragments are spread (guessed).
SPREAD = 0.7

#: A 13-byte status sometimes comes between fragments (proven); after this number of frames
#: (guessed).
STATUS_EVERY = 10

#: A frame more than this behind its time is not caught up with.
LATE = 1.0


@dataclass(frozen=True, slots=True)
class Streaming:
    """How frames travel."""

    fps: float = 3.0
    fives: bool = True  # False: all fragments of a frame in one burst
    joined_after: int | None = 3  # frames until EOI and SOI share a datagram; None: never
    datagram_size: int = DATAGRAM_SIZE  # from the next session on
    statuses: bool = True
    wide: bool = False  # the second dialect's image data
    faults: Faults = field(default_factory=Faults)


@dataclass(slots=True)
class _Parcel:
    """A datagram with its time; `ends` its frame, and maybe begins the next one (`shared`)."""

    at: float
    datagram: bytes
    ends: bool
    shared: bool


class Player:
    """Cuts a frame per interval into datagrams, and lets a faulty wire carry them.

    `on_frame(jpeg, whole)` is called when a frame's last datagram is due; whole: none of its
    datagrams is lost.
    """

    def __init__(
        self, scene: Scene, seed: int, on_frame: Callable[[bytes, bool], None], *, loop: bool
    ) -> None:
        self.wire = FaultyWire(seed)
        self._scene = scene
        self._loop = loop
        self._on_frame = on_frame
        self._fragmenter: Fragmenter | None = None
        self._parcels: deque[_Parcel] = deque()
        self._slot = 0.0  # when the next frame is due
        self._shifted_at: float | None = None
        self._frames = 0  # in this session
        self._frame = b""  # being sent
        self._coming: bytes | None = None  # its first bytes are sent already
        self._damaged = self._coming_damaged = False

    @property
    def next_at(self) -> float:
        """When something is due."""
        return self._parcels[0].at if self._parcels else self._slot

    def start(self, now: float) -> None:
        """A session begins: numbers and joining begin again."""
        self._fragmenter = None
        self._parcels.clear()
        self.wire.flush()
        self._slot = now
        self._frames = 0
        self._coming = None
        self._damaged = self._coming_damaged = False
        self._shifted_at = None

    def shift(self, now: float) -> None:
        """Called while the camera pauses: what was due since the last call is due later."""
        if self._shifted_at is not None:
            pause = now - self._shifted_at
            self._slot += pause
            for parcel in self._parcels:
                parcel.at += pause
        self._shifted_at = now

    def due(self, now: float, scene_started: float, stream: Streaming) -> list[bytes]:
        """The datagrams that leave now."""
        if self._shifted_at is not None:
            self.shift(now)
            self._shifted_at = None
        if not self._parcels and now >= self._slot:
            self._prepare(now, scene_started, stream)
        leaving: list[bytes] = []
        while self._parcels and self._parcels[0].at <= now:
            parcel = self._parcels.popleft()
            lost = self.wire.lost
            leaving += self.wire.carry(parcel.datagram, stream.faults)
            if self.wire.lost > lost:
                self._damaged = True
                self._coming_damaged = parcel.shared
            if parcel.ends:
                leaving += self.wire.flush()
                leaving += self._ended(stream)
        return leaving

    def _prepare(self, now: float, scene_started: float, stream: Streaming) -> None:
        """Cuts the next frame and gives its datagrams their times."""
        if now - self._slot > LATE:
            self._slot = now
        interval = 1.0 / stream.fps
        second = self._slot - scene_started
        self._frame = self._coming if self._coming is not None else self._look(second)
        joined = stream.joined_after is not None and self._frames + 1 >= stream.joined_after
        following = self._look(second + interval) if joined else b""
        if self._fragmenter is None:
            self._fragmenter = Fragmenter(stream.datagram_size, wide=stream.wide)
        cut = self._fragmenter.cut(self._frame, following, joined=joined)
        self._coming = following if cut.shared else None
        groups = -(-len(cut.datagrams) // FIVES)
        gap = SPREAD * interval / groups if stream.fives else 0.0
        for index, datagram in enumerate(cut.datagrams):
            ends = index == len(cut.datagrams) - 1
            at = self._slot + index // FIVES * gap
            self._parcels.append(_Parcel(at, datagram, ends, ends and cut.shared))
        self._slot += interval

    def _look(self, second: float) -> bytes:
        second = max(0.0, second)
        return self._scene.at(second % self._scene.duration if self._loop else second)

    def _ended(self, stream: Streaming) -> list[bytes]:
        """The frame's last datagram has left."""
        self._on_frame(self._frame, not self._damaged)
        self._damaged, self._coming_damaged = self._coming_damaged, False
        self._frames += 1
        if stream.statuses and self._frames % STATUS_EVERY == 0:
            return [packets.status(packets.KIND_STATUS_REPLY, 0)]
        return []
