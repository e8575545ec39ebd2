"""A camera's host name -> socket address, with a deadline: the system's look-up has none."""

from __future__ import annotations

import socket
import threading
from typing import Any

from agent.core.errors import CameraNotFound
from agent.runtime.clock import Clock
from agent.runtime.worker import Worker

#: Seconds; a name server that needs longer counts as absent.
DEADLINE = 5.0

#: How often the waiting thread looks at `stop` and beats.
_STEP = 0.25

#: Bounds what is remembered of addresses.
_MOST_UNANSWERED = 256

#: As the socket module has it: (host, port) or (host, port, flow, scope).
SocketAddress = tuple[Any, ...]

Found = tuple[socket.AddressFamily, SocketAddress]


class Unanswered:
    """Addresses at which nobody took a connection: of several of one name the next one is tried.

    A machine may tell its name for networks that only itself has, or have two ways with one cut.
    Any thread may ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._addresses: dict[str, None] = {}  # oldest first

    def say(self, address: str, *, taken: bool) -> None:
        """Somebody took a connection there, or nobody did."""
        with self._lock:
            self._addresses.pop(address, None)
            if not taken:
                self._addresses[address] = None
                if len(self._addresses) > _MOST_UNANSWERED:
                    del self._addresses[next(iter(self._addresses))]

    def best(self, found: list[Found]) -> Found:
        """Most cameras speak IPv4 only: where a name has both, that address is theirs."""
        with self._lock:
            if all(address[0] in self._addresses for _, address in found):
                for _, address in found:
                    self._addresses.pop(address[0], None)
            return min(found, key=lambda it: (it[1][0] in self._addresses, it[0] != socket.AF_INET))


UNANSWERED = Unanswered()


class _LookUp:
    """One look-up of one name, in a thread of its own."""

    def __init__(self, host: str, clock: Clock) -> None:
        self.found: Found | None = None
        self.reason = ""
        self._host = host
        self._worker = Worker(f"lookup-{host}"[:60], self._run, clock, _never)
        self._worker.start()

    def join(self, seconds: float) -> bool:
        """Waits; True when the answer is there, a good one or not."""
        return self._worker.join(seconds)

    def _run(self, _worker: Worker) -> None:
        try:
            self.found = _query(self._host, 0)
        except OSError as error:
            self.reason = error.strerror or "the look-up failed"
        except UnicodeError:
            self.reason = "no host has such a name"


class LookUps:
    """Who is looked up at the moment: one thread per name, however many ask and however often.

    A name server that hangs for weeks holds one thread per name. An answer that comes after its
    asker has gone is kept for the next one. Any thread may ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, _LookUp] = {}

    def find(self, host: str, clock: Clock, worker: Worker) -> Found | str:
        """Family and address (of port 0), or why there is none; beats while it waits."""
        with self._lock:
            asked = self._under_way.get(host)
            if asked is None:
                asked = self._under_way[host] = _LookUp(host, clock)
        deadline = clock.monotonic() + DEADLINE
        while not (done := asked.join(_STEP)) and clock.monotonic() < deadline:
            worker.beat()
            if worker.stop.is_set():
                break
        if not done:
            return f"no answer for {DEADLINE:g} s"
        with self._lock:
            if self._under_way.get(host) is asked:
                del self._under_way[host]
        return asked.found or asked.reason


_LOOK_UPS = LookUps()


class Resolver:
    """The address of one host, looked up again with each `find`."""

    def __init__(self, host: str, port: int, clock: Clock, look_ups: LookUps = _LOOK_UPS) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._look_ups = look_ups

    def find(self, worker: Worker) -> Found:
        """Address family and socket address of the camera.

        Raises:
            CameraNotFound: the name is unknown, or nobody says in time.
        """
        try:
            found: Found | str = _query(self._host, socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):  # a name, or none at all
            found = self._look_ups.find(self._host, self._clock, worker)
        if isinstance(found, str):
            words = "check how it is written, or write the address"
            raise CameraNotFound(f"host name {self._host} not found: {found}; {words}")
        family, address = found
        return family, (address[0], self._port, *address[2:])


def _query(host: str, flags: int) -> Found:
    found = socket.getaddrinfo(
        host, 0, type=socket.SOCK_DGRAM, proto=socket.IPPROTO_UDP, flags=flags
    )
    return UNANSWERED.best([(entry[0], entry[4]) for entry in found])


def _never(_name: str, _error: BaseException) -> None:
    """A look-up catches its own errors."""
