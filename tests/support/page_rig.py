"""The page as a thread of its own, with an engine's state and a store that the test made."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from agent.core.messages import Shown
from agent.core.state import AgentNow
from agent.page.bridge import Bridge, Scene, without_sources
from agent.page.options import PageOptions
from agent.page.passwords import hashed
from agent.page.server import PageWorker
from agent.runtime.clock import SystemClock
from agent.runtime.latest_value import Newest
from agent.runtime.worker import Worker
from agent.verdicts.worker import VerdictBoxes, VerdictWorker
from schemas.camera_config import CameraConfig
from tests.support.engine import begun
from tests.support.waiting import PATIENCE, wait_until

TOKEN = "correct-horse-battery"  # noqa: S105  of the tests
PASSWORD = "staple staple staple"  # noqa: S105  of the tests


@dataclass
class Said:
    """An answer."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage

    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)


@dataclass
class Visitor:
    """Somebody with a browser's memory: a cookie and the page's token."""

    port: int
    cookie: str = ""
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Said:
        """One request; an object goes as JSON, bytes as they are."""
        given = {**self.headers, **{name.replace("_", "-"): it for name, it in headers.items()}}
        if self.cookie:
            given.setdefault("Cookie", self.cookie)
        if self.csrf and method not in {"GET", "HEAD"}:
            given.setdefault("X-CSRF-Token", self.csrf)
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if not isinstance(body, bytes | None):
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, raw, given)
            answer = connection.getresponse()
            return Said(answer.status, answer.read(), answer.headers)
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Said:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Said:
        return self.ask("POST", path, {} if body is None else body, **headers)

    def log_in(self, **form: str) -> Said:
        """What the log-in page sends; keeps cookie and token where it was right."""
        kind = "application/x-www-form-urlencoded"
        said = self.ask("POST", "/login", urlencode(form).encode(), Content_Type=kind)
        self.take(said)
        return said

    def take(self, said: Said) -> None:
        """Keeps the cookie of an answer, and asks for the page's token."""
        if cookie := said.headers["Set-Cookie"]:
            self.cookie = cookie.partition(";")[0]
            found = re.search(r'name="csrf" content="([^"]+)"', self.get("/").body.decode())
            self.csrf = found[1] if found else ""


@dataclass
class PageRig:
    """A page that runs, and what the test puts before it."""

    server: PageWorker
    bridge: Bridge
    orders: list[object]
    view: Newest[Shown]

    @property
    def port(self) -> int:
        assert self.server.port is not None
        return self.server.port

    def visitor(self) -> Visitor:
        """Somebody who has not logged in."""
        return Visitor(self.port)

    def friend(self) -> Visitor:
        """Somebody who has."""
        visitor = self.visitor()
        assert visitor.log_in(token=TOKEN).status == 303
        return visitor


@contextmanager
def page(
    folder: Path,
    config: Mapping[str, Any] | None = None,
    state: AgentNow | None = None,
    *,
    full: bool = False,
    first_file: Path | None = None,
    **options: Any,  # noqa: ANN401  fields of PageOptions
) -> Iterator[PageRig]:
    """A page for one camera, `yard`; `config` has keys of its configuration.

    `full`: the agent has no room for orders, and says so at once; `first_file`: it has no
    configuration yet, and would write this one.
    """
    orders: list[object] = []

    def to_engine(order: object) -> bool:
        orders.append(order)
        return not full

    clock = SystemClock()
    boxes = VerdictBoxes()
    boxes.now.put(state or begun())
    verdicts = VerdictWorker(folder, boxes, lambda _answer: None, clock)
    bridge = Bridge(to_engine, clock, boxes.questions)
    camera = CameraConfig.model_validate({"source": "demo:", **(config or {})})
    view: Newest[Shown] = Newest()
    shown = without_sources(camera)
    bridge.scenes = {"yard": Scene("Yard <b>", shown, shown, view=view)}
    bridge.now.put(state or begun())
    bridge.first_file = first_file
    given = {"token": TOKEN, "user": "ann", "password_hash": hashed(PASSWORD), **options}
    server = PageWorker(PageOptions("127.0.0.1", 0, folder, **given), bridge, clock)
    fatal: list[BaseException] = []
    bodies = {"page": server.run, "verdicts": verdicts.run}
    workers = [
        Worker(name, body, clock, lambda _name, error: fatal.append(error))
        for name, body in bodies.items()
    ]
    for worker in workers:
        worker.start()
    try:
        wait_until("the port", lambda: server.port or workers[0].restarts or fatal)
        yield PageRig(server, bridge, orders, view)
    finally:
        for worker in workers:
            worker.halt()
            assert worker.join(PATIENCE), f"{worker.name} does not stop"
        assert not fatal, fatal
        assert not any(worker.restarts for worker in workers)
