"""RTP over UDP, for cameras that have nothing else: two ports, and packets from one address."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import suppress

from agent.camera.network.resolve import Found

#: Bytes that the system keeps for us: a key picture of 1 MB comes in one burst.
_ROOM = 2 * 2**20
#: It counts more for a packet than its bytes: about half of the buffer is left for these.
_USABLE = 0.5
#: Bytes a second, at most: nearly all cameras have 100 Mbit/s.
_LINK = 12.5e6
_MOST = 65536
#: Packets taken at a time, so that orders are looked at.
_BATCH = 512
#: Pairs of ports that are tried.
_PAIRS = 50
#: Opens the way through a firewall on our side: an empty packet of RTP (as FFmpeg sends it).
_HELLO = b"\x80\0\0\0\0\0\0\0\0\0\0\0"


class Ports:
    """A pair of ports, the lower one even (RFC 3550, 11)."""

    def __init__(self, found: Found) -> None:
        """Takes them, on the same kind of address as the camera's.

        Raises:
            OSError: there are none.
        """
        self._family, self._address = found
        self._from: str = str(self._address[0])
        self._sockets = self._pair()
        self._poll = select.poll()
        for sock in self._sockets:
            sock.setblocking(False)
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            self._poll.register(sock, select.POLLIN)

    @property
    def ports(self) -> tuple[int, int]:
        """Of RTP and RTCP."""
        first, second = (int(sock.getsockname()[1]) for sock in self._sockets)
        return first, second

    @property
    def bears(self) -> float:
        """Seconds for which nothing need be taken: the buffer holds what a link brings meanwhile.

        The system gives a smaller buffer than we ask for if `net.core.rmem_max` says so.
        """
        size = min(it.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for it in self._sockets)
        return size * _USABLE / _LINK

    def greet(self, port: int, report: bytes) -> None:
        """Sends both the first packets to the camera's ports from `port` on; 0: unknown."""
        for sock, data, to in zip(self._sockets, (_HELLO, report), (port, port + 1), strict=True):
            if port:
                with suppress(OSError):
                    sock.sendto(data, (self._from, to, *self._address[2:]))

    def take(self, seconds: float) -> Iterator[tuple[int, bytes]]:
        """0 for RTP or 1 for RTCP and the packet, of those that have come; waits for the first one.

        What another address sends is left out.
        """
        ready = {descriptor for descriptor, _ in self._poll.poll(seconds * 1000)}
        for channel, sock in enumerate(self._sockets):
            for _ in range(_BATCH if sock.fileno() in ready else 0):
                try:
                    data, sender = sock.recvfrom(_MOST)
                except OSError:  # nothing more, or the camera's port is closed
                    break
                if sender[0] == self._from:
                    yield channel, data

    def close(self) -> None:
        """Lets go of both."""
        for sock in self._sockets:
            sock.close()

    def _pair(self) -> tuple[socket.socket, socket.socket]:
        for _ in range(_PAIRS):
            first = socket.socket(self._family, socket.SOCK_DGRAM)
            second = socket.socket(self._family, socket.SOCK_DGRAM)
            try:
                first.bind(("", 0))
                port = first.getsockname()[1]
                if port % 2 == 0:
                    second.bind(("", port + 1))
                    return first, second
            except OSError:
                pass
            first.close()
            second.close()
        raise OSError("no two ports beside each other are free")
