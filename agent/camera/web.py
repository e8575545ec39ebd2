"""HTTP cameras: MJPEG streams and stills, told apart by what the camera answers."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import httpcore
import httpx

from agent.camera import reasons
from agent.camera.multipart import Multipart
from agent.camera.patience import Patience
from agent.camera.session import MOST_BYTES, Opener, Picture, Session, Silent
from agent.camera.tcp import PatientBackend, PatientStream
from agent.camera.trust import trusting
from agent.camera.url import split_url
from agent.core.errors import (
    CameraError,
    CameraRefused,
    CameraUnreachable,
    ConfigError,
    SessionLost,
)
from agent.imaging.jpeg import dimensions

#: Seconds without a whole picture after which the camera counts as stalled.
SILENCE = 8.0
#: For a connection, and for the head of an answer.
_ANSWER_WITHIN = 5.0
#: Cameras redirect from / to their stream; more than this is a loop.
_REDIRECTS = 3
#: Bytes taken at a time, at most: a usual picture at once, a large one in a few pieces.
_PIECE = 256 * 1024
#: Parts that are no JPEG, before the first that is one: then it sends something else.
_NO_JPEGS = 10
_PORTS = {"http": 80, "https": 443}
_HEADERS = {"Accept": "multipart/x-mixed-replace, image/jpeg", "Accept-Encoding": "identity"}


class _Auth(httpx.Auth):
    """Digest or basic, as the camera asks; nothing is sent before it asks."""

    def __init__(self, user: str, password: str) -> None:
        self._digest = httpx.DigestAuth(user, password)
        self._basic = httpx.BasicAuth(user, password)
        self._wants_basic = False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The requests of one turn, each sent after the answer to the one before."""
        if not self._wants_basic:
            flow = self._digest.auth_flow(request)
            response = yield next(flow)
            if not _asks_basic_alone(response):
                try:
                    yield flow.send(response)
                except (ValueError, KeyError, NotImplementedError) as error:
                    raise httpx.ProtocolError(f"a digest nobody knows: {error}") from error
                except StopIteration:
                    pass
                return
            self._wants_basic = True
        yield from self._basic.auth_flow(request)


def _asks_basic_alone(response: httpx.Response) -> bool:
    asked = [value.split(" ")[0].lower() for value in response.headers.get_list("www-authenticate")]
    return response.status_code == httpx.codes.UNAUTHORIZED and asked == ["basic"]


class _Transport(httpx.HTTPTransport):
    """httpx over connections that wait in small steps."""

    def __init__(self, patience: Patience, trust: ssl.SSLContext | None) -> None:
        super().__init__(trust_env=False)
        # httpx has no argument for this; the pool is as it would be, but for its network
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or trusting(),
            max_connections=1,
            network_backend=PatientBackend(patience),
        )


def web_opener(
    url: str, still_interval: float = 1.0, trust: ssl.SSLContext | None = None
) -> Opener:
    """Opens sessions with an `http:` or `https:` camera.

    Args:
        url: may carry user and password.
        still_interval: seconds between two requests, if it answers with a still.
        trust: whose certificates are believed; None: the public authorities'.

    Raises:
        ConfigError: no URL, no host, or a port that is none.
    """
    parts, host, port = split_url(url, "http://HOST[:PORT]/PATH, see docs/cameras.md")
    bare = _without_user(parts)
    try:
        _ = httpx.URL(bare).host  # decoded only when asked for
    except (httpx.InvalidURL, UnicodeError):
        words = "no URL: it is too long, has a character that none has, or a wrong host name"
        raise ConfigError(f"camera source: {words}") from None
    where = f"{host}:{port or _PORTS[parts.scheme.lower()]}"
    user = unquote(parts.username or "")

    def opened(patience: Patience) -> Session:
        """A session with a client of its own, closed with it."""
        auth = _Auth(user, unquote(parts.password or "")) if user else None
        with ExitStack() as stack:
            client = httpx.Client(
                transport=_Transport(patience, trust),
                auth=auth,
                timeout=httpx.Timeout(_ANSWER_WITHIN, read=SILENCE),
                follow_redirects=True,
                event_hooks={"response": [partial(_stays, where)]},
                max_redirects=_REDIRECTS,
                trust_env=False,
                headers=_HEADERS,
            )
            stack.callback(client.close)
            answer = stack.enter_context(ExitStack())
            response = answer.enter_context(_answer(client, bare, where))
            kind, _, options = response.headers.get("content-type", "").partition(";")
            kind = kind.strip().lower()
            if kind.startswith("multipart/"):
                boundary = _boundary(options, where)
                return MjpegSession(where, response, Multipart(boundary), patience, stack.pop_all())
            if kind in {"image/jpeg", "image/jpg"}:
                first = _body(response, where)
                if dimensions(first) is None:
                    words = f"{where}: says image/jpeg and sends {len(first)} bytes that are none"
                    raise CameraUnreachable(words)
                answer.close()
                stack.pop_all()
                return StillSession(where, client, bare, first, still_interval, patience)
            raise CameraRefused(f"{where}: {reasons.of_kind(kind)}")

    return opened


