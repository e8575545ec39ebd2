"""What an independent observer saw of one run: the camera's side, the wire, the store, the process.

Plain values, so that a test can doctor them. All times are CLOCK_MONOTONIC unless they say UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SentFrame:
    """A frame as it left the camera.

    `whole`: no datagram of it was lost on the way; `noisy`: made-up ones may be among them.
    """

    at: float
    whole: bool
    visitor: bool
    session: tuple[int, int]  # of the camera: its life, and its session in that
    noisy: bool = False


@dataclass(frozen=True)
class Interval:
    begun: float
    ended: float

    def overlaps(self, other: Interval, margin: float = 0.0) -> bool:
        return self.begun - margin <= other.ended and other.begun <= self.ended + margin


@dataclass(frozen=True)
class Life:
    """Of one agent process.

    Attributes:
        span: from its start to its end.
        ended_by: what the laboratory did to it; None: nothing.
        exit_code: of the process.
        told: when the laboratory did that, at the earliest; from then on it need not take frames.
    """

    span: Interval
    ended_by: str | None
    exit_code: int
    told: float = float("inf")


@dataclass(frozen=True)
class Taken:
    """What the owner moved away, when, and where to: a folder with the layout of a store."""

    at: float
    place: Path


@dataclass(frozen=True)
class Told:
    """An event as a subscriber got it; `fetched`: it had to be asked for."""

    at: float
    what: dict[str, Any]
    fetched: bool = False


@dataclass(frozen=True)
class Clip:
    """A file that the manifest names as a clip."""

    path: str
    exists: bool
    size: int = 0
    sha256: str = ""
    pictures: int = 0


@dataclass
class StoreSeen:
    """What the store holds once the agent is gone, read with libraries of others."""

    lines: list[dict[str, Any]] = field(default_factory=list)  # the manifests', one per event
    unreadable: list[str] = field(default_factory=list)
    clips: dict[str, Clip] = field(default_factory=dict)  # event id -> file
    day_pictures: dict[str, int] = field(default_factory=dict)  # day -> pictures of its films
    verified: list[str] = field(default_factory=list)  # complaints of `verify`


@dataclass(frozen=True)
class Footprint:
    """What a process takes; the children's threads and memory are not in it.

    `own_mib` of `rss_mib` is its own; the rest are pages of files: libraries, which come as they
    are touched, in larger or smaller portions as the page cache has them. `peak_mib` is the most
    that `rss_mib` ever was.
    """

    threads: int
    descriptors: int
    children: int
    rss_mib: float
    own_mib: float = 0.0
    peak_mib: float = 0.0


@dataclass(frozen=True)
class Health:
    """A camera's health as a subscriber got it."""

    at: float
    of: dict[str, Any]


@dataclass
class Observation:
    """One run, seen from outside.

    Attributes:
        offsets: (from when on, seconds that the agent's wall clock was ahead of the machine's).
        utc_of_zero: UTC of the machine when CLOCK_MONOTONIC was 0.
        forgot: the broker lost what it had retained and queued at these times.
        leaves: what problems begin with that may outlast the run.
        busy: when the agent could not look: stopped, disarmed, without processor or memory.
        disarmed: when the camera was said to be disarmed.
        disarmings: when somebody told it to disarm; old commands do not count.
        taken: what the owner moved away.
        repairs: when something in the store was said to have been damaged, moved or deleted.
        offered: event messages on the topic for Home Assistant, as they came.
        listening: when Home Assistant was there to hear them.
        healths: of the camera, all that were published.
        calm: topic -> payload that the broker retained when all was healed and quiet.
        gone: the same after the agent's orderly end.
        status: the last answer to `request/status`, health as it is then.
        pair: footprints of one process before the faults and after them; None: it did not live.
    """

    frames: list[SentFrame] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    motion: list[Told] = field(default_factory=list)
    recordings: list[Told] = field(default_factory=list)
    offsets: list[tuple[float, float]] = field(default_factory=list)
    utc_of_zero: datetime | None = None
    forgot: list[float] = field(default_factory=list)
    leaves: tuple[str, ...] = ()
    busy: list[Interval] = field(default_factory=list)
    disarmed: list[Interval] = field(default_factory=list)
    disarmings: list[float] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    repairs: list[float] = field(default_factory=list)
    offered: list[Told] = field(default_factory=list)
    listening: list[Interval] = field(default_factory=list)
    healths: list[Health] = field(default_factory=list)
    calm: dict[str, bytes] = field(default_factory=dict)
    gone: dict[str, bytes] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    store: StoreSeen = field(default_factory=StoreSeen)
    strays: list[str] = field(default_factory=list)
    pair: tuple[Footprint, Footprint] | None = None
    idle_share: float = 0.0
    log: str = ""
    complaints: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    unrecovered: list[str] = field(default_factory=list)
