"""Waiting that can be interrupted: a source that waits beats, and looks at its orders."""

from __future__ import annotations

from agent.core.orders import RestartSession
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker

#: How often a source that waits looks around; twice as long at most until it obeys. More than lies
#: between two pictures of a camera that sends three a second: it is woken by pictures alone.
STEP = 0.45


class Interrupted(Exception):
    """The source is to stop, or to open a new session; no error."""


class Patience:
    """What a session needs to wait in small steps.

    Attributes:
        worker: whose thread waits; a look-up of a name runs beside it.
        clock: the time.
        order: the last order to restart, until somebody takes it.
    """

    def __init__(self, worker: Worker, clock: Clock, orders: Mailbox[RestartSession]) -> None:
        self.worker = worker
        self.clock = clock
        self.order: RestartSession | None = None
        self._orders = orders

    def look(self) -> None:
        """Beats.

        Raises:
            Interrupted: the worker is to stop, or the session to be restarted.
        """
        self.worker.beat()
        if self.worker.stop.is_set():
            raise Interrupted
        order = self._orders.get()
        if order is not None:
            self.order = order
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
