from __future__ import annotations

from collections.abc import Callable

from agent.camera.replaceable_source import RenewableSource
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from agent.core.stats import CameraStats
from agent.runtime.worker import Worker


class Scripted:
    """A source that does what it is told."""

    def __init__(
        self, on_frame: Callable[[Frame], object], on_state: Callable[[CameraState], bool]
    ) -> None:
        self.stats = CameraStats()
        self._on_frame = on_frame
        self._on_state = on_state

    def run(self, worker: Worker) -> None:
        """Nothing by itself."""

    def show(self, frames: int, sessions: int) -> None:
        """So many frames of each of so many sessions."""
        for number in range(frames * sessions):
            self._on_frame(Frame(b"", float(number), number, 1 + number // frames))
        self._on_state(CameraState("yard", CameraCode.LIVE, "frames arrive", 1.0, sessions))
        self.stats = CameraStats(frames=frames * sessions, sessions=sessions, fps=3.0)


def test_a_new_source_numbers_on_and_the_old_one_is_heard_no_more() -> None:
    made: list[Scripted] = []
    frames: list[Frame] = []
    states: list[CameraState] = []

    def heard(state: CameraState) -> bool:
        states.append(state)
        return True

    def make(
        on_frame: Callable[[Frame], object], on_state: Callable[[CameraState], bool]
    ) -> Scripted:
        made.append(Scripted(on_frame, on_state))
        return made[-1]

    source = RenewableSource(make, frames.append, heard)
    made[0].show(2, 2)
    source.renew()
    made[0].show(5, 5)  # it came back
    assert source.stats == CameraStats(frames=4, sessions=2)
    made[1].show(2, 1)
    assert [(frame.seq, frame.session) for frame in frames] == [
        *((0, 1), (1, 1), (2, 2), (3, 2)),
        *((4, 3), (5, 3)),
    ]
    assert [state.session for state in states] == [2, 3]
    assert source.stats == CameraStats(frames=6, sessions=3, fps=3.0)
    source.renew()
    made[2].show(1, 1)
    assert (frames[-1].seq, frames[-1].session) == (6, 4)


def test_a_source_that_was_ended_is_heard_no_more_and_has_nothing_to_say_again() -> None:
    made: list[Scripted] = []
    frames: list[Frame] = []
    room = [False]

    def make(
        on_frame: Callable[[Frame], object], on_state: Callable[[CameraState], bool]
    ) -> Scripted:
        made.append(Scripted(on_frame, on_state))
        return made[-1]

    source = RenewableSource(make, frames.append, lambda _: room[0])
    state = CameraState("yard", CameraCode.UNREACHABLE, "no such name", 1.0, 57)
    assert made[0]._on_state(state) is False, "the inbox was full: it is to be said again"
    source.end()
    assert made[0]._on_state(state) is True
    made[0].show(1, 1)
    assert frames == []
