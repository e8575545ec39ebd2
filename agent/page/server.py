"""The page's thread: one loop that serves everybody, with the caps of the re-offer."""

from __future__ import annotations

import asyncio
import logging
import math

from aiohttp import web

from agent.page.bridge import Bridge
from agent.page.context import MOST_BODY, Context
from agent.page.headers import security_headers
from agent.page.options import PageOptions
from agent.page.recent import Recent
from agent.page.routes import aim, days, films, live, pages, pictures, settings, setup
from agent.reoffer.connections import Handler, listening
from agent.runtime.clock import Clock
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

#: Before the port is tried again, when another process has it.
_RETRY = 10.0
#: Seconds between two looks at the bridge.
STEP = 0.25
#: Seconds that a request which changes something may take.
_CHANGE_WITHIN = 30.0


class PageWorker:
    """Owns the port, the sessions and the child that reads the store.

    Attributes:
        port: that is served, once it is.
    """

    def __init__(self, options: PageOptions, bridge: Bridge, clock: Clock) -> None:
        self.port: int | None = None
        self._options = options
        self._bridge = bridge
        self._clock = clock

    def run(self, worker: Worker) -> None:
        """Serves until `worker.stop`."""
        asyncio.run(self._main(worker))

    async def _main(self, worker: Worker) -> None:
        context = Context(self._options, self._bridge, self._clock)
        said = False
        try:
            while not worker.stop.is_set():
                try:
                    await self._serve(context, worker)
                except (OSError, UnicodeError) as error:  # the latter: a name that is none
                    if not said:
                        where = f"{self._options.bind}:{self._options.port}"
                        words = getattr(error, "strerror", None) or str(error)
                        log.error("page %s: %s", where, words)  # noqa: TRY400  the fact is enough
                    said = True
                    await self._rest(context, worker, _RETRY)
        finally:
            context.close()

    async def _serve(self, context: Context, worker: Worker) -> None:
        options = self._options
        app = application(context)
        async with listening(app, options.bind, options.port, context.connections) as port:
            self.port = context.port = port
            log.info("page: at http://%s:%d/", options.bind, port)
            await self._rest(context, worker, math.inf)

    async def _rest(self, context: Context, worker: Worker, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not worker.stop.is_set() and loop.time() < until:
            worker.beat()
            context.connections.close_idle()
            context.rest()
            look(context)
            await asyncio.sleep(STEP)


def look(context: Context) -> None:
    """Takes what came to the bridge for those who watch; lets cameras rest that nobody looks at."""
    while (scored := context.bridge.scores.get()) is not None:
        context.recents.setdefault(scored.camera, Recent()).scored(scored)
    agent = context.bridge.now.get()
    if agent is not None:
        for name in context.recents.keys() - agent.cameras.keys():
            del context.recents[name]
    pictures.let_rest(context)


def application(context: Context) -> web.Application:
    """Every route behind the door."""
    headers = security_headers(context.access.framed_by())

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets through who may, bounds what takes long, and seals every answer."""
        try:
            with context.connections.busy(request):
                context.access.check(request)
                if request.method in {"GET", "HEAD"}:
                    return await handler(request)
                async with asyncio.timeout(_CHANGE_WITHIN):  # no task: a leaving visitor cancels it
                    return await handler(request)
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text="that took too long") from None
        except ConnectionError:  # the caller left: nobody gets the answer, and the log no traceback
            raise web.HTTPBadRequest(text="gone") from None

    async def seal(_request: web.Request, response: web.StreamResponse) -> None:
        """Adds the headers of every answer, errors included."""
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.pop("Server", None)

    app = web.Application(middlewares=[door], client_max_size=MOST_BODY)
    app.on_response_prepare.append(seal)
    for module in (pages, live, pictures, settings, days, films, aim, setup):
        app.router.add_routes(module.routes(context))
    return app
