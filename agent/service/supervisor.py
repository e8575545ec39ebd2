"""The agent's threads, started, watched and stopped together; `agent.service.app` says when."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from agent.core.orders import StopJudging
from agent.runtime.clock import Clock
from agent.runtime.worker import Worker
from agent.service.camera_wiring import Body, CameraParts

log = logging.getLogger(__name__)

#: Threads that may hang at a time, each replaced by a new one. Each keeps memory and connection.
MOST_HUNG = 8
#: Seconds for each owner along the way of a frame, so that the next one sees all that came before.
_CAMERA, _VISION, _RECORDER = 1.5, 1.5, 2.0


class Crew:
    """All workers by name; only the main thread uses it."""

    def __init__(
        self,
        clock: Clock,
        on_fatal: Callable[[str, BaseException], None],
        extra: Sequence[Worker] = (),
    ) -> None:
        self._clock = clock
        self._on_fatal = on_fatal
        self._extra = [worker.name for worker in extra]
        self._workers = {worker.name: worker for worker in extra}
        self._bodies: dict[str, Body] = {}
        self._hung: list[Worker] = []  # left alone in a call that does not return

    def add(self, bodies: dict[str, Body]) -> list[Worker]:
        """Makes a worker of each; they are not started."""
        self._bodies |= bodies
        made = [Worker(n, body, self._clock, self._on_fatal) for n, body in bodies.items()]
        self._workers |= {worker.name: worker for worker in made}
        return made

    def start(self) -> None:
        """Starts all."""
        for worker in self._workers.values():
            worker.start()

    def forget(self, names: Iterable[str]) -> None:
        """These are no longer watched; those that have not ended count as hanging until they do."""
        for name in names:
            del self._bodies[name]
            self._hung.append(self._workers.pop(name))

    def replace(self, name: str, renew: Callable[[], None]) -> bool:
        """Leaves a worker that hangs alone and starts another one in its place.

        Args:
            name: of the worker.
            renew: makes its body ready for another thread; the old one is heard no more.

        Returns: False, and nothing is done, when too many hang already.
        """
        if len(self.hung()) >= MOST_HUNG:
            return False
        old = self._workers[name]
        old.halt()
        self._hung.append(old)
        renew()
        new = Worker(name, self._bodies[name], self._clock, self._on_fatal)
        new.restarts = old.restarts + 1
        self._workers[name] = new
        new.start()
        return True

    def replace_silent(
        self, now: float, longer_than: float, renewals: Mapping[str, Callable[[], None]]
    ) -> dict[str, float]:
        """Replaces those without a beat for longer than a number of seconds; returns the others.

        Args:
            now: monotonic seconds.
            longer_than: seconds.
            renewals: of those that may be replaced; see `replace`.
        """
        left = {}
        for name, silence in self.silent(now, longer_than).items():
            if name in renewals and self.replace(name, renewals[name]):
                words = "worker %s: no sign of life for %.0f s: left alone, another one is started"
                log.error(words, name, silence)
            else:
                left[name] = silence
        return left

    def hung(self) -> tuple[str, ...]:
        """Workers that were left alone and have not come back."""
        self._hung = [worker for worker in self._hung if not worker.join(0.0)]
        return tuple(worker.name for worker in self._hung)

    def restarts(self) -> dict[str, int]:
        """How often each was restarted."""
        return {name: worker.restarts for name, worker in self._workers.items()}

    def silent(self, now: float, longer_than: float) -> dict[str, float]:
        """Workers without a beat for longer than a number of seconds, and for how long."""
        silences = {name: worker.silent_for(now) for name, worker in self._workers.items()}
        return {name: silence for name, silence in silences.items() if silence > longer_than}

    def stop(self, names: Sequence[str], seconds: float, deadline: float) -> list[str]:
        """Stops the named ones together; those that did not end in time."""
        workers = [self._workers[name] for name in names if name in self._workers]
        for worker in workers:
            worker.halt()
        now = self._clock.monotonic()
        until = min(now + seconds, max(deadline, now + 0.1))
        return [w.name for w in workers if not w.join(until - self._clock.monotonic())]

    def stop_cameras(self, cameras: Iterable[CameraParts], deadline: float) -> list[str]:
        """Stops all threads of these cameras, sources first; from now on no event begins."""
        cameras = list(cameras)
        for camera in cameras:
            camera.vision_orders.put(StopJudging())
        sources = [n for c in cameras for n in (c.camera_worker, c.recording_worker)]
        left = self.stop(sources, _CAMERA, deadline)
        left += self.stop([c.vision_worker for c in cameras], _VISION, deadline)
        return left + self.stop([c.recorder_worker for c in cameras], _RECORDER, deadline)

    def busy(self, names: Iterable[str]) -> list[str]:
        """Which of these are at work now: who did not end in time may have ended since."""
        return [name for name in names if not self._workers[name].join(0.0)]

    def stop_extra(self, seconds: float, deadline: float) -> list[str]:
        """Stops those that were handed in ready-made."""
        return self.stop(self._extra, seconds, deadline)
