"""TCP connections for the HTTP client that wait in small steps: httpcore's network, our patience.

httpcore would sit in one read for the whole timeout; here each step beats and looks at `stop`.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpcore

from agent.camera.hk.resolve import Resolver
from agent.camera.hk.udp import SocketAddress
from agent.camera.patience import STEP, Patience
from agent.core.errors import CameraRefused

_STEP_MS = STEP * 1000
#: OpenSSL's reasons that stay until somebody changes the camera or its URL.
_NO_TLS = {"CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER"}
#: Where nobody said how long: no call may wait for ever.
_LONGEST = 10.0


class PatientStream(httpcore.NetworkStream):
    """One connection, plain or TLS."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._socket = sock
        self._tls = sock if isinstance(sock, ssl.SSLSocket) else None
        self._patience = patience
        sock.setblocking(False)
        self._watch_in = _watch(sock, select.POLLIN)
        self._least = 1

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Waits for bytes and takes all that are there; b"" at the end.

        Raises:
            httpcore.ReadTimeout: none in `timeout` seconds.
            httpcore.ReadError: the connection broke.
            Interrupted: by our patience.
        """
        return self.read_least(1, max_bytes, timeout)

    def read_least(self, least: int, max_bytes: int, timeout: float | None = None) -> bytes:
        """As `read`, but the system wakes us only when `least` bytes are there, or the end.

        So a picture costs one waking, however many segments it comes in. After `STEP` seconds
        what is there is taken, and through TLS at once: nobody knows how much it will become.
        """
        until = self._until(timeout)
        try:
            self._wake_at(min(least, max_bytes))
            while True:
                if self._pending() or self._watch_in.poll(_STEP_MS) or least > 1:
                    try:
                        return self._gathered(max_bytes)
                    except (BlockingIOError, ssl.SSLWantReadError):
                        pass
                self._patience.look()
                if self._patience.clock.monotonic() >= until:
                    raise httpcore.ReadTimeout("no answer")
        except OSError as error:
            raise httpcore.ReadError(error.strerror or "broken") from error

    def _pending(self) -> int:
        return 0 if self._tls is None else self._tls.pending()

    def _gathered(self, max_bytes: int) -> bytes:
        """What is there, in one piece: a read costs more in the layers above than a copy here."""
        piece = self._socket.recv(max_bytes)
        if not self._pending():
            return piece
        pieces = [piece]
        room = max_bytes - len(piece)
        while room > 0 and pieces[-1] and self._pending():
            try:
                pieces.append(self._socket.recv(room))
            except ssl.SSLWantReadError:
                break
            room -= len(pieces[-1])
        return b"".join(pieces)

    def _wake_at(self, least: int) -> None:
        if least == self._least or self._tls is not None:
            return
        with suppress(OSError):  # then every segment wakes us
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least)
            self._least = least

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends all of it.

        Raises:
            httpcore.WriteTimeout: nobody takes it.
            httpcore.WriteError: the connection broke.
            Interrupted: by our patience.
        """
        until = self._until(timeout)
        rest = memoryview(buffer)
        try:
            while rest:
                if _ready(_watch(self._socket, select.POLLOUT), STEP):
                    with suppress(BlockingIOError, ssl.SSLWantWriteError):
                        rest = rest[self._socket.send(rest) :]
                    continue
                self._patience.look()
                if self._patience.clock.monotonic() >= until:
                    raise httpcore.WriteTimeout("our request is not taken")
        except OSError as error:
            raise httpcore.WriteError(error.strerror or "broken") from error

    def close(self) -> None:
        """Lets go of the socket."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same connection with TLS on top.

        Raises:
            httpcore.ConnectError: the handshake failed.
            CameraRefused: its certificate is not to be trusted, or it speaks no TLS.
        """
        # a handshake on a LAN takes milliseconds; it is not worth steps of its own
        self._socket.settimeout(min(timeout or _LONGEST, 1.0))
        try:
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except (OSError, ssl.SSLError) as error:
            self.close()
            if getattr(error, "reason", "") in _NO_TLS:
                raise CameraRefused(f"{server_hostname}: TLS: {error}"[:200]) from error
            raise httpcore.ConnectError(f"TLS: {error}") from error
        return PatientStream(secured, self._patience)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  httpcore's own signature
        """What httpcore asks: only whether an idle connection was closed by the other side."""
        if info == "ssl_object":
            return self._tls
        if info == "is_readable":
            return _ready(self._watch_in, 0.0)
        return None

    def _until(self, timeout: float | None) -> float:
        return self._patience.clock.monotonic() + (_LONGEST if timeout is None else timeout)


class PatientBackend(httpcore.NetworkBackend):
    """Opens connections."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  httpcore's own signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """A connection to the host, its name looked up with a deadline.

        Raises:
            httpcore.ConnectError: nobody is there.
            httpcore.ConnectTimeout: nobody answers.
            CameraNotFound: the host's name does not resolve.
            Interrupted: by our patience.
        """
        return PatientStream(connect(self._patience, host, port, timeout), self._patience)


def connect(
    patience: Patience, host: str, port: int, timeout: float | None = None
) -> socket.socket:
    """A TCP connection.

    Raises:
        httpcore.ConnectError: nobody is there.
        httpcore.ConnectTimeout: nobody answers.
        CameraNotFound: the host's name does not resolve.
        Interrupted: by our patience.
    """
    family, address = Resolver(host, port, patience.clock).find(patience.worker)
    patience.look()
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        _finish_connect(sock, address, patience, timeout or _LONGEST)
    except BaseException:
        sock.close()
        raise
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _finish_connect(
    sock: socket.socket,
    address: SocketAddress,
    patience: Patience,
    timeout: float,
) -> None:
    until = patience.clock.monotonic() + timeout
    sock.setblocking(False)
    failed = sock.connect_ex(address)
    while failed in {errno.EINPROGRESS, errno.EAGAIN}:
        if _ready(_watch(sock, select.POLLOUT), STEP):
            failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            break
        patience.look()
        if patience.clock.monotonic() >= until:
            raise httpcore.ConnectTimeout("no answer to our connection")
    if failed:
        raise httpcore.ConnectError(os.strerror(failed))


def _watch(sock: socket.socket, what: int) -> select.poll:
    watch = select.poll()
    watch.register(sock, what)
    return watch


def _ready(watch: select.poll, seconds: float) -> bool:
    return bool(watch.poll(seconds * 1000))
