"""The only place that makes threads: one owner thread per resource, supervised."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from agent.runtime.clock import Clock

log = logging.getLogger(__name__)

#: Restarts of a worker in `BUDGET_SECONDS` before the process gives up (exit 70). Another try does
#: not cure a fault that comes back immediately. A clean start of the process is the tested path.
BUDGET = 5
BUDGET_SECONDS = 60.0


class RestartBudget:
    """Counts restarts in a sliding window; pure."""

    def __init__(self, limit: int = BUDGET, window: float = BUDGET_SECONDS) -> None:
        self._limit = limit
        self._window = window
        self._spent: list[float] = []

    def spend(self, now: float) -> bool:
        """Records a restart at `now`; False when the budget is used up."""
        self._spent = [at for at in self._spent if now - at < self._window]
        self._spent.append(now)
        return len(self._spent) <= self._limit


class Worker:
    """A named daemon thread around `run(stop)`, restarted within a budget when it raises.

    `run` has to look at `stop` at least once a second, or to set `wake`, and to call `beat` while
    it is alive: each five seconds at least.

    Attributes:
        stop: set, it is to end; by `halt`.
        wake: set by a `run` that waits where `stop` does not reach it.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Worker], None],
        clock: Clock,
        on_fatal: Callable[[str, BaseException], None],
    ) -> None:
        self.name = name
        self.stop = threading.Event()
        self.wake: Callable[[], object] = lambda: None
        self.restarts = 0
        self._run = run
        self._clock = clock
        self._on_fatal = on_fatal
        self._budget = RestartBudget()
        self._beat_at = clock.monotonic()
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._beat_at = self._clock.monotonic()
        self._thread.start()

    def halt(self) -> None:
        """Asks it to end, and ends its waiting."""
        self.stop.set()
        self.wake()

    def beat(self) -> None:
        """Says: alive. Called by the worker itself."""
        self._beat_at = self._clock.monotonic()

    def silent_for(self, now: float) -> float:
        """Seconds since the last beat."""
        return now - self._beat_at

    def join(self, timeout: float) -> bool:
        """Waits for the end; True when the thread is gone."""
        if self._thread.ident is None:
            return True
        self._thread.join(max(0.0, timeout))
        return not self._thread.is_alive()

    def _main(self) -> None:
        while not self.stop.is_set():
            try:
                self._run(self)
            except Exception as error:
                log.exception("worker %s: failed", self.name)
                if not self._budget.spend(self._clock.monotonic()):
                    self._on_fatal(self.name, error)
                    return
                self.restarts += 1
            else:
                return
