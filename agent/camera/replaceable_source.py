"""A frame source that can start again while the thread of the old one hangs in a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Protocol

from agent.core.frame import Frame
from agent.core.messages import CameraState
from agent.core.stats import CameraStats
from agent.runtime.worker import Worker


class FrameSource(Protocol):
    """A camera: the body of a thread that calls `on_frame` and `on_state` until it is stopped."""

    @property
    def stats(self) -> CameraStats:
        """The counters of now; a new object each time they change."""
        ...

    def run(self, worker: Worker) -> None:
        """Opens sessions and delivers frames until `worker.stop` is set; beats meanwhile."""
        ...


#: Makes a source that hands its frames and states to these.
Make = Callable[[Callable[[Frame], object], Callable[[CameraState], bool]], FrameSource]

#: Counters that go on where those of the source before ended.
_COUNTERS = tuple(
    each.name for each in fields(CameraStats) if each.name not in {"fps", "last_frame_at"}
)


class RenewableSource:
    """The source of now. Those before are heard no more, should their threads ever come back.

    Frames and sessions are numbered on, so that nobody downstream notices another source.

    Args:
        make: makes a source that hands its frames and states to what it is given.
        on_frame: takes each frame.
        on_state: takes each state; False: the inbox was full.
    """

    def __init__(
        self,
        make: Make,
        on_frame: Callable[[Frame], object],
        on_state: Callable[[CameraState], bool],
    ) -> None:
        self._make = make
        self._on_frame = on_frame
        self._on_state = on_state
        self._before = CameraStats()
        self._next_seq = self._session = 0
        self._source, self._silence = self._made()

    @property
    def stats(self) -> CameraStats:
        """The counters of now, of all sources together."""
        now, before = self._source.stats, self._before
        if before.sessions == before.frames == 0:
            return now
        return replace(now, **{n: getattr(now, n) + getattr(before, n) for n in _COUNTERS})

    def run(self, worker: Worker) -> None:
        """Runs the source of now until `worker.stop` is set; beats meanwhile."""
        self._source.run(worker)

    def renew(self) -> None:
        """Begins a new source; from now on nothing of the old one is heard."""
        self._silence()
        self._before = replace(self.stats, fps=0.0)
        self._source, self._silence = self._made()

    def end(self) -> None:
        """From now on nothing is heard: another camera may have this name."""
        self._silence()

    def _made(self) -> tuple[FrameSource, Callable[[], None]]:
        heard = True
        frames, sessions = self._next_seq, self._session

        def on_frame(frame: Frame) -> object:
            """Hands a frame on, numbered on."""
            if not heard:
                return None
            if frames or sessions:
                frame = replace(frame, seq=frame.seq + frames, session=frame.session + sessions)
            self._next_seq, self._session = frame.seq + 1, frame.session
            return self._on_frame(frame)

        def on_state(state: CameraState) -> bool:
            """Hands a state on, its session numbered on."""
            if not heard:
                return True  # nobody waits for it
            return self._on_state(replace(state, session=state.session + sessions))

        def silence() -> None:
            """Nothing of it is handed on any more."""
            nonlocal heard
            heard = False

        return self._make(on_frame, on_state), silence
