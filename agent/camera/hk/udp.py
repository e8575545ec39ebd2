"""The sockets to one camera: the only file of the client's side that sends and receives."""

from __future__ import annotations

import logging
import socket
import struct
import sys
from collections.abc import Iterable
from typing import Self

from agent.camera.hk.packets import DATAGRAM_MAX
from agent.camera.network.resolve import SocketAddress
from agent.core.errors import CameraUnreachable, reason_of

log = logging.getLogger(__name__)

#: How long `receive` waits: how late, at most, `stop`, an order or a timeout is noticed.
POLL = 0.25

#: Two seconds of pictures at 30 frames/s of 60 kB; the system may grant less (net.core.rmem_max).
RECEIVE_BUFFER = 4 * 1024 * 1024

#: Strangers' datagrams counted in one go: bounds the time that a flood can take from us.
STRANGERS_MOST = 1000

#: Linux, asm-generic/socket.h and linux/sock_diag.h: nine counters, the last one datagrams dropped.
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("=9I")


class Channel:
    """A fresh local UDP port to talk with one peer through; a context manager.

    Two sockets share the port. The connected socket gets only the peer's datagrams, so the system
    checks the sender at no cost. All other datagrams land in the second socket, to be counted.
    `receive` waits for `poll` seconds.

    Raises:
        CameraUnreachable: there is no way to the peer.
    """

    def __init__(
        self, family: socket.AddressFamily, peer: SocketAddress, poll: float = POLL
    ) -> None:
        self._poll = poll
        self._overflows = self._unshown = 0
        self._strangers = socket.socket(family, socket.SOCK_DGRAM)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._strangers.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._strangers.bind(("", 0))
            self._set_up()
            self._socket.bind(("", self._strangers.getsockname()[1]))
            self._socket.connect(peer)
            self._drain()  # what came before the connection may be anybody's
        except OSError as error:
            self.close()
            raise CameraUnreachable(f"no way to the camera: {reason_of(error)}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def receive(self) -> bytes | None:
        """The peer's next datagram, or None when nothing came for `POLL` seconds.

        Raises:
            CameraUnreachable: the peer's host says that nobody listens there.
        """
        try:
            return self._socket.recv(DATAGRAM_MAX + 1)
        except BlockingIOError:
            return None
        except OSError as error:
            self._failed(error)
            return None

    def send(self, datagrams: Iterable[bytes]) -> None:
        """Sends to the peer without waiting; what the system does not take is lost, as on the way.

        Raises:
            CameraUnreachable: the peer's host says that nobody listens there.
        """
        for datagram in datagrams:
            try:
                # A missing neighbour entry would block an ordinary send for a second.
                self._socket.send(datagram, socket.MSG_DONTWAIT)
            except OSError as error:
                self._failed(error)

    def count_strangers(self) -> int:
        """Datagrams of other senders since the last call."""
        count = 0
        while count < STRANGERS_MOST:
            try:
                self._strangers.recv(1, socket.MSG_DONTWAIT)
            except OSError:
                break
            count += 1
        return count

    def hides_hole(self) -> bool:
        """Whether our receive buffer overflowed by a multiple of 256, which numbers cannot show.

        Then everything it holds is thrown away: the hole may lie in it.
        """
        if sys.platform != "linux":
            return False
        try:
            counters = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:  # an old kernel, an emulated one: then it stays invisible
            return False
        overflows = _MEMINFO.unpack(counters.ljust(_MEMINFO.size, b"\0"))[-1]
        missing = overflows - self._overflows
        self._overflows = overflows
        self._unshown += missing - missing % 256
        if not missing or missing % 256:
            return False
        self._unshown += self._drain()
        return True

    def count_unshown(self) -> int:
        """Datagrams since the last call that were lost and that numbers do not show."""
        count, self._unshown = self._unshown, 0
        return count

    def _set_up(self) -> None:
        """Shares the port, asks for buffer, and for a deadline that costs no system call."""
        sock = self._socket
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        deadline = struct.pack("@ll", 0, int(self._poll * 1e6))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, deadline)

    def _drain(self) -> int:
        """Throws away what the receive buffer holds, and what comes meanwhile, within reason."""
        for count in range(RECEIVE_BUFFER // 64):
            try:
                self._socket.recv(1, socket.MSG_DONTWAIT)
            except OSError:
                return count
        return RECEIVE_BUFFER // 64

    def close(self) -> None:
        """Lets go of both sockets."""
        self._socket.close()
        self._strangers.close()

    def _failed(self, error: OSError) -> None:
        """Tells a peer that is not there from trouble on the way, which silence will show."""
        if isinstance(error, ConnectionRefusedError):
            raise CameraUnreachable("nobody listens on the camera's port") from error
        log.debug("udp: %s", error)
