"""A camera that speaks HTTP: MJPEG or stills, with basic or digest auth, that can be cut and stall.

The server side of the auth is written from RFC 7616 and 7617 alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

from tests.support.waiting import PATIENCE

Auth = Literal["none", "basic", "digest"]

USER, PASSWORD = "viewer", "p@ss:w/rd"
REALM, NONCE = "camera", "0123abcd"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  the RFC's


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class WebCamera:
    """Serves `picture(n)` at /stream as MJPEG and at /still.jpg one by one.

    Attributes:
        requests: authorised ones.
        tried: headers `Authorization` as they came.
        sent: pictures sent in streams.
        stalled: set: nothing is sent, connections stay open.
        status: answered instead of a picture, when set.
    """

    def __init__(
        self,
        picture: Callable[[int], bytes],
        *,
        fps: float = 20.0,
        auth: Auth = "none",
        with_length: bool = True,
        chunked: bool = False,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests = 0
        self.tried: list[str | None] = []
        self.sent = 0
        self.stalled = threading.Event()
        self.status: int | None = None
        self._picture = picture
        self._fps = fps
        self._auth = auth
        self._with_length = with_length
        self._chunked = chunked
        self._open: set[Any] = set()
        self._gone = threading.Event()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                camera.answer(self)

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        self._server = _Server(("127.0.0.1", port), Handler)
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def url(self, path: str = "/stream", *, user: str = "") -> str:
        """With `user` (and password, as URLs write them) in it where given."""
        return f"{self._scheme}://{user}{'@' if user else ''}127.0.0.1:{self.port}{path}"

    @property
    def viewers(self) -> int:
        """Connections on which pictures are sent now."""
        return len(self._open)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        self.cut()
        self._server.shutdown()
        self._thread.join(PATIENCE)
        self._server.server_close()

    def cut(self) -> None:
        """Ends every connection; new ones are taken."""
        for connection in list(self._open):
            connection.close_connection = True
            self._open.discard(connection)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        self.tried.append(request.headers.get("Authorization"))
        if self.status is not None:
            self._say(request, self.status)
        elif not self._authorised(request):
            self._say(request, 401)
        else:
            self.requests += 1
            self._open.add(request)
            try:
                if request.path.startswith("/still"):
                    self._still(request)
                elif request.path == "/moved":
                    self._say(request, 302)
                elif request.path.startswith("/stream"):
                    self._stream(request)
                else:
                    self._say(request, 404)
            except OSError:
                request.close_connection = True
            finally:
                self._open.discard(request)

    def _say(self, request: BaseHTTPRequestHandler, status: int) -> None:
        request.send_response(status)
        if status == 302:
            request.send_header("Location", "/stream")
        if status == 401 and self._auth == "digest":
            challenge = f'Digest realm="{REALM}", qop="auth", nonce="{NONCE}", algorithm=MD5'
            request.send_header("WWW-Authenticate", challenge)
        if status == 401 and self._auth == "basic":
            request.send_header("WWW-Authenticate", f'Basic realm="{REALM}"')
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _authorised(self, request: BaseHTTPRequestHandler) -> bool:
        given = request.headers.get("Authorization") or ""
        if self._auth == "none":
            return True
        if self._auth == "basic":
            return given == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
        ha1, ha2 = _md5(f"{USER}:{REALM}:{PASSWORD}"), _md5(f"GET:{request.path}")
        wanted = ":".join((ha1, NONCE, fields.get("nc", ""), fields.get("cnonce", ""), "auth", ha2))
        return given.startswith("Digest ") and fields.get("response") == _md5(wanted)

    def _still(self, request: BaseHTTPRequestHandler) -> None:
        self._wait_while_stalled()
        body = self._picture(self.requests - 1)
        request.send_response(200)
        request.send_header("Content-Type", "image/jpeg")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", 'multipart/x-mixed-replace; boundary="edge"')
        if self._chunked:
            request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        due = time.monotonic()
        number = 0
        while request in self._open and not self._gone.is_set():
            self._wait_while_stalled()
            body = self._picture(number)
            length = f"Content-Length: {len(body)}\r\n" if self._with_length else ""
            head = f"--edge\r\nContent-Type: image/jpeg\r\n{length}\r\n".encode()
            for piece in (head, body, b"\r\n"):
                size = f"{len(piece):x}\r\n".encode() if self._chunked else b""
                request.wfile.write(size + piece + (b"\r\n" if self._chunked else b""))
            number += 1
            self.sent += 1
            due = max(due + 1 / self._fps, time.monotonic() - 1.0)
            self._gone.wait(max(0.0, due - time.monotonic()))
        request.close_connection = True

    def _wait_while_stalled(self) -> None:
        while self.stalled.is_set() and not self._gone.is_set():
            self._gone.wait(0.02)
