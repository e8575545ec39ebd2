"""A frame source in a thread of its own, and what it delivers and says."""

from __future__ import annotations

from typing import Self

from agent.camera.reconnect import Keeper, Timing
from agent.camera.session import Opener
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from agent.runtime.clock import Clock, SystemClock
from agent.runtime.worker import Worker
from tests.support.waiting import PATIENCE, wait_until

#: Short, and refused longer than all else.
QUICK = Timing(retry_first=0.125, retry_limit=0.5, refused=2.0, lasting=0.5)


class SourceRig:
    """Runs a `Keeper` until the end of the `with` block."""

    def __init__(
        self, opener: Opener, clock: Clock | None = None, timing: Timing | None = QUICK
    ) -> None:
        self.frames: list[Frame] = []
        self.states: list[CameraState] = []
        self.fatal: list[BaseException] = []
        clock = clock or SystemClock()
        self.source = Keeper("porch", opener, clock, self.frames.append, self.states.append, timing)
        self.worker = Worker(
            "porch.camera", self.source.run, clock, lambda _n, e: self.fatal.append(e)
        )

    def __enter__(self) -> Self:
        self.worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.stop.set()
        assert self.worker.join(PATIENCE), "the source does not stop"
        assert not self.fatal, self.fatal
        assert self.worker.restarts == 0

    @property
    def codes(self) -> list[CameraCode]:
        return [state.code for state in self.states]

    def wait_for(
        self, code: CameraCode, seconds: float = PATIENCE, *, after: int = 0
    ) -> CameraState:
        """The first state of that code behind the first `after` states."""
        return wait_until(
            f"{code} in {self.codes[after:]}",
            lambda: next((s for s in self.states[after:] if s.code is code), None),
            seconds,
        )

    def wait_frames(self, count: int, seconds: float = PATIENCE) -> list[Frame]:
        wait_until(f"{count} frames", lambda: len(self.frames) >= count, seconds)
        return self.frames
