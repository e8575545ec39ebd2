"""Web cameras that answer not quite as the standards want; each is a function of a connection.

A server answers each connection as one of them. Every picture is another one.
"""

from __future__ import annotations

import gzip
import itertools
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.support.jpegs import jpeg, segment

#: What a camera does with a connection, and the request that came over it.
Answer = Callable[[socket.socket, bytes], None]

OK = b"HTTP/1.1 200 OK\r\n"
STREAM = b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n"
JPEG = b"Content-Type: image/jpeg\r\n"
CLOSE = b"Connection: close\r\n"

_NUMBERS = itertools.count(1)
_PAUSE = threading.Event()  # never set: waits between two pictures


def picture() -> bytes:
    """Another one with each call."""
    number = next(_NUMBERS)
    return jpeg(3000 + 100 * (number % 7), seed=number)


def rest(seconds: float = 0.03) -> None:
    """Between two pictures."""
    _PAUSE.wait(seconds)


@contextmanager
def shown_by(answer: Answer, host: str = "127.0.0.1") -> Iterator[int]:
    """A server whose connections are answered so; its port."""
    server = socket.create_server((host, 0))
    open_now: list[socket.socket] = []

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if request := heard(connection):
                answer(connection, request)

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            open_now.append(connection)
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for connection in open_now:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def heard(connection: socket.socket) -> bytes:
    """A whole request; empty at the end."""
    request = b""
    while b"\r\n\r\n" not in request:
        some = connection.recv(4096)
        if not some:
            return b""
        request += some
    return request


def path_of(request: bytes) -> str:
    """What is asked for."""
    return request.split(b" ")[1].decode("latin-1")


def field(request: bytes, name: str) -> str:
    """A field of a request; empty without."""
    found = re.search(rf"(?im)^{name}: *(.*?)\r$", request.decode("latin-1"))
    return found[1] if found else ""


# ------------------------------------------------------------------ stills


def still(
    head: bytes = OK + JPEG,
    change: Callable[[bytes], bytes] = bytes,
    length: Callable[[int], bytes] = lambda n: b"Content-Length: %d\r\n" % n,
    more: bytes = CLOSE,
) -> Answer:
    """One picture for each connection."""

    def answer(connection: socket.socket, _: bytes) -> None:
        body = change(picture())
        connection.sendall(head + length(len(body)) + more + b"\r\n" + body)

    return answer


def held(inner: Answer) -> Answer:
    """As `inner`, and the connection stays open with nothing more."""

    def answer(connection: socket.socket, request: bytes) -> None:
        inner(connection, request)
        connection.recv(1)

    return answer


def no_length(_: int) -> bytes:
    """A head that does not say how long the body is."""
    return b""


# ------------------------------------------------------------------ streams


def part(
    body: bytes,
    *,
    said: int | None = None,
    mark: bytes = b"--frame",
    kind: bytes = JPEG,
    end: bytes = b"\r\n",
) -> bytes:
    """One part of a stream; `said` is the length that its head says."""
    length = len(body) if said is None else said
    lines = [mark, kind.rstrip(), b"Content-Length: %d" % length, b"", b""]
    return end.join(lines) + body + end


def stream(
    of: Callable[[bytes], bytes] = part, head: bytes = OK + STREAM, before: bytes = b""
) -> Answer:
    """Pictures without end over one connection."""

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head + b"\r\n" + before)
        while True:
            connection.sendall(of(picture()))
            rest()

    return answer


def chunked(of: Callable[[bytes], bytes] = part, *, really: bool = True) -> Answer:
    """A stream in chunks, or one that only says so."""

    def framed(body: bytes) -> bytes:
        data = of(body)
        return b"%x\r\n" % len(data) + data + b"\r\n" if really else data

    return stream(framed, OK + STREAM + b"Transfer-Encoding: chunked\r\n")


def zipped(body: bytes) -> bytes:
    """As no picture should come."""
    return gzip.compress(body)


def with_segments(body: bytes, count: int, inside: bytes = b"0123456789") -> bytes:
    """As cameras write that put their measurements into application segments."""
    return body[:2] + segment(0xE9, inside) * count + body[2:]


# ------------------------------------------------------------------ redirects, passwords


def moved(to: bytes, status: bytes = b"302 Found", body: bytes = b"") -> Answer:
    """Sends us elsewhere, with a body that nobody needs."""

    def answer(connection: socket.socket, _: bytes) -> None:
        head = b"HTTP/1.1 " + status + b"\r\nLocation: " + to + b"\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n" % len(body) + CLOSE + b"\r\n" + body)

    return answer


def at(places: dict[str, Answer]) -> Answer:
    """What the path says."""

    def answer(connection: socket.socket, request: bytes) -> None:
        places[path_of(request)](connection, request)

    return answer


def locked(allows: Callable[[str, str], bool], challenges: list[bytes], then: Answer) -> Answer:
    """Wants a password; `allows` looks at the field and at the path."""

    def answer(connection: socket.socket, request: bytes) -> None:
        said = field(request, "Authorization")
        if said and allows(said, path_of(request)):
            then(connection, request)
            return
        fields = b"".join(b"WWW-Authenticate: " + each + b"\r\n" for each in challenges)
        connection.sendall(
            b"HTTP/1.1 401 No\r\n" + fields + b"Content-Length: 5\r\n" + CLOSE + b"\r\nhello"
        )

    return answer
