"""How a session with an RTSP camera begins: the description of its stream (DESCRIBE).

Redirects are followed only on the camera itself; user and password go to no other host. Everything
has a deadline and a bound.
"""

from __future__ import annotations

import ssl
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urljoin

from agent.camera import error_reasons
from agent.camera.http.auth import Credentials, UnknownChallenge
from agent.camera.http.head import Head, NoHttp, parse_head
from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Found
from agent.camera.network.tcp import Broken, LinkError, NoTls, TimedOut, connect
from agent.camera.network.trust import trusting
from agent.camera.network.url import Target, joined
from agent.camera.rtsp.tunnel import Line, Tunnel
from agent.core.errors import CameraRefused, CameraUnreachable, WrongPassword
from agent.runtime.redaction import excerpt

#: Seconds for a connection, and for a request to be taken.
WITHIN = 5.0
#: For an answer as a whole, with everything before it. What gets its pictures from elsewhere (a
#: recorder, a relay) fetches them when it is asked, and needs some 10 s.
ANSWER_WITHIN = 20.0
_TLS_WITHIN = 10.0
#: Bytes for an answer of another server that listens there.
_GREETING_WITHIN = 2.0
#: Cameras redirect from one path to another; more than this is a loop.
_REDIRECTS = 3
#: Requests: without the password, with it, and with a newer nonce.
_REQUESTS = 3
#: Bytes of a body that is stepped over, and of a description.
_MOST_BODY, _MOST_DESCRIPTION = 64 * 1024, 256 * 1024


class _NoRtsp(Exception):
    """Something else is spoken there.

    Attributes:
        said: how it begins.
    """

    def __init__(self, said: bytes) -> None:
        super().__init__("no RTSP")
        self.said = said


@dataclass(frozen=True, slots=True)
class Described:
    """The camera's description, and the connection on which the conversation goes on.

    Attributes:
        base: the URL to which those in the description are relative.
        body: the description.
        line: the open connection; the owner of this object closes it.
        rest: what came behind the description.
        requests: sent so far on this connection.
        who: user and password, as the camera asked for them; None: the URL has none.
    """

    base: str
    body: bytes
    line: Line
    rest: bytes
    requests: int
    who: Credentials | None


