"""What every camera source looks like from outside, and which URL scheme picks which."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from agent.camera.hk import address as hk_address
from agent.camera.hk.source import HkSource
from agent.camera.reconnect import Keeper
from agent.camera.session import Opener
from agent.core.errors import ConfigError
from agent.core.frame import Frame
from agent.core.messages import CameraState, SessionLog
from agent.core.orders import RestartSession
from agent.core.stats import CameraStats
from agent.core.time_allowance import Boundless, Room
from agent.runtime.clock import Clock, SystemClock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker


class FrameSource(Protocol):
    """A camera: the body of a thread that calls `on_frame` and `on_state` until it is stopped."""

    @property
    def stats(self) -> CameraStats:
        """The counters of now; a new object each time they change."""
        ...

    def run(self, worker: Worker) -> None:
        """Opens sessions and delivers frames until `worker.stop` is set; beats meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What only some kinds of source need.

    Attributes:
        still_interval: seconds between two requests of a still.
        room: says whether the next owner has room for a frame; asked by what has no time of its
            own (a file that is played as fast as possible).
        coded: it is a recording stream: video is handed on undecoded.
        trust: whose certificates are believed; None: the public authorities'.
        redirect_hosts: hosts, besides its own, to which an HTTP camera may send us.
        keep_log: takes the packets of a session that failed; says where they can be read.
        memory: what the camera may take of the process.
    """

    still_interval: float = 1.0
    room: Callable[[], bool] = lambda: True
    coded: bool = False
    trust: ssl.SSLContext | None = None
    redirect_hosts: tuple[str, ...] = ()
    keep_log: Callable[[SessionLog], str | None] = lambda _log: None
    memory: Room = field(default_factory=Boundless)


@dataclass(frozen=True, slots=True)
class _Ends:
    """What a source is connected to, whatever its kind: as the arguments of `source_for`."""

    camera_id: str
    clock: Clock
    on_frame: Callable[[Frame], object]
    on_state: Callable[[CameraState], object]
    orders: Mailbox[RestartSession]


#: How a source of one kind is made of its URL.
Maker = Callable[[str, SourceOptions, _Ends], FrameSource]


def _hk_source(url: str, options: SourceOptions, ends: _Ends) -> FrameSource:
    return HkSource(
        ends.camera_id,
        hk_address.parse_hk_url(url),
        ends.clock,
        ends.on_frame,
        ends.on_state,
        ends.orders,
        keep_log=options.keep_log,
    )


def _kept(opener: Callable[[str, SourceOptions], Opener]) -> Maker:
    """Sources whose sessions a `Keeper` keeps; `opener` loads its libraries when it is needed."""

    def made(url: str, options: SourceOptions, ends: _Ends) -> FrameSource:
        """A source that is not open yet."""
        opens = opener(url, options)
        return Keeper(ends.camera_id, opens, ends.clock, ends.on_frame, ends.on_state, ends.orders)

    return made


def _web(url: str, options: SourceOptions) -> Opener:
    from agent.camera.http.source import web_opener

    return web_opener(url, options.still_interval, options.trust, options.redirect_hosts)


def _rtsp(url: str, options: SourceOptions) -> Opener:
    from agent.camera.video import rtsp_opener

    return rtsp_opener(url, options.trust, coded=options.coded, memory=options.memory)


def _v4l2(url: str, _options: SourceOptions) -> Opener:
    from agent.camera.video import v4l2_opener

    return v4l2_opener(url)


def _file(url: str, options: SourceOptions) -> Opener:
    from agent.camera.playback import file_opener

    return file_opener(url, options.room)


def _demo(url: str, _options: SourceOptions) -> Opener:
    from agent.camera.playback import demo_opener

    return demo_opener(url)


#: A further kind of camera adds its scheme here.
MAKERS: dict[str, Maker] = {
    hk_address.SCHEME: _hk_source,
    "http": _kept(_web),
    "https": _kept(_web),
    "rtsp": _kept(_rtsp),
    "rtsps": _kept(_rtsp),
    "v4l2": _kept(_v4l2),
    "file": _kept(_file),
    "demo": _kept(_demo),
}


#: What stands before anything else may be a user, or a password.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://")


def source_for(
    url: str,
    camera_id: str,
    clock: Clock,
    on_frame: Callable[[Frame], object],
    on_state: Callable[[CameraState], object],
    orders: Mailbox[RestartSession],
    options: SourceOptions | None = None,
) -> FrameSource:
    """The source that the URL's scheme stands for; nothing is opened yet.

    Raises:
        ConfigError: the scheme is unknown (the text names the known ones), or the URL is wrong. The
            text never has the URL's user or password in it.
    """
    scheme, colon, _ = url.partition(":")
    maker = MAKERS.get(scheme.lower()) if colon else None
    if maker is None:
        known = ", ".join(f"{name}:" for name in sorted(MAKERS))
        named = f"scheme {scheme!r} is unknown" if _SCHEME.match(url) else "begins with no scheme"
        raise ConfigError(f"camera source: {named}; known: {known}")
    ends = _Ends(camera_id, clock, on_frame, on_state, orders)
    return maker(url, options or SourceOptions(), ends)


def check_url(url: str) -> None:
    """Says whether the URL is one, without opening anything.

    Raises:
        ConfigError: as `source_for`.
    """
    orders: Mailbox[RestartSession] = Mailbox("orders", 1, WhenFull.REFUSE)
    source_for(url, "checked", SystemClock(), _ignore, _ignore, orders)


def _ignore(_what: object) -> None:
    """Nobody listens to a source that only is checked."""
