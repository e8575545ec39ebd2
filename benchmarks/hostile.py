"""What the whole agent takes with four cameras, one of them hostile: memory and descriptors.

    python -m benchmarks.hostile [KIND ...]

Three web cameras of 1920x1080 send ten pictures a second and record all the same visit; a fourth
one is hostile, or viewers are. The agent is the real process with `memory_max: 512 MiB`. Memory is
the sum over it and its children of the most that each ever had (VmHWM), and the most of their
proportional sets (PSS) at one moment, looked at twice a second; descriptors are the process's own.
"""

from __future__ import annotations

import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from agent.runtime.memory import LEAST_LIMIT, MIB
from tests.integration.test_memory import GOOD, HOSTILE, peak, visited
from tests.resilience import neighbour_faults
from tests.resilience.footprint import children
from tests.support.agent_process import House
from tests.support.broker import free_port
from tests.support.odd_cameras import Answer, shown_by
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

#: Seconds that a run lasts at least: some attempts of a camera that is refused.
LEAST = 25.0
#: Idle connections to the re-offer.
VIEWERS = 400

Hostile = Callable[[], AbstractContextManager[str]]


@contextmanager
def _answering(answer: Answer) -> Iterator[str]:
    with shown_by(answer) as port:
        yield f"http://127.0.0.1:{port}/"


def _dripping(kind: str) -> Hostile:
    drop = b"HTTP/1.1 100 Continue\r\n\r\n" if kind == "continue" else b"a"
    head = neighbour_faults.DrippingCamera.heads[kind]

    def drip(connection: socket.socket, _: bytes) -> None:
        """One drop after the other."""
        connection.sendall(head)
        while True:
            connection.sendall(drop)
            time.sleep(0.2)

    return lambda: _answering(drip)


def _neighbour(kind: type[neighbour_faults._BadCamera], seed: int) -> Hostile:
    return lambda: _answering(kind(random.Random(seed)).answer())  # noqa: S311


KINDS: dict[str, Hostile | None] = {
    "nobody": None,
    **HOSTILE,
    **{f"trickles: {kind}": _dripping(kind) for kind in neighbour_faults.DrippingCamera.heads},
    "head without end": _neighbour(neighbour_faults.EndlessHead, 1),
    "compressed bomb": _neighbour(neighbour_faults.GzipBomb, 1),
    "redirects without end": _neighbour(neighbour_faults.RedirectLoop, 1),
    "400 idle viewers": None,
}


class Peak(threading.Thread):
    """Looks at a process until it is told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pss = self.descriptors = 0
        self._pid = pid
        self._done = threading.Event()

    def run(self) -> None:
        """Looks."""
        turn = 0
        while not self._done.wait(0.02):
            with suppress(OSError):
                self.descriptors = max(self.descriptors, _descriptors(self._pid))
                if turn % 25 == 0:
                    pids = (self._pid, *children(self._pid))
                    self.pss = max(self.pss, sum(map(_pss, pids)))
            turn += 1

    def end(self) -> None:
        """No more."""
        self._done.set()
        self.join()


def _descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _pss(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def measure(kind: str) -> str:
    """A row of the table."""
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        house = running.enter_context(House(folder, free_port()))
        cameras = {name: running.enter_context(WebCamera(visited, fps=10)) for name in GOOD}
        config: dict[str, Any] = {name: {"source": it.url()} for name, it in cameras.items()}
        hostile = KINDS[kind]
        if hostile is not None:
            config["hostile"] = {"source": running.enter_context(hostile())}
        house.config["cameras"] = config
        house.config["agent"]["memory_max"] = f"{LEAST_LIMIT // MIB} MiB"
        port = free_port()
        if "viewers" in kind:
            house.config["reoffer"] = {"port": port}
        agent = house.agent()
        watch = Peak(agent.pid)
        watch.start()
        begun = time.monotonic()
        if "viewers" in kind:
            agent.wait_for_line("reoffer: pictures at", 60)
            for _ in range(VIEWERS):
                one = running.enter_context(socket.create_connection(("127.0.0.1", port)))
                one.sendall(b"GET /")

        def recorded() -> int:
            """Good cameras with a clip."""
            return sum(bool(list((house.store / it).rglob("events/*.mp4"))) for it in GOOD)

        wait_until("a clip of each good camera", lambda: recorded() == len(GOOD), 180, every=0.2)
        while time.monotonic() - begun < LEAST:
            time.sleep(0.2)
        most, code = peak(agent), agent.exit_code
        watch.end()
        agent.stop(30)
    ended = "" if code is None else f", ended with {code}"
    return f"| {kind} | {most:.0f} | {watch.pss / MIB:.0f} | {watch.descriptors} | 3 of 3{ended} |"


def main() -> None:
    """Prints the table."""
    print("| who is hostile | MiB, most ever | MiB, PSS | descriptors | good cameras recorded |")
    print("|---|---|---|---|---|")
    for kind in sys.argv[1:] or KINDS:
        print(measure(kind), flush=True)


if __name__ == "__main__":
    main()
