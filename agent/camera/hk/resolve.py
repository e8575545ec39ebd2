"""A camera's host name -> socket address, with a deadline: the system's look-up has none."""

from __future__ import annotations

import socket

from agent.camera.hk.udp import SocketAddress
from agent.core.errors import CameraNotFound
from agent.runtime.clock import Clock
from agent.runtime.worker import Worker

#: A name server that needs longer is as good as absent.
DEADLINE = 5.0

#: How often the waiting thread looks at `stop` and beats.
_STEP = 0.25


class Resolver:
    """Looks a host up in a thread of its own, since a look-up cannot be interrupted."""

    def __init__(self, host: str, port: int, clock: Clock) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._lookup: Worker | None = None
        self._found: tuple[socket.AddressFamily, SocketAddress] | None = None
        self._reason = ""

    def find(self, worker: Worker) -> tuple[socket.AddressFamily, SocketAddress]:
        """Address family and socket address of the camera.

        Raises:
            CameraNotFound: the name is unknown, or nobody says in time.
        """
        try:
            return self._query(socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            pass  # a name, or none at all
        if self._lookup is None:  # one that hangs is not joined by another
            self._found, self._reason = None, f"no answer for {DEADLINE:g} s"
            self._lookup = Worker(f"{worker.name}-lookup", self._run, self._clock, _never)
            self._lookup.start()
        deadline = self._clock.monotonic() + DEADLINE
        while not (done := self._lookup.join(_STEP)) and self._clock.monotonic() < deadline:
            worker.beat()
            if worker.stop.is_set():
                break
        if done:
            self._lookup = None
            if self._found is not None:
                return self._found
        words = "check how it is written, or write the address"
        raise CameraNotFound(f"host name {self._host} not found: {self._reason}; {words}")

    def _run(self, _worker: Worker) -> None:
        try:
            self._found = self._query(0)
        except (OSError, UnicodeError) as error:
            self._reason = str(error)

    def _query(self, flags: int) -> tuple[socket.AddressFamily, SocketAddress]:
        found = socket.getaddrinfo(
            self._host, self._port, type=socket.SOCK_DGRAM, proto=socket.IPPROTO_UDP, flags=flags
        )
        # These cameras speak IPv4: where a name has both, that address is theirs.
        best = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        return best[0], best[4]


def _never(_name: str, _error: BaseException) -> None:
    """A look-up catches its own errors."""
