"""Waiting that can be interrupted: a source that waits beats, and looks whether it is to stop."""

from __future__ import annotations

from agent.runtime.clock import Clock
from agent.runtime.worker import Worker

#: How often a source that waits looks around; twice as long at most until it stops. More than lies
#: between two pictures of a camera that sends three a second: it is woken by pictures alone.
STEP = 0.45


class Interrupted(Exception):
    """The source is to stop; no error."""


class Patience:
    """What a session needs to wait in small steps.

    Attributes:
        worker: whose thread waits; a look-up of a name runs beside it.
        clock: the time.
    """

    def __init__(self, worker: Worker, clock: Clock) -> None:
        self.worker = worker
        self.clock = clock

    def look(self) -> None:
        """Beats.

        Raises:
            Interrupted: the worker is to stop.
        """
        self.worker.beat()
        if self.worker.stop.is_set():
            raise Interrupted

    def wait(self, seconds: float) -> None:
        """Waits so long.

        Raises:
            Interrupted: as in `look`.
        """
        until = self.clock.monotonic() + seconds
        self.look()
        while (left := until - self.clock.monotonic()) > 0.0:
            self.clock.wait(self.worker.stop, min(STEP, left))
            self.look()
