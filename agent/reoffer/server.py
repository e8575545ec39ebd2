"""The thread that shows pictures to browsers and recorders: MJPEG, the latest picture, the overlay.

    GET /                    a page with all cameras
    GET /CAMERA/stream       MJPEG           GET /CAMERA/latest.jpg    one picture
    GET /CAMERA/overlay      MJPEG           GET /CAMERA/overlay.jpg   one picture

One asyncio loop in one thread serves everybody: a viewer that does not read holds up nobody, and
gets the newest picture when it reads again. `visits` decides who may hold a connection.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from aiohttp import web

from agent.core.messages import Shown
from agent.reoffer.connections import Connections, Handler, keep_little, listening
from agent.runtime.latest_value import Newest
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

#: Bounds what viewers can cost; go2rtc and Frigate need one each, however many look at them.
MOST_VIEWERS = 8
#: Seconds; a viewer that takes no byte for this time is gone.
_STUCK = 10.0
#: Seconds that a request for one picture waits for the next frame.
_PATIENCE = 5.0
#: Of the answer to a viewer that has left, which nobody gets.
_GONE = 499
#: Before the port is tried again, when another process has it.
_RETRY = 10.0
_STEP = 0.25
_BOUNDARY = "frame"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Views = Mapping[str, Newest[Shown]]


@dataclass(frozen=True, slots=True)
class ReofferOptions:
    """Where, and for whom: without a token only loopback is served."""

    bind: str
    port: int
    token: str | None = None


def is_loopback(bind: str) -> bool:
    """True for addresses that only this machine reaches."""
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"


class ReofferWorker:
    """Owns the port and the viewers.

    Attributes:
        views: the cameras' newest pictures; replaced whole by the main thread.
        port: that is served, once it is (0 in the options: any free one).
    """

    def __init__(self, options: ReofferOptions, views: Views) -> None:
        self.views = views
        self.port: int | None = None
        self._options = options
        self._viewers = 0
        self._watching: dict[Newest[Shown], int] = {}
        self._connections = Connections("reoffer")

    def run(self, worker: Worker) -> None:
        """Serves until `worker.stop`."""
        asyncio.run(self._main(worker))

    async def _main(self, worker: Worker) -> None:
        said = False
        while not worker.stop.is_set():
            try:
                await self._serve(worker)
            except (OSError, UnicodeError) as error:  # the latter: a name that is none
                if not said:
                    where = f"{self._options.bind}:{self._options.port}"
                    words = getattr(error, "strerror", None) or str(error)
                    log.error("reoffer %s: %s", where, words)  # noqa: TRY400  the fact is enough
                said = True
                await self._rest(worker, _RETRY)

    async def _rest(self, worker: Worker, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while not worker.stop.is_set() and asyncio.get_running_loop().time() < until:
            worker.beat()
            await asyncio.sleep(_STEP)

    async def _serve(self, worker: Worker) -> None:
        app = web.Application(middlewares=[self._guard], client_max_size=1024)
        app.router.add_get("/", self._index)
        app.router.add_get("/{camera}/{what:stream|overlay}", self._stream)
        app.router.add_get("/{camera}/{what:latest|overlay}.jpg", self._picture)
        options = self._options
        async with listening(app, options.bind, options.port, self._connections) as port:
            self.port = port
            log.info("reoffer: pictures at http://%s:%d/", options.bind, port)
            while not worker.stop.is_set():
                worker.beat()
                self._connections.close_idle()
                await asyncio.sleep(_STEP)

    # ------------------------------------------------------------ who may look

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        token = self._options.token
        if token is None:
            # a page on the internet whose name is made to point at this machine must not look in
            if not is_loopback(_host(request)):
                raise web.HTTPForbidden(text="not by this name")
        else:
            given = request.query.get("token", "")
            kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
            if kind.lower() == "bearer":
                given = bearer
            self._check(given, token, request)
        with self._connections.busy(request):
            try:
                return await handler(request)
            except ConnectionError:  # it left as its answer began
                return web.Response(status=_GONE)

    def _check(self, given: str, token: str, request: web.Request) -> None:
        """Refuses a wrong token, and for a while any token after many wrong ones."""
        if wait := self._connections.must_wait(request):
            headers = {"Retry-After": str(math.ceil(wait))}
            raise web.HTTPTooManyRequests(text="too many wrong tokens", headers=headers)
        if hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
            return
        if given:
            self._connections.tries(request)
            self._connections.wrong(request, "token")
        raise web.HTTPUnauthorized(text="a token is needed: ?token=…")

    def _view(self, request: web.Request) -> Newest[Shown]:
        view = self.views.get(request.match_info["camera"])
        if view is None:
            raise web.HTTPNotFound(text="no such camera")
        if self._viewers >= MOST_VIEWERS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_VIEWERS} viewers at most")
        return view

    # ------------------------------------------------------------ what is to be seen

    async def _index(self, request: web.Request) -> web.Response:
        token = request.query.get("token")
        query = f"?{urlencode({'token': token})}" if token else ""
        parts = [
            f"<h2>{camera}</h2><img src='{camera}/overlay{query}' alt='{camera}'>"
            f"<p><a href='{camera}/stream{query}'>stream</a>"
            f" <a href='{camera}/latest.jpg{query}'>latest picture</a></p>"
            for camera in self.views
        ]
        style = "body{font:16px sans-serif;margin:1em}img{max-width:100%}"
        page = f"<!doctype html><title>Cameras</title><style>{style}</style>{''.join(parts)}"
        return web.Response(text=page, content_type="text/html", headers=_HEADERS)

    async def _picture(self, request: web.Request) -> web.Response:
        async with _Looking(self, self._view(request)) as looking:
            shown = await looking.next(_PATIENCE)
            if shown is None:
                raise web.HTTPServiceUnavailable(text="no picture from the camera now")
            return web.Response(
                body=_chosen(shown, request), content_type="image/jpeg", headers=_HEADERS
            )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        async with _Looking(self, self._view(request)) as looking:
            kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
            response = web.StreamResponse(headers={**_HEADERS, "Content-Type": kind})
            response.force_close()
            await response.prepare(request)
            keep_little(request)
            last = b""
            while True:
                shown = await looking.next(_STUCK)
                if self.views.get(request.match_info["camera"]) is not looking.view:
                    return response  # the camera was changed or removed: no frozen picture
                jpeg = _chosen(shown, request) if shown is not None else last
                last = jpeg
                if jpeg:
                    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    part = f"--{_BOUNDARY}\r\n{head}".encode() + jpeg + b"\r\n"
                    with suppress(ConnectionError, TimeoutError):
                        await asyncio.wait_for(response.write(part), _STUCK)
                        continue
                    return response

    def begin(self, view: Newest[Shown]) -> None:
        """One more viewer of this camera."""
        self._viewers += 1
        self._watching[view] = self._watching.get(view, 0) + 1
        view.want("reoffer", wanted=True)

    def end(self, view: Newest[Shown]) -> None:
        """One less; the last one lets vision rest."""
        self._viewers -= 1
        self._watching[view] -= 1
        if not self._watching[view]:
            del self._watching[view]
            view.want("reoffer", wanted=False)


class _Looking:
    """One viewer while it looks: waits for what is newer than what it has seen."""

    def __init__(self, server: ReofferWorker, view: Newest[Shown]) -> None:
        self._server = server
        self.view = view
        self._seen: Shown | None = view.get()

    async def __aenter__(self) -> Self:
        self._server.begin(self.view)
        return self

    async def __aexit__(self, *_raised: object) -> None:
        self._server.end(self.view)

    async def next(self, within: float) -> Shown | None:
        """A newer picture, or None when there was none."""
        until = asyncio.get_running_loop().time() + within
        while (shown := self.view.get()) is self._seen:
            if asyncio.get_running_loop().time() >= until:
                return None
            await asyncio.sleep(_LOOK)
        self._seen = shown
        return shown


#: How often a viewer looks for a newer picture: adds 10 ms at most to what is shown, and needs no
#: signal across threads.
_LOOK = 0.02


def _host(request: web.Request) -> str:
    """The name that the viewer used for us; "" where it is none."""
    try:
        return request.url.host or ""
    except ValueError:
        return ""


def _chosen(shown: Shown, request: web.Request) -> bytes:
    return shown.overlay if request.match_info["what"] == "overlay" else shown.picture
