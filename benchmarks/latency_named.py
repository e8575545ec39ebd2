"""`python -m benchmarks.latency_named MODEL`: an event's message, with the classifier and without.

Two real agents run at the same time, with one broker, a store each and the same number of cameras.
One of them names its events. Visitors come to the cameras of one agent, all at the same moment, and
then to the other one's. So both are measured under the same load, and the network looks only at
events of its own agent. Nothing in the scene has a name: so each event gets as many looks as it
can. A time goes from the first picture with a visitor to the arrival of `motion_started`. A camera
sends ten pictures a second, and the detector waits for a second picture: that is in both columns.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.latency import pictures
from benchmarks.side_by_side import agent
from tests.support.agent_mqtt import Ear
from tests.support.broker import Broker
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

FPS = 10.0
#: Seconds that a visitor stays: time for looks, which come once a second.
STAYS = 2.5
#: Seconds without an event before somebody comes.
REST = 1.5
#: Seconds in which an event of a busy machine begins or ends.
SLOW = 120.0
EMPTY, HERE = pictures()
_PICTURE = np.asarray(cv2.imdecode(np.frombuffer(HERE, np.uint8), cv2.IMREAD_COLOR), np.uint8)
_SHIFTED = np.roll(_PICTURE, 60, axis=1)
#: The visitor's two places, one after the other: who stands still is no motion of profile `plain`.
VISITED = (HERE, cv2.imencode(".jpg", _SHIFTED)[1].tobytes())
PARTS = (50, 95, 99)


class Place:
    """What one camera sees; when it first showed a visitor."""

    def __init__(self, stack: ExitStack) -> None:
        self._lock = threading.Lock()
        self._visited = False
        self._shown = 0
        self.shown_at: float | None = None
        self.camera = stack.enter_context(WebCamera(self._picture, fps=FPS))

    def _picture(self, _number: int) -> bytes:
        with self._lock:
            if self._visited and self.shown_at is None:
                self.shown_at = time.monotonic()
            self._shown += 1
            return VISITED[self._shown % 2] if self._visited else EMPTY

    def visit(self, *, visited: bool) -> None:
        """Somebody comes, or leaves."""
        with self._lock:
            self._visited = visited
            if visited:
                self.shown_at = None


class Watched:
    """An agent, its cameras, and what it says."""

    def __init__(
        self,
        name: str,
        stack: ExitStack,
        root: Path,
        broker: Broker,
        count: int,
        classify: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.places = [Place(stack) for _ in range(count)]
        (root / f"{name}-store").mkdir()
        cameras: list[dict[str, Any]] = [
            {
                "source": place.camera.url(),
                "analysis_fps": FPS,
                "classify": classify is not None,
                "detection": {"profile": "plain", "max_changed": 60},
            }
            for place in self.places
        ]
        more: dict[str, Any] = {"store": {"path": str(root / f"{name}-store")}}
        if classify is not None:
            more["classify"] = classify
        self.process = stack.enter_context(
            agent(root, name, broker, cameras[0], *cameras[1:], **more)
        )
        self.topics = [f"surveillance/{name}/yard{n or ''}" for n in range(count)]
        self.found: list[float] = []

    def said(self, ear: Ear, number: int, kind: str) -> list[float]:
        """When the camera's messages of this kind came."""
        topic = f"{self.topics[number]}/event/motion"
        heard = [it for it in list(ear.heard) if it.topic == topic]
        return [it.at for it in heard if json.loads(it.payload)["event_type"] == kind]

    def visited(self, ear: Ear) -> None:
        """Visitors at all cameras: one event each."""
        every = range(len(self.places))
        wait_until("rest", lambda: self._rests(ear), SLOW)
        before = [len(self.said(ear, n, "motion_started")) for n in every]
        for place in self.places:
            place.visit(visited=True)
        leave_at = time.monotonic() + STAYS
        begun = [partial(self._begun, ear, n, before[n]) for n in every]
        wait_until("events", lambda: all(one() for one in begun), SLOW)
        wait_until("the visitor leaves", lambda: time.monotonic() > leave_at, SLOW)
        for place, one in zip(self.places, begun, strict=True):
            at, shown_at = one(), place.shown_at
            assert at is not None
            assert shown_at is not None
            self.found.append(at - shown_at)
            place.visit(visited=False)

    def _begun(self, ear: Ear, number: int, before: int) -> float | None:
        """When the message of the camera's next event came."""
        return next(iter(self.said(ear, number, "motion_started")[before:]), None)

    def _rests(self, ear: Ear) -> bool:
        """True when each event has ended a while ago."""
        for n in range(len(self.places)):
            started, ended = (self.said(ear, n, f"motion_{what}") for what in ("started", "ended"))
            if len(started) > len(ended) or (ended and time.monotonic() < ended[-1] + REST):
                return False
        return True

    def health(self, ear: Ear) -> dict[str, Any]:
        """What the agent said last."""
        said: dict[str, Any] = json.loads(ear.payloads(f"surveillance/{self.name}/health")[-1])
        return said


def part(values: list[float], percent: int) -> float:
    """A percentile in milliseconds."""
    return 1000 * sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def measure(model: Path, visits: int, cameras: int) -> list[str]:
    """Both columns as Markdown."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = Broker(root).start()
        stack.callback(broker.kill)
        ear = stack.enter_context(Ear(broker.port, "surveillance/#"))
        classify = {"model": str(model.absolute())}
        both = (
            Watched("without", stack, root, broker, cameras),
            Watched("with", stack, root, broker, cameras, classify),
        )
        both[1].process.wait_for_line("classifier: .* is ready", SLOW)
        for number in range(visits + 1):
            for one in both if number % 2 else reversed(both):
                one.visited(ear)
            if number == 0:  # what is loaded with the first event is not today's business
                for one in both:
                    one.found.clear()
        ear.say("surveillance/with/request/status", "{}")
        looks = wait_until("its looks", lambda: both[1].health(ear)["classify"]["looks"], SLOW)
        for one in both:
            one.process.stop()
    lines = [
        "| camera(s) | classifier | events | p50 ms | p95 ms | p99 ms |",
        "|---|---|---|---|---|---|",
    ]
    for one in both:
        values = " | ".join(f"{part(one.found, it):.0f}" for it in PARTS)
        lines.append(f"| {cameras} | {one.name} | {len(one.found)} | {values} |")
    return [*lines, "", f"{looks} looks; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"]


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--visits", type=int, default=100)
    parser.add_argument("--cameras", type=int, default=1, help="of each agent, all visited at once")
    arguments = parser.parse_args()
    print("\n".join(measure(arguments.model, arguments.visits, arguments.cameras)))


if __name__ == "__main__":
    main()
