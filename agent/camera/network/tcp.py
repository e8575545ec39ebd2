"""TCP connections that wait in small steps: each step beats and looks at the source's orders."""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from contextlib import suppress

from agent.camera.interruptible_wait import STEP, Patience
from agent.camera.network.resolve import UNANSWERED, Found, SocketAddress

_STEP_MS = STEP * 1000
#: Bytes taken at a time, at most: a usual picture in one piece, a large one in a few.
_PIECE = 256 * 1024


class LinkError(Exception):
    """A connection is of no use any more; the text says why, in the system's words."""


class NotConnected(LinkError):
    """Nobody takes our connection."""


class TimedOut(LinkError):
    """Nobody answers in time."""


class Broken(LinkError):
    """The connection broke."""


class NoTls(LinkError):
    """The handshake failed: `__cause__` is the error of the TLS library, where it had one."""


class Connection:
    """One connection, plain or TLS."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._socket = sock
        self._tls = sock if isinstance(sock, ssl.SSLSocket) else None
        self._patience = patience
        sock.setblocking(False)
        self._watch_in = _watch(sock, select.POLLIN)
        self._least = 1
        self._sleep = select.poll()  # a sleep without the locks of `threading`; one thread's own

    def take(self, least: int = 1, settle: float = 0.0) -> bytes | None:
        """What has come; waits a step at most. None: nothing, b"": the other side has ended.

        The system wakes us only when `least` bytes are there, or the end. So a picture costs one
        wake-up for any number of segments. After the step the bytes that are there are taken.
        Through TLS they are taken immediately, because their final number is unknown.

        Args:
            least: bytes.
            settle: seconds to wait for what comes with that, before it is taken: for pictures that
                are sent in many small packets.

        Raises:
            Broken: the connection broke.
            Interrupted: by our patience.
        """
        self._patience.look()
        try:
            self._wake_at(min(least, _PIECE))
            if self._pending() or self._watch_in.poll(_STEP_MS) or least > 1:
                if settle:
                    self._sleep.poll(settle * 1000)
                return self._gathered()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as error:
            raise Broken(error.strerror or "broken") from error
        return None

    def read(self, within: float) -> bytes:
        """As `take`, but waits until something comes.

        Raises:
            TimedOut: nothing came within `within` seconds.
        """
        until = self._patience.clock.monotonic() + within
        while self._patience.clock.monotonic() < until:
            taken = self.take()
            if taken is not None:
                return taken
        raise TimedOut("no answer")

    def write(self, data: bytes, within: float) -> None:
        """Sends all of it.

        Raises:
            TimedOut: the peer did not take it within `within` seconds.
            Broken: the connection broke.
            Interrupted: by our patience.
        """
        until = self._patience.clock.monotonic() + within
        rest = memoryview(data)
        try:
            while rest:
                self._patience.look()
                if self._patience.clock.monotonic() >= until:
                    raise TimedOut("our request is not taken")
                if _ready(_watch(self._socket, select.POLLOUT), STEP):
                    with suppress(BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                        rest = rest[self._socket.send(rest) :]
        except OSError as error:
            raise Broken(error.strerror or "broken") from error

    def secured(self, context: ssl.SSLContext, host: str, within: float) -> Connection:
        """The same connection with TLS on top; this one is of no use any more.

        Args:
            context: whom we believe.
            host: the name that is asked for.
            within: seconds for the whole handshake. The processors of cameras may need some.

        Raises:
            NoTls: the handshake failed.
            TimedOut: it is not through in time.
            Interrupted: by our patience.
        """
        try:
            secured = context.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            self.close()
            raise NoTls(str(error)) from error
        try:
            _shake(secured, self._patience, within)
        except OSError as error:
            secured.close()
            raise NoTls(str(error)) from error
        except BaseException:
            secured.close()
            raise
        return Connection(secured, self._patience)

    def farewell(self, data: bytes) -> None:
        """Sends what the other side need not get, without waiting."""
        with suppress(OSError):
            self._socket.send(data)

    @property
    def idle(self) -> bool:
        """Nothing has come, and nobody has ended it."""
        return not self._pending() and not _ready(self._watch_in, 0.0)

    def close(self) -> None:
        """Lets go of the socket."""
        self._socket.close()

    def _pending(self) -> int:
        return 0 if self._tls is None else self._tls.pending()

    def _gathered(self) -> bytes:
        """What is there, in one piece: a read costs more in the layers above than a copy here."""
        piece = self._socket.recv(_PIECE)
        if not self._pending():
            return piece
        pieces = [piece]
        room = _PIECE - len(piece)
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


def connect(patience: Patience, where: Found, within: float) -> Connection:
    """A connection to an address that was looked up, within a number of seconds.

    Raises:
        NotConnected: nobody is there.
        TimedOut: nobody answers.
        Interrupted: by our patience.
    """
    patience.look()
    family, address = where
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        _finish_connect(sock, address, patience, within)
        UNANSWERED.say(str(address[0]), taken=True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Connection(sock, patience)
    except BaseException as error:
        if isinstance(error, LinkError):
            UNANSWERED.say(str(address[0]), taken=False)
        sock.close()
        raise


def _finish_connect(
    sock: socket.socket, address: SocketAddress, patience: Patience, within: float
) -> None:
    until = patience.clock.monotonic() + within
    sock.setblocking(False)
    failed = sock.connect_ex(address)
    while failed in {errno.EINPROGRESS, errno.EAGAIN}:
        if _ready(_watch(sock, select.POLLOUT), STEP):
            failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            break
        patience.look()
        if patience.clock.monotonic() >= until:
            raise TimedOut("no answer to our connection")
    if failed:
        raise NotConnected(os.strerror(failed))


def _shake(secured: ssl.SSLSocket, patience: Patience, within: float) -> None:
    """The handshake, in small steps."""
    until = patience.clock.monotonic() + within
    while True:
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            _ready(_watch(secured, select.POLLIN), STEP)
        except ssl.SSLWantWriteError:
            _ready(_watch(secured, select.POLLOUT), STEP)
        else:
            return
        patience.look()
        if patience.clock.monotonic() >= until:
            raise TimedOut(f"no TLS within {within:g} s")


def _watch(sock: socket.socket, what: int) -> select.poll:
    watch = select.poll()
    watch.register(sock, what)
    return watch


def _ready(watch: select.poll, seconds: float) -> bool:
    return bool(watch.poll(seconds * 1000))
