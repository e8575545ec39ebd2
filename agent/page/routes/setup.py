"""The first start: a camera, a broker and a folder are tried, the configuration is written.

Only where the agent has none: in the demo. Elsewhere there is nothing at these paths.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from agent.page.context import Context, body_of, said
from agent.page.first_start import FirstStart, Wait
from agent.page.routes.settings import answered
from schemas.commands import Restart
from schemas.first_start import (
    BrokerTry,
    CamerasFound,
    CameraTry,
    FirstConfig,
    Guess,
    SetupView,
    StoreTry,
    Tried,
    Written,
)

M = TypeVar("M", bound=BaseModel)


def routes(context: Context) -> list[web.RouteDef]:
    """Tries, the file, and the start with it."""
    if context.first is None:
        return []
    setup = Setup(context, context.first)
    return [
        web.get("/api/setup", setup.show),
        web.post("/api/setup/search", setup.search),
        web.post("/api/setup/guess", setup.guess),
        web.post("/api/setup/camera", setup.camera),
        web.post("/api/setup/broker", setup.broker),
        web.post("/api/setup/store", setup.store),
        web.post("/api/setup/write", setup.write),
        web.post("/api/setup/start", setup.start),
    ]


class Setup:
    """Passes each try on to a child process; keeps nothing of what was tried."""

    def __init__(self, context: Context, first: FirstStart) -> None:
        self._context = context
        self._first = first

    async def show(self, _request: web.Request) -> web.Response:
        """Where the configuration would go."""
        return said(await asyncio.to_thread(self._view))

    async def search(self, _request: web.Request) -> web.Response:
        """The cameras of the UDP family on the own networks."""
        return await self._asked(CamerasFound, "find")

    async def guess(self, request: web.Request) -> web.Response:
        """Usual streams of one host of the own network."""
        return await self._asked(CamerasFound, "guess", **_plain(await body_of(request, Guess)))

    async def camera(self, request: web.Request) -> web.Response:
        """A picture of a camera, or why there is none."""
        return await self._asked(Tried, "camera", **_plain(await body_of(request, CameraTry)))

    async def broker(self, request: web.Request) -> web.Response:
        """Whether a broker lets us in."""
        return await self._asked(Tried, "broker", **_plain(await body_of(request, BrokerTry)))

    async def store(self, request: web.Request) -> web.Response:
        """Whether a folder can be the image store."""
        return await self._asked(Tried, "store", **_plain(await body_of(request, StoreTry)))

    async def write(self, request: web.Request) -> web.Response:
        """Writes the configuration, if it is right and nothing is in its place."""
        order = _plain(await body_of(request, FirstConfig))
        options = self._context.options
        page = {"bind": options.bind, "port": self._context.port or options.port}
        task = {"order": order, "page": page, "file": str(self._first.file)}
        return await self._asked(Written, "write", **task)

    async def start(self, _request: web.Request) -> web.Response:
        """Restarts the agent, with the configuration that is there now."""
        view = await asyncio.to_thread(self._view)
        if not view.written:
            raise web.HTTPConflict(text=f"{view.file} is not written yet")
        return answered(await self._context.orders.command(Restart(), "restart", None))

    def _view(self) -> SetupView:
        file = self._first.file
        writable = os.access(file.parent, os.W_OK | os.X_OK)
        written = os.path.lexists(file)
        problem = "" if writable or written else f"{file.parent} cannot be written"
        store = str(file.parent / "recordings")
        return SetupView(file=str(file), written=written, store=store, problem=problem)

    async def _asked(self, model: type[M], do: str, **task: Any) -> web.Response:  # noqa: ANN401
        try:
            return said(model.model_validate(await self._first.ask(do, **task)))
        except Wait as error:
            headers = {"Retry-After": str(max(1, round(error.seconds)))}
            raise web.HTTPTooManyRequests(text=str(error), headers=headers) from None
        except ValidationError:
            raise web.HTTPServiceUnavailable(text="the try gave no answer") from None


def _plain(model: BaseModel) -> dict[str, Any]:
    """A model's fields with their secrets, for the child alone."""
    return {name: _bare(getattr(model, name)) for name in type(model).model_fields}


def _bare(value: Any) -> Any:  # noqa: ANN401  of any field
    if isinstance(value, BaseModel):
        return _plain(value)
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value
