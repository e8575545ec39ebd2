"""Waiting that can be interrupted: a source that waits beats, and looks whether it is to stop."""

from __future__ import annotations

from agent.runtime.clock import Clock
from agent.runtime.privacy_gate import PrivacyGate
from agent.runtime.worker import Worker

#: How often a source that waits looks around; twice as long at most until it stops. More than lies
#: between two pictures of a camera that sends three a second: it is woken by pictures alone.
STEP = 0.45


class Interrupted(Exception):
    """The source is to stop; no error."""


class Patience:
    """What a session needs to wait in small steps.

    Attributes:
        worker: whose thread waits; a look-up of a name runs in parallel.
        clock: the time.

    Args:
        worker: as above.
        clock: as above.
        gate: before the camera; None: there is none.
    """

    def __init__(self, worker: Worker, clock: Clock, gate: PrivacyGate | None = None) -> None:
        self.worker = worker
        self.clock = clock
        self._gate = gate or PrivacyGate()
        self.begin_again()

    def begin_again(self) -> None:
        """A session may begin now; no session of before goes on."""
        self._closings = self._gate.closings

    @property
    def moved(self) -> bool:
        """True when the gate is closed, or was closed for a moment since the last beginning."""
        return self._gate.closed or self._gate.closings != self._closings

    @property
    def over(self) -> bool:
        """True when the session is no longer wanted."""
        return self.worker.stop.is_set() or self.moved

    def look(self) -> None:
        """Beats.

        Raises:
            Interrupted: the worker is to stop, or the gate was closed.
        """
        self.worker.beat()
        if self.over:
            raise Interrupted

    def wait(self, seconds: float) -> None:
        """Waits for `seconds`.

        Raises:
            Interrupted: as in `look`.
        """
        until = self.clock.monotonic() + seconds
        self.look()
        while (left := until - self.clock.monotonic()) > 0.0:
            self.clock.wait(self.worker.stop, min(STEP, left))
            self.look()
