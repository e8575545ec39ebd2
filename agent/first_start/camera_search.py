"""Finds cameras and tries one: on the own network, one host at a time, each step with a deadline.

Usual paths are tried only on an address of the own network. It stops once the camera has asked for
a password or refused one: cameras lock out a client that tries too often.
"""

from __future__ import annotations

import ipaddress
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from agent.camera.hk.address import SCHEME
from agent.camera.hk.discovery import broadcast_targets, find
from agent.camera.hk.tools.discover import usual_source
from agent.camera.interruptible_wait import Interrupted, Patience
from agent.camera.network.resolve import Resolver
from agent.camera.network.url import target_of
from agent.camera.rtsp.describe import Question
from agent.camera.source import OPENERS, SourceOptions, source_for
from agent.core.errors import CameraError, CameraRefused, ConfigError, reason_of
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from agent.first_start.usual_paths import RTSP_PATHS, RTSP_PORTS, WEB_PATHS, WEB_PORTS
from agent.imaging.jpeg import decode_colour, dimensions, encode_within
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.redaction import hide, hide_url, redact
from agent.runtime.worker import Worker

#: Seconds: for answers of the family; for one picture; for all paths of a host, and for one.
SEARCH_FOR, PICTURE_WITHIN, GUESS_WITHIN, PATH_WITHIN = 3.0, 20.0, 24.0, 5.0
_CONNECT_WITHIN = 1.5
#: The picture that is shown: its width at most, about, and its bytes.
_WIDE, _MOST_BYTES = 800, 200_000
#: Carriers' and Tailscale's addresses: no other person's network either.
_SHARED = ipaddress.ip_network("100.64.0.0/10")

Said = dict[str, Any]


class Limited(Patience):
    """Gives up at a deadline."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__(Worker("first-start", lambda _worker: None, clock, _ignore), clock)
        self.until = clock.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then."""
        return self.until - self.clock.monotonic()

    def look(self) -> None:
        """Raises `Interrupted` at the deadline."""
        if self.left <= 0.0:
            raise Interrupted


def found(clock: Clock) -> Said:
    """The cameras of the UDP family that answer on the networks of this machine."""
    try:
        cameras = find(broadcast_targets(), clock, lambda: True, SEARCH_FOR)
    except OSError as error:
        return {"ok": False, "message": f"the search failed: {reason_of(error)}"}
    told = [{"name": it.name or it.kind or it.host, "source": usual_source(it)} for it in cameras]
    words = f"cameras of the {SCHEME}: family that answered: {len(told)}"
    return {"ok": bool(told), "message": words, "cameras": told}


def guessed(host: str, user: str, password: str, clock: Clock) -> Said:
    """Usual streams of the camera at a host of the own network.

    Args:
        host: a name or an address, IPv6 in brackets; with a port only that one is tried.
        user: empty: none.
        password: of the user.
        clock: for deadlines.
    """
    hide(password)
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return {"ok": False, "message": f"{host}: the port is no number from 1 to 65535"}
    patience = Limited(clock, GUESS_WITHIN)
    try:
        family, address = Resolver(name, 0, clock).find(patience.worker)
    except CameraError as error:
        return {"ok": False, "message": str(error)}
    if not is_near(str(address[0])):
        words = "is not in your own network: nothing is guessed there; try its whole URL instead"
        return {"ok": False, "message": f"{name} {words}"}
    who = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    guess = _Guess(patience, str(address[0]), family, who)
    cameras = [
        {"name": f"{kind} {path}", "source": f"{kind}://{_authority(parts.hostname, at)}{path}"}
        for kind, at, path in guess.streams(port)
    ]
    words = guess.words(name, len(cameras), port)
    return {"ok": bool(cameras), "message": words, "cameras": cameras}


def is_near(address: str) -> bool:
    """Whether an address is of this machine or of a network of one's own."""
    try:
        it = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    it = getattr(it, "ipv4_mapped", None) or it
    if it.is_multicast or it.is_unspecified or (it.version == 4 and it.is_reserved):
        return False
    return it.is_private or it.is_link_local or (it.version == 4 and it in _SHARED)


