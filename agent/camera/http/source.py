"""HTTP cameras: MJPEG streams and stills, told apart by what comes, not by what is said of it."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from agent.camera import error_reasons
from agent.camera.arrivals import Arrivals
from agent.camera.http.auth import Credentials
from agent.camera.http.body import Bomb
from agent.camera.http.client import SLOWLY, Answer, HttpClient, NoAnswer
from agent.camera.http.head import Head, NoHttp
from agent.camera.http.multipart import PictureCutter
from agent.camera.interruptible_wait import Patience
from agent.camera.network.tcp import LinkError, NotConnected, NoTls, TimedOut
from agent.camera.network.url import Target, split_url, target_of
from agent.camera.session import Opener, Picture, Session
from agent.core.errors import (
    CameraError,
    CameraNotFound,
    CameraRefused,
    CameraUnreachable,
    ConfigError,
    NoSuchStream,
    SessionLost,
    WrongPassword,
)
from agent.runtime.redaction import excerpt

#: Seconds without a whole picture after which the camera counts as stalled, at least.
SILENCE = 8.0
#: Bytes a second at which a picture may come and is still waited for: 3 MB may take minutes.
MIN_RATE = 8 * 1024
#: Seconds without a byte after which an answer that looks whole is taken for whole.
_PAUSE = 1.0
#: Parts that are no JPEG, before the first that is one: then it sends something else.
_NO_JPEGS = 10
#: Bytes without the begin of a picture, in an answer of no parts: then it is none.
_NO_PICTURE = 64 * 1024
_JPEG = frozenset({"image/jpeg", "image/jpg", "image/pjpeg"})


def web_opener(
    url: str,
    still_interval: float = 1.0,
    trust: ssl.SSLContext | None = None,
    redirect_hosts: Collection[str] = (),
) -> Opener:
    """Opens sessions with an `http:` or `https:` camera.

    Args:
        url: may carry user and password.
        still_interval: seconds between two requests, if it answers with a still.
        trust: whose certificates are believed; None: the public authorities'.
        redirect_hosts: other hosts to which the camera may redirect.

    Raises:
        ConfigError: no URL, no host, or a port that is none.
    """
    parts, host, _ = split_url(url, "http://HOST[:PORT]/PATH, see docs/reference/cameras.md")
    try:
        target = target_of(url)
    except ValueError:
        words = "no URL: it is too long, has a character that none has, or a wrong host name"
        raise ConfigError(f"camera source: {words}") from None
    where = f"{host}:{target.port}"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    elsewhere = frozenset(name.lower() for name in redirect_hosts)

    def opened(patience: Patience) -> Session:
        """A session with a client of its own, closed with it."""
        who = Credentials(user, password) if user else None
        client = HttpClient(target, who, patience, trust, elsewhere)
        session = WebSession(where, target, client, still_interval, patience)
        try:
            session.ask()
        except BaseException:
            session.close()
            raise
        return session

    return opened


class WebSession:
    """Pictures of one camera: of one endless answer, or one of each answer.

    An answer that ends after one picture was a still, with any content type: the next one is asked
    for when its time has come. An answer of more pictures was a stream, and its end is a loss.
    A still that fails costs only itself, as long as the next one comes before `silence` is over.
    """

    def __init__(
        self, where: str, target: Target, client: HttpClient, interval: float, patience: Patience
    ) -> None:
        self._where = where
        self._target = target
        self._client = client
        self._interval = interval
        self._patience = patience
        self._clock = patience.clock
        self._ready: deque[Picture] = deque()
        self._damaged = 0  # of the answers before
        self._still = False  # the last answer was one
        self._due = patience.clock.monotonic() + interval  # when the next still is asked for
        self._answer: Answer | None = None
        self._cutter = PictureCutter()
        self._arrivals = Arrivals()
        self._stored = 0  # pictures of this answer
        self._missed: CameraError | None = None  # why the last still did not come
        self._came_at = self._asked_at = 0.0

    @property
    def damaged(self) -> int:
        """Parts that were no whole JPEG."""
        return self._damaged + self._cutter.damaged

    @property
    def silence(self) -> float:
        """Seconds without a whole picture, longer while a large one comes at a fair rate."""
        return SILENCE + (self._interval if self._still else 0.0) + self._cutter.partial / MIN_RATE

    @property
    def answers(self) -> bool:
        """Whether the camera says anything at all: bytes came lately, or never made a picture."""
        if self._missed is not None:
            return self._missed.answers or isinstance(self._missed, CameraRefused)
        answer = self._answer
        lately = self._clock.monotonic() - self._came_at <= SILENCE / 2
        return answer is not None and answer.came > 0 and (lately or not self._stored)

    @property
    def why(self) -> str:
        """Why there is no whole picture now."""
        if self._missed is not None:
            return str(self._missed)
        answer = self._answer
        if answer is None or not answer.came:
            return "nothing comes"
        seconds = max(0.1, self._clock.monotonic() - self._asked_at)
        if not self._stored and answer.came / seconds < MIN_RATE:
            return f"{answer.came} bytes in {seconds:.0f} s, too slow; {self._cutter.why}"
        if self._clock.monotonic() - self._came_at > SILENCE / 2:
            return f"nothing more comes; {self._cutter.why}"
        return self._cutter.why

    def ask(self) -> None:
        """Sends a request, and waits for the head of a good answer.

        Raises:
            CameraError: the class says what to do next.
            Interrupted: by our patience.
        """
        with self._words():
            answer = self._client.get()
            if not 200 <= answer.head.status < 300:
                raise _not_ok(answer.head, self._target, user=self._client.has_user)
        self._damaged += self._cutter.damaged
        still = answer.head.kind in _JPEG
        length = answer.head.length if still else None
        self._cutter = PictureCutter(answer.head.boundary, length=length)
        self._answer, self._stored = answer, 0
        self._came_at = self._asked_at = self._clock.monotonic()

    def read(self) -> Picture | None:
        """The next picture; None after bytes that complete none, or after a moment without any."""
        if not self._ready:
            try:
                if self._answer is None:
                    self._wait_and_ask()
                else:
                    self._take(self._answer)
            except CameraError as error:
                self._miss(error)
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    # ------------------------------------------------------------ one answer

    def _take(self, answer: Answer) -> None:
        with self._words():
            data = answer.take(self._cutter.missing)
        now = self._clock.monotonic()
        if data:
            self._came_at = now
            self._hand_on(self._cutter.push(data), now)
            self._refuse_others(answer)
        if answer.over or self._has_paused(answer, now):
            self._hand_on(self._cutter.finish(cut=self._is_cut(answer)), now)
            self._ended(answer)

    def _hand_on(self, jpegs: list[bytes], at: float) -> None:
        if jpegs:
            self._missed = None
        times = self._arrivals.times(len(jpegs), at)
        self._ready.extend(Picture(jpeg, came) for jpeg, came in zip(jpegs, times, strict=True))
        self._stored += len(jpegs)

    def _is_cut(self, answer: Answer) -> bool:
        """The connection ended before as many bytes came as were announced."""
        said = answer.head.length
        multipart = answer.head.kind.startswith("multipart/")
        return said is not None and not multipart and answer.came < said

    def _has_paused(self, answer: Answer, now: float) -> bool:
        """No more comes, it seems, and what is there may be all: then it is no stream."""
        if self._stored > 1:
            return False
        if answer.head.kind.startswith("multipart/"):
            return answer.exact and now - self._came_at >= _PAUSE
        if answer.complete and self._stored and not self._cutter.partial:
            return True
        whole = answer.complete or (self._stored and not self._cutter.partial)
        return bool(whole) and now - self._came_at >= _PAUSE

    def _ended(self, answer: Answer) -> None:
        """The answer is through: it was a still, a stream that ends, or no picture at all."""
        if self._stored > 1:
            raise SessionLost(f"{self._where}: the camera ended its stream")
        if self._stored == 0:
            raise self._no_picture(answer)
        self._still = True
        self._answer = None

    def _no_picture(self, answer: Answer) -> CameraError:
        head = answer.head
        if head.kind not in _JPEG and not head.kind.startswith("multipart/"):
            return NoSuchStream(f"{self._where}: {error_reasons.of_kind(head.kind)}")
        if not answer.came:
            words = "and ends without a byte of it"
        elif self._cutter.damaged or self._cutter.partial:
            words = f"and sends {answer.came} bytes of a picture that is not whole"
        else:
            words = f"and sends {answer.came} bytes that are none"
        return CameraUnreachable(f"{self._where}: says {head.kind} {words}", answers=True)

    def _refuse_others(self, answer: Answer) -> None:
        """Leaves an answer that is no camera's."""
        if self._stored or self._cutter.partial:
            return
        if self._cutter.damaged + self._cutter.others >= _NO_JPEGS:
            raise CameraRefused(f"{self._where}: sends a stream of parts that are no JPEGs")
        kind = answer.head.kind
        if kind.startswith("multipart/") or answer.came < _NO_PICTURE:
            return
        if kind in _JPEG:
            words = f"says {kind} and sends {answer.came} bytes that are none"
            raise CameraRefused(f"{self._where}: {words}")
        raise NoSuchStream(f"{self._where}: {error_reasons.of_kind(kind)}")

    def _wait_and_ask(self) -> None:
        self._patience.wait(max(0.0, self._due - self._clock.monotonic()))
        # what was missed is not made up for: a slow camera would never rest
        self._due = max(self._due + self._interval, self._clock.monotonic())
        self.ask()

    def _miss(self, error: CameraError) -> None:
        """A still did not come. The next one may: that its camera is busy for once is no loss.

        Raises:
            CameraError: it was none, or no other one may be asked for.
        """
        if isinstance(error, WrongPassword) or not self._still:
            raise error
        self._client.close()
        self._cutter.finish(cut=True)  # of a part of a picture no more comes
        self._missed, self._answer = error, None

    @contextmanager
    def _words(self) -> Iterator[None]:
        """What went wrong, in our words; they never hold the URL, which may hold a password."""
        try:
            yield
        except CameraNotFound:
            raise
        except CameraError as error:
            words = f"{self._where}: {error}"
            raise type(error)(words, answers=error.answers) from error
        except Bomb as error:
            words = f"{self._where}: sends compressed pictures that are none: {error}"
            raise CameraRefused(words) from error
        except NoHttp as error:
            raise CameraRefused(f"{self._where}: {error_reasons.of_no_http(str(error))}") from error
        except LinkError as error:
            raise _no_link(error, self._where, self._target.scheme) from error


