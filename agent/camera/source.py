"""Which kind of camera an URL stands for: each kind opens its sessions, one keeper keeps them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches

from agent.camera.hk.address import SCHEME, parse_hk_url
from agent.camera.hk.session import hk_source
from agent.camera.reconnect import Keeper
from agent.camera.session import Opener
from agent.core.errors import ConfigError
from agent.core.frame import Frame
from agent.core.messages import CameraState, SessionLog
from agent.core.pacing import EACH_PICTURE, Looks
from agent.core.time_allowance import Boundless, Room
from agent.runtime.clock import Clock, SystemClock
from agent.runtime.privacy_gate import PrivacyGate


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What only some kinds of source need.

    Attributes:
        still_interval: seconds between two requests of a still.
        room: says whether the next owner can take a frame; for sources without their own time (a
            file that is played as fast as possible).
        coded: it is a recording stream: video is handed on undecoded.
        sound: the camera's sound is wanted with its video (RTSP).
        batch: seconds for which pictures of a recording stream may be collected before they are
            handed on.
        looks: says which pictures of video are looked at; the others are handed on coded.
        trust: whose certificates are believed; None: the public authorities'.
        redirect_hosts: other hosts to which an HTTP camera may redirect.
        keep_log: takes the packets of a session that failed; says where they can be read.
        memory: what the camera may take of the process.
        gate: closed while there must be no session: privacy mode; None: there is none.
    """

    still_interval: float = 1.0
    room: Callable[[], bool] = lambda: True
    coded: bool = False
    sound: bool = False
    batch: float = 0.0
    looks: Looks = EACH_PICTURE
    trust: ssl.SSLContext | None = None
    redirect_hosts: tuple[str, ...] = ()
    keep_log: Callable[[SessionLog], str | None] = lambda _log: None
    memory: Room = field(default_factory=Boundless)
    gate: PrivacyGate | None = None


def _web(url: str, options: SourceOptions) -> Opener:
    from agent.camera.http.source import web_opener

    return web_opener(url, options.still_interval, options.trust, options.redirect_hosts)


def _rtsp(url: str, options: SourceOptions) -> Opener:
    from agent.camera.video import rtsp_opener

    return rtsp_opener(
        url,
        options.trust,
        coded=options.coded,
        sound=options.sound,
        batch=options.batch,
        looks=options.looks,
        room=options.room,
        memory=options.memory,
    )


def _v4l2(url: str, options: SourceOptions) -> Opener:
    from agent.camera.video import v4l2_opener

    return v4l2_opener(url, options.memory)


def _exec(url: str, options: SourceOptions) -> Opener:
    from agent.camera.program import exec_opener

    return exec_opener(url, options.memory, coded=options.coded, looks=options.looks)


def _rpicam(url: str, options: SourceOptions) -> Opener:
    from agent.camera.program import rpicam_opener

    return rpicam_opener(url, options.memory, coded=options.coded, looks=options.looks)


def _file(url: str, options: SourceOptions) -> Opener:
    from agent.camera.played_source import file_opener

    return file_opener(url, options.room)


def _demo(url: str, _options: SourceOptions) -> Opener:
    from agent.camera.played_source import demo_opener

    return demo_opener(url)


#: How sessions of one kind are opened; libraries are loaded when they are needed. A further kind of
#: camera adds its scheme here.
OPENERS: dict[str, Callable[[str, SourceOptions], Opener]] = {
    "http": _web,
    "https": _web,
    "rtsp": _rtsp,
    "rtsps": _rtsp,
    "rtspu": _rtsp,
    "rtsph": _rtsp,
    "v4l2": _v4l2,
    "exec": _exec,
    "rpicam": _rpicam,
    "file": _file,
    "demo": _demo,
}
SCHEMES = frozenset({SCHEME, *OPENERS})

#: What stands before anything else may be a user, or a password.
_BEGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://")


def source_for(
    url: str,
    camera_id: str,
    clock: Clock,
    on_frame: Callable[[Frame], object],
    on_state: Callable[[CameraState], object],
    options: SourceOptions | None = None,
) -> Keeper:
    """The source that the URL's scheme stands for; nothing is opened yet.

    Raises:
        ConfigError: the scheme is unknown (the text names the known ones), or the URL is wrong. The
            text never has the URL's user or password in it.
    """
    options = options or SourceOptions()
    named_scheme, colon, _ = url.partition(":")
    scheme = named_scheme.lower()
    if not colon or scheme not in SCHEMES:
        known = ", ".join(f"{name}:" for name in sorted(SCHEMES))
        named = (
            f"scheme {named_scheme!r} is unknown" if _BEGIN.match(url) else "begins with no scheme"
        )
        close = get_close_matches(scheme, sorted(SCHEMES), 2) if colon else []
        near = f"; did you mean {' or '.join(f'{it}:' for it in close)}?" if close else ""
        raise ConfigError(f"camera source: {named}; known: {known}{near}")
    ends = clock, on_frame, on_state
    if scheme == SCHEME:
        log, gate = options.keep_log, options.gate
        return hk_source(camera_id, parse_hk_url(url), *ends, keep_log=log, gate=gate)
    return Keeper(camera_id, OPENERS[scheme](url, options), *ends, gate=options.gate)


def check_url(url: str) -> None:
    """Says whether the URL is one, without opening anything.

    Raises:
        ConfigError: as `source_for`.
    """
    source_for(url, "checked", SystemClock(), _ignore, _ignore)


def _ignore(_what: object) -> None:
    """Nobody listens to a source that only is checked."""
