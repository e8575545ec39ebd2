"""Who holds a connection: the port, its callers, and what they may cost; for re-offer and page.

`visits` decides, purely; here are the sockets.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from agent.reoffer.visits import IDLE, SPARES, Guesses, Seldom, Visits, network

log = logging.getLogger(__name__)

#: A picture or two: the rest would only be old pictures, on their way to a slow viewer.
_SEND_BUFFER = 256 * 1024
#: Seconds in which an answer may end when the port is closed, and seconds in which its handler may
#: end then. A stream that somebody watches takes both.
CLOSES_WITHIN = 0.2

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Connections:
    """All callers of one port. Belongs to the loop that serves it.

    Args:
        name: of the server, for lines of the log.
        proxies: addresses of proxies, which name the caller in `X-Forwarded-For`.
        shared: other addresses that many people come from.
        watched: the path that a watchdog asks for; it is answered also when all places are taken.
    """

    def __init__(
        self,
        name: str,
        proxies: Iterable[str] = (),
        shared: Iterable[str] = (),
        watched: str | None = None,
    ) -> None:
        self._watched = watched
        self._name = name
        self._proxies = frozenset(map(network, proxies))
        self._visits: Visits[asyncio.Transport] = Visits(
            (*proxies, *shared), 0 if watched is None else SPARES
        )
        self._guesses = Guesses()
        self._seldom = Seldom()

    def admit(self, transport: asyncio.Transport) -> bool:
        """Lets a new connection in, or not; may close another one for it."""
        self._forget_closed()
        leaves = self._visits.come(transport, address_of(transport), _now())
        if leaves is not None:
            leaves.abort()
            words = (
                "too many connections without a request, the oldest are closed (%d, newest from %s)"
            )
            self._say("too many", words, address_of(transport))
        return leaves is not transport

    def close_idle(self) -> None:
        """Closes the connections that have been without a request for too long."""
        self._forget_closed()
        now = _now()
        for transport in self._visits:
            self._visits.sends(transport, transport.get_write_buffer_size(), now)
        for transport in self._visits.overdue(now):
            transport.abort()
            self._visits.gone(transport)

    @contextmanager
    def busy(self, request: web.Request) -> Iterator[None]:
        """While a request is answered its connection stays.

        Raises:
            HTTPBadRequest: the connection is closed already.
            HTTPServiceUnavailable: all places are taken, and this is no watchdog.
        """
        transport = request.transport
        if transport is None:
            raise web.HTTPBadRequest(text="gone")
        if self._visits.is_spare(transport) and request.path != self._watched:
            full = web.HTTPServiceUnavailable(text="too many connections: close some")
            full.force_close()
            raise full
        self._visits.busy(transport)
        try:
            yield
        finally:
            self._visits.rest(transport, _now())

    def must_wait(self, request: web.Request) -> float:
        """Seconds until this address may try a secret again; 0.0: now."""
        return self._guesses.must_wait(self._caller(request), _now())

    def tries(self, request: web.Request) -> None:
        """This address tries a secret, which counts as wrong until it is forgiven."""
        self._guesses.wrong(self._caller(request), _now())

    def forgive(self, request: web.Request) -> None:
        """The secret that was tried was not wrong."""
        self._guesses.forgive(self._caller(request))

    def wrong(self, request: web.Request, what: str) -> None:
        """The secret that was tried is wrong: says so in the log, now and then."""
        self._say(what, f"wrong {what} (%d times, last from %s)", self._caller(request))

    def _caller(self, request: web.Request) -> str:
        """Whose request it is: behind a proxy, the last address that the proxy has added."""
        address = address_of(request.transport)
        if network(address) not in self._proxies:
            return address
        _, _, last = ",".join(request.headers.getall("X-Forwarded-For", ())).rpartition(",")
        try:
            return str(ipaddress.ip_address(last.strip()))
        except ValueError:
            return address

    def _forget_closed(self) -> None:
        for transport in [each for each in self._visits if each.is_closing()]:
            self._visits.gone(transport)

    def _say(self, cause: str, words: str, address: str) -> None:
        if times := self._seldom.count(cause, _now()):
            log.warning("%s: " + words, self._name, times, address)  # noqa: G003  constants


@asynccontextmanager
async def listening(
    app: web.Application, bind: str, port: int, connections: Connections
) -> AsyncIterator[int]:
    """Serves the application; `connections` admits each connection before aiohttp sees it.

    Gives the port.

    Raises:
        OSError: the port cannot be had.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=CLOSES_WITHIN,
        keepalive_timeout=IDLE,
    )
    logging.getLogger("aiohttp.server").addFilter(_worth_a_line)
    await runner.setup()
    try:
        serve = cast("web.Server", runner.server)  # there since `setup`
        listener = await asyncio.get_running_loop().create_server(
            lambda: _Door(connections.admit, serve), bind, port, backlog=16
        )
        async with listener:
            yield int(listener.sockets[0].getsockname()[1])
    finally:
        await runner.cleanup()


def address_of(transport: asyncio.BaseTransport | None) -> str:
    """The caller's address; "" where it has gone already."""
    peer = transport.get_extra_info("peername") if transport else None
    return str(peer[0]) if peer else ""


def keep_little(request: web.Request) -> None:
    """Few bytes wait in the kernel for a slow caller: the newest picture is worth more."""
    sock = request.transport.get_extra_info("socket") if request.transport else None
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


class _Door(asyncio.Protocol):
    """Asks whether a new connection may stay, and hands it over to aiohttp.

    Args:
        admit: True: it may stay.
        serve: makes aiohttp's protocol for one connection.
    """

    def __init__(
        self, admit: Callable[[asyncio.Transport], bool], serve: Callable[[], asyncio.Protocol]
    ) -> None:
        self._admit = admit
        self._serve = serve

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Is called by the loop for each new connection."""
        transport = cast("asyncio.Transport", transport)
        if not self._admit(transport):
            transport.abort()
            return
        protocol = self._serve()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


def _worth_a_line(record: logging.LogRecord) -> bool:
    """A client that speaks no HTTP gets the answer 400; strangers must not fill the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _now() -> float:
    return asyncio.get_running_loop().time()