class Question:
    """Asks one camera for the description of its stream.

    Args:
        patience: of the source whose thread asks.
        trust: whose certificates are believed; None: the public authorities'.
        user: as the URL has it; empty: none.
        password: likewise.
        tunnel: RTSP goes through HTTP.
    """

    def __init__(
        self,
        patience: Patience,
        trust: ssl.SSLContext | None,
        user: str,
        password: str,
        *,
        tunnel: bool = False,
    ) -> None:
        self._patience = patience
        self._trust = trust
        self._tunnel = tunnel
        self._who = Credentials(user, password) if user else None

    def ask(self, target: Target, found: Found) -> Described:
        """Asks, and follows where the camera sends us on itself.

        Args:
            target: the camera's stream.
            found: its address, the only one that we connect to.

        Raises:
            CameraRefused: it sends us elsewhere, refuses the password or is no RTSP camera; or its
                certificate is not believed.
            CameraUnreachable: nobody is there, or it does not answer now.
            Interrupted: by our patience.
        """
        for _ in range(_REDIRECTS + 1):
            family, address = found
            found = (family, (address[0], target.port, *address[2:]))
            there = target._replace(host=str(address[0]))
            who = self._who if self._tunnel else None
            talk = _Talk(self._patience, self._trust, target, found, who, tunnel=self._tunnel)
            try:
                head = self._described(talk, there)
                if not 300 <= head.status < 400:
                    return self._kept(talk, head, there)
                talk.close()
            except BaseException:
                talk.close()
                raise
            target = self._moved(target, head, str(address[0]))
        raise CameraRefused("redirects without end; check the URL's path")

    def _kept(self, talk: _Talk, head: Head, target: Target) -> Described:
        """The description behind that head.

        Raises:
            CameraRefused: there is none.
            CameraUnreachable: there is none now.
        """
        if not 200 <= head.status < 300:
            raise error_reasons.rtsp_error(target.scheme, head.status, head.phrase)
        if (head.length or 0) > _MOST_DESCRIPTION:
            raise CameraRefused(f"describes its stream with {head.length} bytes")
        body, rest = talk.body(head.length or 0, target.scheme)
        asked = f"{target.scheme}://{target.authority}{target.path}"
        base = head.get("content-base") or urljoin(asked, head.get("content-location")) or asked
        return Described(base, body, talk.line, rest, talk.requests, self._who)

    def _described(self, talk: _Talk, target: Target) -> Head:
        """The head of its answer, after its challenge where there is one."""
        who = self._who
        uri = f"{target.scheme}://{target.authority}{target.path}"
        for _ in range(_REQUESTS):
            shown = who.answer("DESCRIBE", uri) if who else None
            head = talk.asked(uri, shown)
            asks = head.all("www-authenticate")
            if head.status != 401:
                return head
            if who is None or not asks:
                break
            try:
                who.challenged(asks)
            except UnknownChallenge:
                raise CameraRefused(error_reasons.of_unknown_digest()) from None
            if shown is not None and not who.stale:
                break
        raise WrongPassword(error_reasons.of_401(user=who is not None))

    def _moved(self, asked: Target, head: Head, address: str) -> Target:
        """Where the camera sends us, if that is on itself: the password goes to no other host."""
        try:
            target = joined(asked, head.get("location"))
        except ValueError:
            raise CameraRefused("redirects to what is no URL of RTSP") from None
        there = excerpt(f"{target.scheme}://{target.host}", 60)
        if target.host not in {asked.host, address} or not head.get("location"):
            raise CameraRefused(error_reasons.of_rtsp_redirect(there))
        if (asked.scheme, target.scheme) == ("rtsps", "rtsp"):
            raise CameraRefused(f"redirects from rtsps:// to {there}, which anybody can read")
        return target._replace(host=asked.host)


