"""The client's side of HTTP for one session with a camera: request, head, redirects, password.

One thread, one connection at a time, one address per host for the whole session. Bodies of
redirects and challenges are never read. Every wait has a deadline and every byte a bound.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection
from ipaddress import ip_address

from agent.camera import error_reasons
from agent.camera.http.auth import Credentials, UnknownChallenge
from agent.camera.http.body import Body
from agent.camera.http.head import Head, parse_head
from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Found, Resolver
from agent.camera.network.tcp import Broken, Connection, TimedOut, connect
from agent.camera.network.trust import trusting
from agent.camera.network.url import Target, joined
from agent.core.errors import CameraRefused
from agent.runtime.redaction import excerpt

#: Seconds for a connection to be taken.
_CONNECT_WITHIN = 5.0
#: For the whole handshake of TLS: small processors need some of them.
_TLS_WITHIN = 10.0
#: For a request to be taken.
_WRITE_WITHIN = 5.0
#: Seconds for the whole head of an answer, from the request on, with everything before it. Some
#: cameras make a still only on request, and need 10 s for it.
HEAD_WITHIN = 20.0
#: The words of a `TimedOut` where something came, and no whole head.
SLOWLY = f"answers too slowly, {HEAD_WITHIN:g} s and more"
#: Cameras redirect from / to their stream; more than this is a loop.
_REDIRECTS = 3
#: Challenges taken for one request: the first one, and one whose nonce was too old.
_CHALLENGES = 2
_MOVED = frozenset({301, 302, 303, 307, 308})
#: Cookies of one camera that are kept, and bytes of each.
_COOKIES, _COOKIE = 16, 1024
_ACCEPT = "multipart/x-mixed-replace, image/jpeg, */*;q=0.1"


class NoAnswer(Broken):
    """The connection was closed before anything was answered."""


class Answer:
    """An answer whose head has come; its body is taken as it comes.

    Attributes:
        came: bytes of the body so far, as the connection brought them.
        over: the connection has ended, or the body's own marks say that it has.
    """

    def __init__(self, head: Head, rest: bytes, connection: Connection) -> None:
        self.head = head
        self.came = 0
        self.over = False
        self._connection = connection
        self._rest: bytes | None = rest or None
        self._body = Body(head)

    def take(self, least: int) -> bytes | None:
        """The next bytes of the body; None when none came for a moment.

        Args:
            least: bytes that are worth waking for.

        Raises:
            Bomb: it is compressed, and grows beyond measure.
            Broken: the connection broke.
            Interrupted: by our patience.
        """
        taken, self._rest = self._rest, None
        if taken is None:
            taken = self._connection.take(least)
        if taken is None:
            return None
        self.came += len(taken)
        body = self._body.push(taken)
        self.over = self._body.over or not taken
        return body

    @property
    def complete(self) -> bool:
        """As many bytes came as the head says, or more, or the end."""
        said = self.head.length
        return self.over or (said is not None and not self.head.chunked and self.came >= said)

    @property
    def exact(self) -> bool:
        """Just as many came, so the connection can be used once more."""
        counted = self.head.length == self.came and not self.head.chunked
        return self.head.keeps_open and (counted or self._body.over)


class HttpClient:
    """Asks for one URL, again and again.

    Args:
        target: what is asked for.
        credentials: user and password; None: the URL has none.
        patience: of the source whose thread asks.
        trust: whose certificates are believed; None: the public authorities'.
        elsewhere: other hosts to which the camera may redirect.
    """

    def __init__(
        self,
        target: Target,
        credentials: Credentials | None,
        patience: Patience,
        trust: ssl.SSLContext | None,
        elsewhere: Collection[str] = (),
    ) -> None:
        self._target = target
        self._credentials = credentials
        self._patience = patience
        self._trust = trust
        self._elsewhere = frozenset(elsewhere)
        self._addresses: dict[str, Found] = {}  # of this session
        self._cookies: dict[str, str] = {}  # likewise; the camera's own
        self._connection: Connection | None = None
        self._connected_to = ("", "", 0)
        self._answer: Answer | None = None  # the last one

    def get(self) -> Answer:
        """Asks once, and follows where the camera sends us.

        Raises:
            LinkError: no connection, or no answer.
            NoHttp: what answers speaks something else.
            CameraNotFound: the host's name does not resolve.
            CameraRefused: it sends us somewhere else, or asks for a password in an unknown way.
            Interrupted: by our patience.
        """
        target = self._target
        for _ in range(_REDIRECTS + 1):
            answer = self._asked(target)
            if target.host == self._target.host:
                self._keep_cookies(answer.head)
            if answer.head.status not in _MOVED:
                return answer
            self._disconnect()  # its body is never read
            target = self._moved(target, answer.head)
        raise CameraRefused("redirects without end; check the URL's path")

    @property
    def has_user(self) -> bool:
        """Whether the URL names a user."""
        return self._credentials is not None

    def close(self) -> None:
        """Ends the connection."""
        self._disconnect()

    def _asked(self, target: Target) -> Answer:
        """The answer of one place, after its challenge where there is one."""
        known = self._credentials if target.host == self._target.host else None
        for challenges in range(_CHALLENGES + 1):
            answer = self._sent(target, known.answer("GET", target.path) if known else None)
            asks = answer.head.all("www-authenticate")
            if answer.head.status != 401 or known is None or not asks:
                break
            if challenges >= _CHALLENGES:
                break
            try:
                known.challenged(asks)
            except UnknownChallenge:
                raise CameraRefused(error_reasons.of_unknown_digest()) from None
            if challenges and not known.stale:
                break
            self._disconnect()
        return answer

    def _sent(self, target: Target, authorization: str | None) -> Answer:
        """The answer to one request, over the connection of the last one where that lasts."""
        cookies = self._cookies if target.host == self._target.host else {}
        lines = [
            f"GET {target.path} HTTP/1.1",
            f"Host: {target.authority}",
            f"Accept: {_ACCEPT}",
            "Accept-Encoding: identity",
            "User-Agent: surveillance-agent",
            *([f"Authorization: {authorization}"] if authorization else []),
            *(["Cookie: " + "; ".join(map("=".join, cookies.items()))] if cookies else []),
        ]
        request = "\r\n".join([*lines, "", ""]).encode("latin-1")
        kept = self._reusable(target)
        if kept is not None:
            try:
                return self._said(kept, request)
            except Broken:  # the camera had ended it meanwhile
                pass
        self._disconnect()
        return self._said(self._connect(target), request)

    def _said(self, connection: Connection, request: bytes) -> Answer:
        try:
            return self._head(connection, request)
        except Broken as error:
            raise NoAnswer(str(error)) from error

    def _head(self, connection: Connection, request: bytes) -> Answer:
        clock = self._patience.clock
        connection.write(request, _WRITE_WITHIN)
        until = clock.monotonic() + HEAD_WITHIN
        came, heard = b"", False
        while True:
            try:
                more = connection.read(until - clock.monotonic())
            except TimedOut:
                raise TimedOut(SLOWLY if heard else "no answer") from None
            heard = True
            if not more:
                raise NoAnswer("closed")
            came += more
            while (parsed := parse_head(came)) is not None:
                head, came = parsed
                if head.status >= 200:
                    self._answer = Answer(head, came, connection)
                    return self._answer

    def _keep_cookies(self, head: Head) -> None:
        """What the camera wants to see again (RFC 6265), for this session.

        Some open a session of theirs so, and redirect until they see it.
        """
        for said in head.all("set-cookie"):
            name, equals, value = said.partition(";")[0].partition("=")
            name, value = name.strip(), value.strip()
            full = len(self._cookies) >= _COOKIES and name not in self._cookies
            fits = len(said) <= _COOKIE and said.isprintable()
            if name and equals and fits and not full:
                self._cookies[name] = value

    def _reusable(self, target: Target) -> Connection | None:
        last, connection = self._answer, self._connection
        fits = self._connected_to == (target.scheme, target.host, target.port)
        if last is None or connection is None or not fits or not last.exact:
            return None
        return connection if connection.idle else None

    def _connect(self, target: Target) -> Connection:
        family, address = self._address(target.host)
        where = (family, (address[0], target.port, *address[2:]))
        connection = connect(self._patience, where, _CONNECT_WITHIN)
        if target.scheme == "https":
            self._trust = self._trust or trusting()
            connection = connection.secured(self._trust, target.host, _TLS_WITHIN)
        self._connection = connection
        self._connected_to = (target.scheme, target.host, target.port)
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._answer = None

    def _address(self, host: str) -> Found:
        """The host's address, the same one as long as the session lasts."""
        if host not in self._addresses:
            resolver = Resolver(host, self._target.port, self._patience.clock)
            self._addresses[host] = resolver.find(self._patience.worker)
        return self._addresses[host]

    def _moved(self, asked: Target, head: Head) -> Target:
        """Where the camera sends us, if we go there: our GET might switch something elsewhere."""
        try:
            target = joined(asked, head.get("location"))
        except ValueError:
            raise CameraRefused("redirects to what is no URL") from None
        if not head.get("location"):
            raise CameraRefused("redirects to what is no URL")
        there = excerpt(f"{target.scheme}://{target.host}", 60)
        if self._is_camera(target.host):
            if (asked.scheme, target.scheme) == ("https", "http") and self._credentials:
                words = "where the password can be read: write http:// if that is wanted"
                raise CameraRefused(f"redirects from https:// to {there}, {words}")
            return target._replace(host=self._target.host)
        if target.host not in self._elsewhere:
            raise CameraRefused(error_reasons.of_redirect(there))
        if _is_special(str(self._address(target.host)[1][0])) and not _is_number(target.host):
            raise CameraRefused(f"redirects to {there}, whose address is the machine's own or none")
        return target

    def _is_camera(self, host: str) -> bool:
        return host in {self._target.host, str(self._address(self._target.host)[1][0])}


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_special(address: str) -> bool:
    """Nobody's camera: this machine, link-local addresses (which cloud machines ask for keys)."""
    found = ip_address(address.partition("%")[0])
    return found.is_link_local or found.is_loopback or found.is_unspecified or found.is_multicast