def _stays(where: str, response: httpx.Response) -> None:
    """A camera must not send us to another machine: our GET might switch something there."""
    if response.has_redirect_location:
        try:
            target = response.url.join(response.headers["location"])
            scheme, host = target.scheme, target.host
        except (httpx.InvalidURL, UnicodeError) as error:  # the latter: `xn--` and what is no name
            raise CameraRefused(f"{where}: redirects to what is no URL") from error
        if host != response.url.host or scheme not in _PORTS:
            there = f"{scheme}://{host}"
            raise CameraRefused(f"{where}: redirects to another host, {there}"[:120])


class _Body:
    """The bytes of an endless answer.

    One without a length and without chunks is all that comes until the connection ends: from its
    second piece on (the first one empties the client's buffer) it is read from the connection,
    past three layers that have nothing to do with it and cost more than all else we do to it.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._pieces: Iterator[bytes] = response.iter_raw()
        framed = {"transfer-encoding", "content-length"} & set(response.headers)
        stream = response.extensions.get("network_stream")
        self._stream = stream if isinstance(stream, PatientStream) and not framed else None
        self._begun = False

    def read(self, least: int) -> bytes:
        """The next piece, `least` bytes where that can be waited for; b"" at the end."""
        if self._begun and self._stream is not None:
            try:
                return self._stream.read_least(least, _PIECE, SILENCE)
            except httpcore.ReadTimeout as error:
                raise httpx.ReadTimeout(str(error)) from error
            except httpcore.ReadError as error:
                raise httpx.ReadError(str(error)) from error
        self._begun = True
        return next(self._pieces, b"")


class MjpegSession:
    """One endless answer of many JPEGs."""

    silence = SILENCE

    def __init__(
        self,
        where: str,
        response: httpx.Response,
        cutter: Multipart,
        patience: Patience,
        resources: ExitStack,
    ) -> None:
        self._where = where
        self._body = _Body(response)
        self._cutter = cutter
        self._clock = patience.clock
        self._resources = resources
        self._ready: list[Picture] = []
        self._begun = False

    @property
    def damaged(self) -> int:
        """Parts that were no whole JPEG."""
        return self._cutter.damaged

    def read(self) -> Picture | None:
        """The next picture; None after bytes that complete none."""
        if not self._ready:
            try:
                chunk = self._body.read(self._cutter.missing)
            except httpx.HTTPError as error:
                raise _in_our_words(error, self._where) from error
            if not chunk:
                raise SessionLost(f"{self._where}: the camera ended its stream")
            at = self._clock.monotonic()
            for jpeg in self._cutter.push(chunk):
                self._ready.append(Picture(jpeg, at))
            self._begun = self._begun or bool(self._ready)
            if not self._begun and self._cutter.damaged >= _NO_JPEGS:
                raise CameraRefused(f"{self._where}: sends a stream of parts that are no JPEGs")
        return self._ready.pop(0) if self._ready else None

    def close(self) -> None:
        """Ends the connection."""
        self._resources.close()


class StillSession:
    """A picture per request, one request per interval, over one connection where it lasts."""

    damaged = 0

    def __init__(
        self,
        where: str,
        client: httpx.Client,
        url: str,
        first: bytes,
        interval: float,
        patience: Patience,
    ) -> None:
        self.silence = SILENCE + interval
        self._where = where
        self._client = client
        self._url = url
        self._first: bytes | None = first
        self._interval = interval
        self._patience = patience
        self._due = patience.clock.monotonic() + interval

    def read(self) -> Picture | None:
        """The next picture when its time has come."""
        clock = self._patience.clock
        if self._first is not None:
            first, self._first = self._first, None
            return Picture(first, clock.monotonic())
        self._patience.wait(max(0.0, self._due - clock.monotonic()))
        # what was missed is not made up for: a slow camera would never rest
        self._due = max(self._due + self._interval, clock.monotonic())
        with _answer(self._client, self._url, self._where, SessionLost) as response:
            return Picture(_body(response, self._where), clock.monotonic())

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()


@contextmanager
def _answer(
    client: httpx.Client,
    url: str,
    where: str,
    kind: type[CameraUnreachable | SessionLost] = CameraUnreachable,
) -> Iterator[httpx.Response]:
    """The head of a good answer; its body is still to be read. `kind` is raised without one."""
    with ExitStack() as stack:
        with _errors(where, kind, urlsplit(url).scheme.lower()):
            response = stack.enter_context(client.stream("GET", url))
        if response.status_code != httpx.codes.OK:
            raise _not_ok(response, where, user=client.auth is not None)
        yield response


def _not_ok(response: httpx.Response, where: str, *, user: bool) -> CameraError:
    """What a status other than 200 is raised as."""
    match status := response.status_code:
        case httpx.codes.UNAUTHORIZED:
            return CameraRefused(f"{where}: {reasons.of_401(user=user)}")
        case httpx.codes.FORBIDDEN:
            return CameraRefused(f"{where}: {reasons.of_403()}")
        case httpx.codes.NOT_FOUND:
            return CameraRefused(f"{where}: {reasons.of_404()}")
    kind = CameraRefused if httpx.codes.is_client_error(status) else CameraUnreachable
    scheme, port = response.url.scheme, response.url.port or _PORTS[response.url.scheme]
    return kind(f"{where}: {reasons.of_status(scheme, port, status, response.reason_phrase)}")


def _body(response: httpx.Response, where: str) -> bytes:
    body = bytearray()
    with _errors(where, SessionLost):
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MOST_BYTES:
                raise CameraRefused(f"{where}: a still of more than {MOST_BYTES} bytes")
    return bytes(body)


def _boundary(options: str, where: str) -> str:
    for option in options.split(";"):
        name, _, value = option.partition("=")
        if name.strip().lower() == "boundary" and value.strip(' "-'):
            return value.strip(' "')
    raise CameraRefused(f"{where}: a stream without a boundary between its pictures")


@contextmanager
def _errors(
    where: str, kind: type[CameraUnreachable | SessionLost], scheme: str = "http"
) -> Iterator[None]:
    try:
        yield
    except CameraRefused as error:  # TLS, by the connection
        why = error.__context__  # httpcore takes the cause away
        if not isinstance(why, ssl.SSLError):
            raise
        raise CameraRefused(f"{where}: {reasons.of_tls(why)}") from error
    except httpx.TooManyRedirects as error:
        raise CameraRefused(f"{where}: redirects without end; check the URL's path") from error
    except httpx.HTTPError as error:
        if kind is SessionLost:
            raise _in_our_words(error, where) from error
        raise _no_head(error, where, scheme) from error


def _no_head(error: httpx.HTTPError, where: str, scheme: str) -> CameraError:
    """Why an attempt ended before anything was answered."""
    said = str(error)
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in said:
        return CameraRefused(f"{where}: {reasons.of_no_http(said)}")
    if isinstance(error, httpx.ProtocolError) and not isinstance(error, httpx.RemoteProtocolError):
        return CameraRefused(f"{where}: {reasons.of_unknown_digest()}")
    if isinstance(error, httpx.ConnectError) and "TLS" in said:
        return CameraUnreachable(f"{where}: {reasons.no_answer(scheme, said)}")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return CameraUnreachable(f"{where}: {reasons.no_connection(error)}")
    silent = isinstance(error, httpx.TimeoutException)
    words = reasons.SILENT if silent else reasons.CLOSED
    return CameraUnreachable(f"{where}: {reasons.no_answer(scheme, words)}")


def _in_our_words(error: httpx.HTTPError, where: str) -> SessionLost:
    """The client's error; ours never holds the URL, which may hold a password."""
    if isinstance(error, httpx.TimeoutException):
        return Silent(f"{where}: nothing for {SILENCE:g} s")
    return SessionLost(f"{where}: {error or type(error).__name__}"[:200])


def _without_user(parts: SplitResult) -> str:
    bare: Any = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
    return str(urlunsplit(bare))