class _Talk:
    """One connection to the camera, opened once more where it ends between two requests.

    Attributes:
        requests: sent so far.
        line: the connection of now.
    """

    def __init__(
        self,
        patience: Patience,
        trust: ssl.SSLContext | None,
        target: Target,
        found: Found,
        who: Credentials | None,
        *,
        tunnel: bool,
    ) -> None:
        self._patience = patience
        self._trust = trust
        self._target = target
        self._found = found
        self._who = who
        self._tunnel = tunnel
        self._rest = b""
        self.requests = 0
        self.line = self._connected()

    def asked(self, uri: str, authorization: str | None) -> Head:
        """The head of the answer to one DESCRIBE."""
        scheme = self._target.scheme
        try:
            return self._sent(uri, authorization)
        except _NoRtsp as error:
            words = error_reasons.of_no_rtsp(scheme, error.said) or error_reasons.other_service(
                scheme, "speaks no RTSP"
            )
            raise CameraRefused(words) from None
        except TimedOut as error:
            raise CameraUnreachable(error_reasons.of_no_answer(scheme, str(error))) from error
        except LinkError as error:
            raise CameraUnreachable(
                error_reasons.of_no_answer(scheme, error_reasons.CLOSED)
            ) from error

    def body(self, length: int, scheme: str) -> tuple[bytes, bytes]:
        """The given number of bytes behind the last head, and the bytes behind them."""
        until = self._patience.clock.monotonic() + ANSWER_WITHIN
        while len(self._rest) < length:
            try:
                more = self.line.read(until - self._patience.clock.monotonic())
            except LinkError as error:
                raise CameraUnreachable(error_reasons.of_no_answer(scheme, str(error))) from error
            if not more:
                raise CameraUnreachable(error_reasons.of_no_answer(scheme, error_reasons.CLOSED))
            self._rest += more
        return self._rest[:length], self._rest[length:]

    def close(self) -> None:
        """Ends it."""
        self.line.close()

    def _sent(self, uri: str, authorization: str | None) -> Head:
        self.requests += 1
        lines = [
            f"DESCRIBE {uri} RTSP/1.0",
            f"CSeq: {self.requests}",
            "Accept: application/sdp",
            "User-Agent: surveillance-agent",
            *([f"Authorization: {authorization}"] if authorization else []),
        ]
        request = "\r\n".join([*lines, "", ""]).encode()
        if self.requests > 1:
            try:
                return self._head(request)
            except Broken:  # it ends a connection with each 401
                self.line.close()
                self.line, self._rest = self._connected(), b""
        return self._head(request)

    def _head(self, request: bytes) -> Head:
        clock, connection = self._patience.clock, self.line
        connection.write(request, WITHIN)
        until, came = clock.monotonic() + ANSWER_WITHIN, self._rest
        heard = False
        while True:
            try:
                parsed = parse_head(came, "RTSP")
            except NoHttp:
                raise _NoRtsp(came) from None
            if parsed is not None:
                head, self._rest = parsed
                if head.status < 200:
                    came = self._rest
                    continue
                self._step_over(head)
                return head
            try:
                more = connection.read(until - clock.monotonic())
            except TimedOut:
                raise TimedOut(error_reasons.SLOWLY if heard else error_reasons.SILENT) from None
            if not more:
                raise Broken("closed")
            heard = True
            came += more

    def _step_over(self, head: Head) -> None:
        """The body of a challenge; of every other answer nothing more is read."""
        if head.status != 401:
            return
        missing = min(head.length or 0, _MOST_BODY + 1) - len(self._rest)
        until = self._patience.clock.monotonic() + ANSWER_WITHIN
        while missing > 0:
            taken = self.line.read(until - self._patience.clock.monotonic())
            if not taken:
                break
            self._rest += taken
            missing -= len(taken)
        self._rest = self._rest[head.length or 0 :]

    def _connected(self) -> Line:
        try:
            if self._tunnel:
                there = self._patience, self._found, self._target, self._who
                return Tunnel(*there, WITHIN)
            connection = connect(self._patience, self._found, WITHIN)
        except NoHttp as error:
            words = error_reasons.other_service("http", f"gives no tunnel for RTSP ({error})")
            raise CameraRefused(words) from error
        except LinkError as error:
            raise CameraUnreachable(error_reasons.no_connection(error)) from error
        if self._target.scheme != "rtsps":
            return connection
        self._trust = self._trust or trusting()
        try:
            secured = connection.secured(self._trust, self._target.host, _TLS_WITHIN)
        except LinkError as error:
            connection.close()
            raise self._no_tls(error) from error
        return secured

    def _no_tls(self, error: LinkError) -> CameraRefused | CameraUnreachable:
        """Why there is no TLS: a certificate that nobody believes, or something else is there."""
        cause = error.__cause__
        if isinstance(error, NoTls) and isinstance(cause, ssl.SSLCertVerificationError):
            return CameraRefused(error_reasons.of_tls(cause, "rtsp"))
        said = self._greeting()
        other = error_reasons.of_no_rtsp("rtsps", said)
        if other is not None:
            return CameraRefused(other) if said else CameraUnreachable(other)
        words = error_reasons.tls_words(cause) if isinstance(error, NoTls) else str(error)
        return CameraUnreachable(error_reasons.of_no_video("rtsps", words))

    def _greeting(self) -> bytes | None:
        """What the server there says without TLS; b"": it hangs up, None: nothing."""
        try:
            with closing(connect(self._patience, self._found, _GREETING_WITHIN)) as connection:
                connection.write(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", _GREETING_WITHIN)
                return connection.read(_GREETING_WITHIN)
        except TimedOut:
            return None
        except LinkError:
            return b""
