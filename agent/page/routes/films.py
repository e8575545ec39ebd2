"""Clips, pictures and films out of the store, by ids, in pieces; seeking by byte ranges."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from agent.core.store_names import FileKind
from agent.page.context import Context
from agent.page.ranges import Range, Unsatisfiable, parse
from agent.page.routes.days import day_in
from agent.page.routes.settings import event_in
from agent.storage.reading.library import MOST_BYTES
from agent.storage.reading.link import NoSuchThing, Reader, StoreSilent

#: Seconds until a browser that takes no byte is gone; a film that is paused asks again.
_STUCK = 30.0
#: Pictures that are read at a time, and bytes of one.
_STILLS, _LARGEST_STILL = 2, 16 << 20
_KINDS = {
    "mp4": "video/mp4",
    "mkv": "video/x-matroska",
    "jpg": "image/jpeg",
    "png": "image/png",
}

Ask = Callable[[int, int], Awaitable[tuple[dict[str, Any], bytes]]]


def routes(context: Context) -> list[web.RouteDef]:
    """An event's files, and the parts of a day's film."""
    films = Films(context)
    day = "/api/cameras/{camera}/days/{day}"
    return [
        web.get(day + "/events/{event}/files/{kind}", films.event_file),
        web.get(day + r"/films/{part:[1-9]\d{0,3}}", films.film),
    ]


class Films:
    """Passes on what the reading child reads: a piece at a time, when the browser took the last."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turn = asyncio.Semaphore(_STILLS)

    async def event_file(self, request: web.Request) -> web.StreamResponse:
        """One of an event's files."""
        camera, _ = self._context.scene(request)
        day, event, kind = day_in(request), event_in(request), request.match_info["kind"]
        if kind not in set(FileKind):
            raise web.HTTPNotFound(text="no such file")
        reader = self._reader()

        def ask(at: int, size: int) -> Awaitable[tuple[dict[str, Any], bytes]]:
            """A piece of it."""
            about = {"day": day.isoformat(), "event": event, "kind": kind}
            return reader.ask("event_file", camera, at=at, size=size, **about)

        if kind != FileKind.CLIP:
            return await self._still(ask)
        return await self._send(request, ask)

    async def film(self, request: web.Request) -> web.StreamResponse:
        """A part of the day's film."""
        camera, _ = self._context.scene(request)
        day, part = day_in(request), int(request.match_info["part"])
        reader = self._reader()

        def ask(at: int, size: int) -> Awaitable[tuple[dict[str, Any], bytes]]:
            """A piece of it."""
            return reader.ask("film", camera, day=day.isoformat(), part=part, at=at, size=size)

        return await self._send(request, ask)

    async def _still(self, ask: Ask) -> web.Response:
        """A whole picture; a page shows many together, so each waits for its turn."""
        async with self._turn:
            body, whole, name = b"", 1, ""
            try:
                while len(body) < whole:
                    about, piece = await ask(len(body), MOST_BYTES)
                    whole, name = int(about["size"]), about["name"]
                    if not piece or whole > _LARGEST_STILL:
                        raise web.HTTPNotFound(text="no such picture")
                    body += piece
            except NoSuchThing as error:
                raise web.HTTPNotFound(text=str(error)) from None
            except StoreSilent as error:
                raise web.HTTPServiceUnavailable(text=str(error)) from None
        headers = {"Cache-Control": "private, max-age=86400, immutable"}  # it never changes
        kind = _KINDS.get(name.rpartition(".")[2], "application/octet-stream")
        return web.Response(body=body, content_type=kind, headers=headers)

    async def _send(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        with self._context.seat("films"):
            try:
                about, _ = await ask(0, 0)
                whole = int(about["size"])
                wanted = parse(request.headers.get("Range"), whole)
            except Unsatisfiable:
                headers = {"Content-Range": f"bytes */{whole}"}
                raise web.HTTPRequestRangeNotSatisfiable(headers=headers) from None
            except NoSuchThing as error:
                raise web.HTTPNotFound(text=str(error)) from None
            except StoreSilent as error:
                raise web.HTTPServiceUnavailable(text=str(error)) from None
            response = _head(about["name"], whole, wanted, download="download" in request.query)
            await response.prepare(request)
            if request.method == "GET":
                with suppress(ConnectionError):
                    await self._pieces(response, ask, wanted or Range(0, whole - 1))
            return response

    @staticmethod
    async def _pieces(response: web.StreamResponse, ask: Ask, wanted: Range) -> None:
        """Sends piece after piece; where one does not come the connection ends short, and shows it.

        Raises:
            ConnectionError: the browser is gone, or takes nothing.
        """
        at = wanted.first
        while at <= wanted.last:
            try:
                _, body = await ask(at, min(MOST_BYTES, wanted.last - at + 1))
                if not body:
                    break
                await asyncio.wait_for(response.write(body), _STUCK)
            except (NoSuchThing, StoreSilent, TimeoutError):
                break
            at += len(body)
        if at <= wanted.last:
            response.force_close()
            raise ConnectionResetError

    def _reader(self) -> Reader:
        reader = self._context.reader
        if reader is None:
            raise web.HTTPNotFound(text="no image store is configured")
        return reader


def _head(name: str, whole: int, wanted: Range | None, *, download: bool) -> web.StreamResponse:
    kind = _KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    headers = {"Accept-Ranges": "bytes", "Content-Type": kind, "Cache-Control": "private, no-cache"}
    if download:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if wanted is not None:
        headers["Content-Range"] = wanted.says(whole)
    response = web.StreamResponse(status=200 if wanted is None else 206, headers=headers)
    response.content_length = whole if wanted is None else wanted.size
    return response
