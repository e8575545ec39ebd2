"""The camera's side as a process: the simulator with a journal of its own, and orders on stdin.

Run as `python -m tests.resilience.camera PORT SEED JOURNAL [HOST]`. Somebody crosses the picture in
each period until told otherwise. The journal has one JSON line for each frame that was sent
(`whole`: with every datagram) and for each hello that was heard; times are CLOCK_MONOTONIC, which
all processes of a machine share. It knows nothing of what the agent made of the frames.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from agent.camera.hk import packets
from agent.camera.hk.simulator.player import Streaming
from agent.camera.hk.simulator.server import Simulator, SimulatorOptions
from agent.camera.hk.simulator.session_base import Manners
from agent.camera.hk.simulator.wire_faults import Faults
from agent.camera.played_pictures import Room
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from tests.support.waiting import wait_until

FPS = 6.0
#: A visit begins each so many seconds, after so many quiet ones.
PERIOD, QUIET = 3.2, 1.6


class Yard:
    """A scene of short visits; the room of `agent.camera.played_pictures`, crossed in haste."""

    fps = FPS
    duration = 1e9

    def __init__(self, seed: int) -> None:
        self._room = Room(seed)
        self._looked_at = 0.0
        self._last_visit = float("inf")  # visits that begin later do not take place
        self._with_visitor: set[bytes] = set()

    def at(self, second: float) -> bytes:
        self._looked_at = second
        phase = second % PERIOD
        if phase < QUIET or second - phase >= self._last_visit:
            return self._room.at(second % 3.0)  # nobody is there in its first three seconds
        jpeg = self._room.at(3.0 + 5.0 * (phase - QUIET) / (PERIOD - QUIET))
        self._with_visitor.add(jpeg)
        return jpeg

    def shows_visitor(self, jpeg: bytes) -> bool:
        return jpeg in self._with_visitor

    def let_visitors_come(self, *, come: bool) -> None:
        self._last_visit = float("inf") if come else self._looked_at


class JournallingSimulator(Simulator):
    """Writes down what it sent and who called."""

    def __init__(self, port: int, seed: int, journal: Path, host: str = "127.0.0.1") -> None:
        options = SimulatorOptions(
            host=host, port=port, seed=seed, loop=False, stream=Streaming(fps=FPS)
        )
        super().__init__(options, SystemClock(), self._note_frame)
        self.yard = Yard(seed)
        self._scene = self.yard
        self._player._scene = self.yard
        self._journal = journal.open("a")
        self._heard = self._side.receive
        self._side.receive = self._hear  # type: ignore[method-assign]

    def _note(self, **what: object) -> None:
        self._journal.write(json.dumps({"at": time.monotonic(), **what}) + "\n")
        self._journal.flush()

    def _note_frame(self, jpeg: bytes, whole: bool) -> None:  # noqa: FBT001  a callback
        session = self._side.sessions
        noisy = self._stream.faults.garbage > 0.0
        visitor = self.yard.shows_visitor(jpeg)
        self._note(whole=whole, visitor=visitor, session=session, noisy=noisy)

    def _hear(self, datagram: bytes, sender: Any, now: float) -> None:  # noqa: ANN401  an address
        if datagram == packets.HELLO:
            self._note(hello=True)
        self._heard(datagram, sender, now)

    def obey(self, order: dict[str, Any]) -> None:
        """One order; its key says what, its value how much."""
        for what, how in order.items():
            match what:
                case "faults":
                    self.change(stream=Streaming(fps=FPS, faults=Faults(**how)))
                case "refusals":
                    self.change(manners=Manners(refusals=how))
                case "visits":
                    self.yard.let_visitors_come(come=how)
                case "stall":
                    self.stall(how)
                case "silence":
                    self.silence(how)
                case "reboot":
                    self.reboot(how)


class Camera:
    """Starts, orders and kills the process above."""

    def __init__(self, folder: Path, port: int, seed: int) -> None:
        self.journal = folder / "camera.jsonl"
        self.host = "127.0.0.1"
        self.port = port
        self._log = folder / "camera.log"
        self._arguments = [str(port), str(seed), str(self.journal)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        known = self.journal.stat().st_size if self.journal.exists() else 0
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.resilience.camera", *self._arguments, self.host],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                text=True,
            )
        wait_until(
            f"the camera is there: {self._log.read_text()[-500:]}",
            lambda: self.journal.exists() and self.journal.stat().st_size > known,
        )

    def order(self, **what: object) -> None:
        """Tells it something; a camera that is off does not hear it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        """Pulls its plug."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def main() -> None:
    """Serves until stdin ends."""
    port, seed, journal = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    simulator = JournallingSimulator(port, seed, journal, *sys.argv[4:5])
    simulator._note(begun=True)
    worker = Worker("camera", simulator.run, SystemClock(), lambda *_: None)
    worker.start()
    for line in sys.stdin:
        simulator.obey(json.loads(line))
    worker.stop.set()
    worker.join(2.0)


if __name__ == "__main__":
    main()
