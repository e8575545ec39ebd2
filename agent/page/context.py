"""What all routes share; belongs to the page's loop."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from agent.core.json_objects import once
from agent.core.messages import Shown
from agent.core.state import AgentNow, Now
from agent.page.access import SUPERVISOR, Access
from agent.page.bodies import raw_body
from agent.page.bridge import Bridge, Scene
from agent.page.files import static_files, templates
from agent.page.first_start import FirstStart
from agent.page.options import PageOptions
from agent.page.pending_orders import Orders
from agent.page.recent import Recent
from agent.page.state_view import page_state
from agent.page.trials import Trials
from agent.page.verdict_questions import PastAsked
from agent.reoffer.connections import Connections
from agent.runtime.clock import Clock
from agent.runtime.latest_value import Newest
from agent.storage.reading.link import Reader
from agent.storage.store.identity import Terms, remembered
from schemas.page import PageState

#: How many may do so at a time: watch the state, wait for a picture, have a film sent.
SEATS = {"live": 8, "pictures": 16, "films": 4, "aims": 8}
#: Bytes of a request's body; a mask of many strokes has some hundred thousand.
MOST_BODY = 1 << 20

M = TypeVar("M", bound=BaseModel)


class Context:
    """Everything that a request may need."""

    def __init__(self, options: PageOptions, bridge: Bridge, clock: Clock) -> None:
        self.options, self.bridge, self.clock = options, bridge, clock
        shared = (SUPERVISOR,) if options.ingress else ()
        self.connections = Connections("page", options.proxies, shared, watched="/health")
        self.access = Access(options, self.connections)
        self.orders = Orders(bridge)
        self.recents: dict[str, Recent] = {}
        self.past = PastAsked(bridge)
        self.looked: dict[str, tuple[Newest[Shown], float]] = {}  # by camera: when last asked for
        self.trials = Trials()
        self.first = (
            None
            if bridge.first_file is None
            else FirstStart(bridge.first_file, options.broker_port)
        )
        self.port: int | None = None  # that is served
        self.static = static_files()
        self.templates = templates()
        self._seats: Counter[str] = Counter()
        self._apart: dict[str, ThreadPoolExecutor] = {}
        self._reader: Reader | None = None
        self._said: tuple[float, AgentNow | None, PageState | None] = (-1.0, None, None)

    @contextmanager
    def seat(self, kind: str) -> Iterator[None]:
        """A place among those who do the same.

        Raises:
            HTTPServiceUnavailable: all are taken.
        """
        if self._seats[kind] >= SEATS[kind]:
            raise web.HTTPServiceUnavailable(text=f"{SEATS[kind]} at a time, at most: {kind}")
        self._seats[kind] += 1
        try:
            yield
        finally:
            self._seats[kind] -= 1

    def thread(self, name: str) -> Executor:
        """One thread of this name for what would hold up the page."""
        return self._apart.setdefault(name, ThreadPoolExecutor(1, name))

    def now(self) -> Now:
        """The time."""
        return Now(self.clock.monotonic(), self.clock.utc())

    def scene(self, request: web.Request) -> tuple[str, Scene]:
        """The camera that the request's path names.

        Raises:
            HTTPNotFound: there is none of that name.
        """
        camera = request.match_info["camera"]
        scene = self.bridge.scenes.get(camera)
        if scene is None:
            raise web.HTTPNotFound(text="no such camera")
        return camera, scene

    def state(self) -> PageState:
        """Everything of now; made once for all who ask within half a second.

        Raises:
            HTTPServiceUnavailable: the agent has only begun.
        """
        agent, now = self.bridge.now.get(), self.now()
        if agent is None:
            raise web.HTTPServiceUnavailable(text="the agent is starting")
        at, of, said = self._said
        if said is None or (of is not agent and now.at - at > 0.4):
            said = page_state(agent, self.bridge.scenes, now)
            self._said = (now.at, agent, said)
        return said

    @property
    def reader(self) -> Reader | None:
        """Who reads the store; None: there is no store."""
        if self.options.store is None:
            return None
        if self._reader is None:
            self._reader = Reader(self.terms)
        return self._reader

    def terms(self) -> dict[str, object] | None:
        """Which store is read; its identity is remembered once it has been adopted."""
        if self.options.store is None:
            return None
        path = str(self.options.store)
        expect = remembered(self.options.state_dir, path)
        return asdict(Terms(path, self.options.agent, expect))

    def rest(self) -> None:
        """Now and then: what nobody needs is put away."""
        if self._reader is not None:
            self._reader.rest()

    def close(self) -> None:
        """At the end: what waits for a thread is forgotten, so that the agent need not wait."""
        for apart in self._apart.values():
            apart.shutdown(wait=False, cancel_futures=True)
        self.trials.close()
        if self.first is not None:
            self.first.close()
        if self._reader is not None:
            self._reader.end()


async def body_of(request: web.Request, model: type[M], apart: Executor | None = None) -> M:
    """The request's body as a model; one that takes long to check is checked apart.

    Raises:
        HTTPUnsupportedMediaType: it is not said to be JSON.
        HTTPUnprocessableEntity: it is no such JSON; says why.
        HTTPRequestTimeout, HTTPBadRequest: it does not come, or not whole.
    """
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send application/json")
    try:
        raw = await raw_body(request)
        if apart is None:
            return _read(model, raw)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(apart, _read, model, raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        words = f"{where}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    except ValueError as error:
        words = str(error)
    raise web.HTTPUnprocessableEntity(
        text=json.dumps({"message": words[:500]}), content_type="application/json"
    )


def _read(model: type[M], raw: bytes) -> M:
    """The body as a model, once it is known to be one: what follows is no deeper than it.

    Raises:
        ValueError: it is none, or a key is there twice.
    """
    read = model.model_validate_json(raw)
    json.loads(raw, object_pairs_hook=once)
    return read


def said(model: BaseModel, status: int = 200) -> web.Response:
    """A model as an answer."""
    return web.Response(
        text=model.model_dump_json(), status=status, content_type="application/json"
    )


def epoch(seconds: float) -> datetime:
    """Seconds since 1970 as aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)
