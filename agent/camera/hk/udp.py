"""The socket to one camera of the family: the only file of the client's side that knows sockets."""

from __future__ import annotations

import logging
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from agent.camera.hk.packets import DATAGRAM_MAX
from agent.core.errors import CameraUnreachable

log = logging.getLogger(__name__)

#: How long `receive` waits: how late, at most, `stop`, an order or a timeout is noticed.
POLL = 0.25

#: Two seconds of pictures at 30 frames/s of 60 kB; the system may grant less (net.core.rmem_max).
RECEIVE_BUFFER = 4 * 1024 * 1024

#: Linux, linux/in.h and linux/in6.h: report ICMP errors on an unconnected socket.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
#: Linux, asm-generic/socket.h: a datagram says how many were lost before it for want of buffer.
_SO_RXQ_OVFL = 40
_DROPS = struct.Struct("=I")
_ANCILLARY = socket.CMSG_SPACE(_DROPS.size)

#: As the socket module has it: (host, port) or (host, port, flow, scope).
SocketAddress = tuple[Any, ...]


class Channel:
    """A UDP socket on a fresh local port that talks with one peer; a context manager.

    It is not connected, since the system would throw other senders' datagrams away uncounted.
    `on_drop(count)` is called before the first datagram behind a loss in our own receive buffer.
    `foreign` counts datagrams of other senders.
    """

    def __init__(
        self, family: socket.AddressFamily, peer: SocketAddress, on_drop: Callable[[int], None]
    ) -> None:
        self.foreign = 0
        self._peer = peer
        self._on_drop = on_drop
        self._dropped = 0
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._set_up(family)
            self._socket.bind(("", 0))
        except OSError as error:
            self._socket.close()
            raise CameraUnreachable(f"no local port: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def receive(self) -> bytes | None:
        """The peer's next datagram, or None: nothing for `POLL` seconds, or another sender's.

        Raises:
            CameraUnreachable: the peer's host says that nobody listens there.
        """
        try:
            datagram, ancillary, _, sender = self._socket.recvmsg(DATAGRAM_MAX + 1, _ANCILLARY)
        except BlockingIOError:
            return None
        except OSError as error:
            self._failed(error)
            return None
        if ancillary:
            self._look_for_drops(ancillary[0][2])
        if sender != self._peer:
            self.foreign += 1
            return None
        return datagram

    def send(self, datagrams: Iterable[bytes]) -> None:
        """Sends to the peer without waiting; what the system does not take is lost, as on the way.

        Raises:
            CameraUnreachable: the peer's host says that nobody listens there.
        """
        for datagram in datagrams:
            try:
                # A missing neighbour entry would block an ordinary send for a second.
                self._socket.sendto(datagram, socket.MSG_DONTWAIT, self._peer)
            except OSError as error:
                self._failed(error)

    def _set_up(self, family: socket.AddressFamily) -> None:
        """Asks for buffer, error reports, and a receive deadline that costs no system call."""
        sock = self._socket
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        deadline = struct.pack("@ll", 0, int(POLL * 1e6))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, deadline)
        if sys.platform == "linux":
            sock.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)

    def _failed(self, error: OSError) -> None:
        """Tells a peer that is not there from trouble on the way, which silence will show."""
        if isinstance(error, ConnectionRefusedError):
            raise CameraUnreachable("nobody listens on the camera's port") from error
        log.debug("udp %s: %s", self._peer[0], error)

    def _look_for_drops(self, counter: bytes) -> None:
        if len(counter) == _DROPS.size:
            (dropped,) = _DROPS.unpack(counter)
            if dropped != self._dropped:
                self._on_drop((dropped - self._dropped) & 0xFFFFFFFF)
                self._dropped = dropped
