"""RTSP through HTTP, for cameras behind what lets nothing else through (Apple's dispatch id 2001).

Answers and packets come as the endless body of a GET; requests go, in base64, as that of a POST.
"""

from __future__ import annotations

import base64
import secrets
from typing import Protocol

from agent.camera.http.auth import Credentials, UnknownChallenge
from agent.camera.http.head import Head, NoHttp, parse_head
from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Found
from agent.camera.network.tcp import Broken, Connection, connect
from agent.camera.network.url import Target
from agent.runtime.redaction import excerpt

_KIND = "application/x-rtsp-tunnelled"


class Line(Protocol):
    """What RTSP is spoken over; see `agent.camera.network.tcp.Connection`."""

    @property
    def idle(self) -> bool:
        """Nothing has come, and nobody has ended it."""
        ...

    def take(self, least: int = 1, settle: float = 0.0) -> bytes | None:
        """What has come; waits a step at most. None: nothing, b"": the other side has ended."""
        ...

    def read(self, within: float) -> bytes:
        """As `take`, but waits up to `within` seconds."""
        ...

    def write(self, data: bytes, within: float) -> None:
        """Sends all of it within `within` seconds."""
        ...

    def farewell(self, data: bytes) -> None:
        """Sends what the other side need not get, without waiting."""
        ...

    def close(self) -> None:
        """Lets go of it."""
        ...


class Tunnel:
    """A line of two connections.

    Args:
        patience: of the source whose thread this is.
        found: the camera's address.
        target: what is asked for.
        who: user and password, which the web server may ask for as well.
        within: seconds for each answer.

    Raises:
        NoHttp: no tunnel is spoken there.
        LinkError: nobody is there, or nobody answers.
        Interrupted: by our patience.
    """

    def __init__(
        self,
        patience: Patience,
        found: Found,
        target: Target,
        who: Credentials | None,
        within: float,
    ) -> None:
        self._patience, self._found, self._target = patience, found, target
        cookie = secrets.token_hex(11)
        self._rest = b""
        self._down = connect(patience, found, within)
        try:
            self._open_downwards(cookie, who, within)
            answer = who.answer("POST", target.path) if who else None
            self._up = self._upwards(cookie, answer, within)
        except BaseException:
            self._down.close()
            raise

    @property
    def idle(self) -> bool:
        """Nothing has come, and nobody has ended it."""
        return not self._rest and self._down.idle

    def take(self, least: int = 1, settle: float = 0.0) -> bytes | None:
        """What has come; see `Connection.take`."""
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        return self._down.take(least, settle)

    def read(self, within: float) -> bytes:
        """As `take`, but waits until something comes."""
        return self.take() or b"" if self._rest else self._down.read(within)

    def write(self, data: bytes, within: float) -> None:
        """Sends all of it."""
        self._up.write(base64.b64encode(data), within)

    def farewell(self, data: bytes) -> None:
        """Sends what the other side need not get, without waiting."""
        self._up.farewell(base64.b64encode(data))

    def close(self) -> None:
        """Lets go of both connections."""
        self._up.close()
        self._down.close()

    def _open_downwards(self, cookie: str, who: Credentials | None, within: float) -> None:
        head = self._asked(cookie, None, within)
        asks = head.all("www-authenticate")
        if head.status == 401 and who is not None and asks:
            try:
                who.challenged(asks)
            except UnknownChallenge:
                raise NoHttp("it wants a password in an unknown way") from None
            self._down.close()
            self._down = connect(self._patience, self._found, within)
            head = self._asked(cookie, who.answer("GET", self._target.path), within)
        if not 200 <= head.status < 300:
            raise NoHttp(f"{head.status} {excerpt(head.phrase, 40)}")

    def _asked(self, cookie: str, shown: str | None, within: float) -> Head:
        """The head of the answer to the GET; what lies behind it is kept."""
        self._down.write(self._request("GET", cookie, shown, f"Accept: {_KIND}"), within)
        came = b""
        until = self._patience.clock.monotonic() + within
        while (parsed := parse_head(came)) is None:
            more = self._down.read(until - self._patience.clock.monotonic())
            if not more:
                raise Broken("closed")
            came += more
        head, self._rest = parsed
        return head

    def _upwards(self, cookie: str, shown: str | None, within: float) -> Connection:
        fields = (
            f"Content-Type: {_KIND}",
            "Content-Length: 32767",
            "Expires: Sun, 9 Jan 1972 00:00:00 GMT",
        )
        up = connect(self._patience, self._found, within)
        try:
            up.write(self._request("POST", cookie, shown, *fields), within)
        except BaseException:
            up.close()
            raise
        return up

    def _request(self, method: str, cookie: str, shown: str | None, *fields: str) -> bytes:
        lines = [
            f"{method} {self._target.path} HTTP/1.0",
            f"Host: {self._target.authority}",
            "User-Agent: surveillance-agent",
            f"x-sessioncookie: {cookie}",
            "Pragma: no-cache",
            "Cache-Control: no-cache",
            *([f"Authorization: {shown}"] if shown else []),
            *fields,
        ]
        return "\r\n".join([*lines, "", ""]).encode()