def _no_link(error: LinkError, where: str, scheme: str) -> CameraError:
    """Why a connection gave no answer, or ended in its midst."""
    if isinstance(error, NotConnected):
        return CameraUnreachable(f"{where}: {error_reasons.no_connection(error)}")
    if isinstance(error, NoTls):
        why = error.__cause__
        if isinstance(why, ssl.SSLError) and why.reason in error_reasons.NO_TLS:
            return CameraRefused(f"{where}: {error_reasons.of_tls(why)}")
        words = f"TLS: {error_reasons.tls_words(why)}"
        return CameraUnreachable(f"{where}: {error_reasons.no_answer(scheme, words)}")
    if isinstance(error, NoAnswer):
        return CameraUnreachable(
            f"{where}: {error_reasons.no_answer(scheme, error_reasons.CLOSED)}"
        )
    if isinstance(error, TimedOut):
        said = str(error)
        if "connection" in said:
            return CameraUnreachable(f"{where}: {error_reasons.no_connection(error)}")
        if said == SLOWLY:
            return CameraUnreachable(f"{where}: {said}: no whole head came", answers=True)
        words = error_reasons.SILENT if said == "no answer" else said
        return CameraUnreachable(f"{where}: {error_reasons.no_answer(scheme, words)}")
    return SessionLost(excerpt(f"{where}: {error}", 200))


def _not_ok(head: Head, target: Target, *, user: bool) -> CameraError:
    """What a status that is not good is raised as."""
    match head.status:
        case 401:
            return WrongPassword(error_reasons.of_401(user=user))
        case 403:
            return WrongPassword(error_reasons.of_403())
        case 404:
            return NoSuchStream(error_reasons.of_404())
    words = error_reasons.of_status(target.scheme, target.port, head.status, head.phrase)
    if 300 <= head.status < 500:
        return NoSuchStream(words)
    return CameraUnreachable(words, answers=True)
