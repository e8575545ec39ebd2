"""Who may hold a connection to the re-offer, for how long, and how often a token is guessed. Pure.

The port is open to a network. Connections from there must not use up the descriptors that clips,
the journal and the broker need.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

#: Connections in all. The process may open 1,024 files on most systems; the cameras, the store and
#: the broker need some 20, and 10 more for each camera.
MOST_CONNECTIONS = 64
#: Connections of one address. A browser opens six at most to one host.
MOST_OF_ONE = 16
#: Places more, for a watchdog: it must not find a server dead that only is busy.
SPARES = 4
#: Seconds that a connection may stay without a whole request, and between two requests.
IDLE = 10.0
#: Wrong tokens of one address before it has to wait, and the seconds that forgive one of them.
GUESSES, FORGIVEN_EACH = 10, 6.0
#: Addresses whose guesses are remembered; the address with the shortest wait is forgotten first.
MOST_GUESSERS = 256

#: Seconds between two lines of the log about the same cause.
LINE_EVERY = 60.0

Key = TypeVar("Key")


def network(address: str) -> str:
    """The address, or for IPv6 the /64 that a single house owns."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))


@dataclass(slots=True)
class _Visit:
    network: str
    idle_since: float | None  # None while a request is answered
    unsent: int = 0  # bytes of its last answer, when it was looked at
    spare: bool = False  # let in where there was no place: only what a watchdog asks is answered


class Visits(Generic[Key]):
    """The open connections, each under a key of the caller's.

    A new connection is accepted. If its address or all addresses together have too many, the
    connection that has been idle the longest must go. When none is idle, the new one must go.

    Args:
        shared: addresses that many people come from, such as a proxy's. They have no bound of their
            own, and `MOST_OF_ONE` more in all, so that no other visitor can take their place.
        spares: this number of further connections is let in, of any address; see `is_spare`.
    """

    def __init__(self, shared: Iterable[str] = (), spares: int = 0) -> None:
        self._open: dict[Key, _Visit] = {}
        self._spares = spares
        self._shared = frozenset(map(network, shared))
        self.refused = 0

    def __iter__(self) -> Iterator[Key]:
        return iter(tuple(self._open))

    def come(self, key: Key, address: str, now: float) -> Key | None:
        """Notes a new connection; returns the connection that must be closed for it."""
        origin = network(address)
        regular = [visit for visit in self._open.values() if not visit.spare]
        counts = Counter(visit.network for visit in regular)
        leaves: Key | None = None
        shared = origin in self._shared
        too_many = not shared and counts[origin] >= MOST_OF_ONE
        if too_many or len(regular) >= MOST_CONNECTIONS + MOST_OF_ONE * shared:
            leaves = self._longest_idle(origin if too_many else None, key)
            self.refused += 1
            if leaves == key and self._spares:
                return self._come_spare(key, origin, now)
            self._open.pop(leaves, None)
        if leaves != key:
            self._open[key] = _Visit(origin, now)
        return leaves

    def is_spare(self, key: Key) -> bool:
        """Whether this connection has a place only for what a watchdog asks."""
        visit = self._open.get(key)
        return visit is not None and visit.spare

    def _come_spare(self, key: Key, origin: str, now: float) -> Key | None:
        """A place more; of those the longest idle goes, so that there is always one."""
        leaves: Key | None = None
        if sum(visit.spare for visit in self._open.values()) >= self._spares:
            leaves = self._longest_idle(None, key, spare=True)
            self._open.pop(leaves, None)
        if leaves != key:
            self._open[key] = _Visit(origin, now, spare=True)
        return leaves

    def _longest_idle(self, origin: str | None, default: Key, *, spare: bool = False) -> Key:
        idle = [
            (visit.idle_since, n, key)
            for n, (key, visit) in enumerate(self._open.items())
            if visit.spare is spare
            and visit.idle_since is not None
            and origin in {None, visit.network}
        ]
        return min(idle, key=lambda entry: entry[:2])[2] if idle else default

    def busy(self, key: Key) -> None:
        """A whole request came on this connection."""
        if key in self._open:
            self._open[key].idle_since = None

    def rest(self, key: Key, now: float) -> None:
        """Its answer is over."""
        if key in self._open:
            self._open[key].idle_since = now

    def sends(self, key: Key, unsent: int, now: float) -> None:
        """Notes the bytes of its answer that wait; while they become fewer it is not idle."""
        visit = self._open.get(key)
        if visit is not None and visit.unsent != unsent:
            visit.unsent = unsent
            if visit.idle_since is not None:
                visit.idle_since = now

    def gone(self, key: Key) -> None:
        """The connection is closed."""
        self._open.pop(key, None)

    def overdue(self, now: float) -> list[Key]:
        """Connections that have been idle for `IDLE` seconds: they have to be closed."""
        return [
            key
            for key, visit in self._open.items()
            if visit.idle_since is not None and now - visit.idle_since >= IDLE
        ]


class Guesses:
    """Wrong tokens, counted for each address; they are forgiven one by one as time passes."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}  # when the last wrong token of an address is forgiven

    def must_wait(self, address: str, now: float) -> float:
        """Seconds until this address may try again; 0.0: now."""
        until = self._until.get(network(address), now)
        return max(0.0, until - now - (GUESSES - 1) * FORGIVEN_EACH)

    def wrong(self, address: str, now: float) -> None:
        """This address showed a wrong token."""
        origin = network(address)
        self._until[origin] = max(self._until.get(origin, now), now) + FORGIVEN_EACH
        if len(self._until) > MOST_GUESSERS:
            del self._until[min(self._until, key=self._until.__getitem__)]

    def forgive(self, address: str) -> None:
        """The last one that was counted was not wrong."""
        origin = network(address)
        if origin in self._until:
            self._until[origin] -= FORGIVEN_EACH


class Seldom:
    """Says of each cause at most one line in `LINE_EVERY` seconds; counts what it does not say."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, int]] = {}  # cause -> time of the line, unsaid since

    def count(self, cause: str, now: float) -> int:
        """How often it happened since the last line, this time included; 0: say nothing now."""
        at, unsaid = self._said.get(cause, (float("-inf"), 0))
        if now - at < LINE_EVERY:
            self._said[cause] = (at, unsaid + 1)
            return 0
        self._said[cause] = (now, 0)
        return unsaid + 1