class _Guess:
    """Asks one address for usual paths."""

    def __init__(
        self, patience: Limited, address: str, family: socket.AddressFamily, who: str
    ) -> None:
        self._patience = patience
        self._address = address
        self._family = family
        self._who = who
        self._listening: list[int] = []
        self._refused = ""

    def streams(self, port: int | None) -> Iterator[tuple[str, int, str]]:
        """Scheme, port and path of the first stream that is there at each port."""
        ways: list[tuple[str, int, Callable[[str, str], None], tuple[str, ...]]] = [
            *(("rtsp", at, self._describe, RTSP_PATHS) for at in _ports(port, RTSP_PORTS)),
            *(("http", at, self._open, WEB_PATHS) for at in _ports(port, WEB_PORTS)),
        ]
        for kind, at, ask, paths in ways:
            if self._refused or self._patience.left <= 0.0:
                return
            if self._listens(at) and (path := self._first(kind, at, ask, paths)) is not None:
                yield kind, at, path

    def words(self, name: str, count: int, port: int | None) -> str:
        """What came of it."""
        if count:
            return "" if count == 1 else f"{count} streams: choose one"
        if self._refused:
            return f"{name}: {self._refused}"
        if not self._listening:
            ports = f"the usual ports ({', '.join(map(str, (*RTSP_PORTS, *WEB_PORTS)))})"
            where = ports if port is None else f"port {port}"
            return f"{name}: nobody listens on {where}: is it on? is it there?"
        return (
            f"{name} listens on {', '.join(map(str, dict.fromkeys(self._listening)))}, and none of"
            " the usual paths has a stream: its manual or its own page names the URL"
        )

    def _listens(self, port: int) -> bool:
        try:
            socket.create_connection((self._address, port), _CONNECT_WITHIN).close()
        except OSError:
            return False
        self._listening.append(port)
        return True

    def _first(
        self, kind: str, port: int, ask: Callable[[str, str], None], paths: tuple[str, ...]
    ) -> str | None:
        lost = 0
        for path in paths:
            try:
                ask(f"{kind}://{self._who}{_authority(self._address, port)}{path}", path)
            except CameraRefused as error:
                words = redact(str(error))
                if "(401)" in words or "(403)" in words:  # its words of error_reasons
                    self._refused = words
                    return None
                if "speaks" in words:  # another protocol: no path of it will do
                    return None
            except CameraError:
                lost += 1
                if lost > 1:
                    return None
            except Interrupted:
                return None
            else:
                return path
        return None

    def _describe(self, url: str, _path: str) -> None:
        target = target_of(url, ("rtsp",))
        parts = urlsplit(url)
        at = self._family, (self._address, target.port, *((0, 0) if ":" in self._address else ()))
        patience = Limited(self._patience.clock, min(PATH_WITHIN, self._patience.left))
        user, password = _login(parts.username, parts.password)
        Question(patience, None, user, password).ask(target, at).line.close()

    def _open(self, url: str, _path: str) -> None:
        patience = Limited(self._patience.clock, min(PATH_WITHIN, self._patience.left))
        with closing(OPENERS["http"](url, SourceOptions())(patience)) as session:
            while (picture := session.read()) is None or dimensions(picture.jpeg) is None:
                patience.look()


def tried(source: str, clock: Clock) -> Said:
    """Opens a camera and takes a picture; says why there is none, and what helps."""
    hide_url(source)
    said: Mailbox[Frame | str] = Mailbox("tried", 1, WhenFull.REFUSE)

    def on_state(state: CameraState) -> None:
        """What failed; the first time is enough."""
        if state.code not in {CameraCode.LIVE, CameraCode.CONNECTING} or state.retry_in is not None:
            said.put(f"{state.code.value}: {state.reason}")

    try:
        keeper = source_for(source, "tried", clock, _taking(said), on_state)
    except ConfigError as error:
        return {"ok": False, "message": redact(str(error))}
    worker = Worker("tried", keeper.run, clock, _ignore)
    worker.start()
    try:
        return _shown(said)
    finally:
        worker.halt()
        worker.join(2.0)


def _taking(said: Mailbox[Frame | str]) -> Callable[[Frame], object]:
    def on_frame(frame: Frame) -> bool:
        """The first picture is enough; the others are let go."""
        said.put(frame)
        return True

    return on_frame


def _shown(said: Mailbox[Frame | str]) -> Said:
    first = said.get(PICTURE_WITHIN)
    if first is None:
        words = f"it answers, and no whole picture came within {PICTURE_WITHIN:.0f} s"
        return {"ok": False, "message": words}
    if isinstance(first, str):
        return {"ok": False, "message": redact(first)}
    height, width = dimensions(first.image) or (0, 0)
    scale = next((n for n in (1, 2, 4) if width <= _WIDE * n), 8)
    picture = decode_colour(first.image, scale)
    if picture is None:
        return {"ok": False, "message": "a picture came, and it is damaged: try again"}
    jpeg = b64encode(encode_within(picture, _MOST_BYTES)).decode()
    return {"ok": True, "message": f"{width} x {height} pixels", "picture": jpeg}


def _ports(given: int | None, usual: tuple[int, ...]) -> tuple[int, ...]:
    return usual if given is None else (given,)


def _authority(host: str | None, port: int) -> str:
    shown = f"[{host}]" if ":" in (host or "") else host or ""
    return f"{shown}:{port}"


def _login(user: str | None, password: str | None) -> tuple[str, str]:
    return unquote(user or ""), unquote(password or "")


def _ignore(_name: str, _error: BaseException) -> None:
    """The answer says what failed."""
