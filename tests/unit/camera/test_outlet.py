"""Frames and states of one source: no frame is of a session that was said to be over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.camera.outlet import Outlet
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from tests.support.clock import FakeClock

WELL, AWAY = CameraCode.LIVE, [code for code in CameraCode if code is not CameraCode.LIVE]


class Rig:
    """An outlet, and all that it handed on, in order."""

    def __init__(self) -> None:
        self.told: list[Frame | CameraState] = []
        self.room = True
        self.outlet = Outlet("porch", FakeClock(), self.told.append, self._hear)

    def _hear(self, state: CameraState) -> bool:
        if self.room:
            self.told.append(state)
        return self.room


@given(st.lists(st.one_of(st.sampled_from(AWAY), st.sampled_from(["frame", "cut"]))))
def test_what_comes_after_a_session_is_of_a_later_one(steps: list[CameraCode | str]) -> None:
    rig = Rig()
    over, newest = 0, 0
    for step in steps:
        if isinstance(step, CameraCode):
            rig.outlet.say(step, "why")
        elif step == "cut":
            rig.outlet.cut()
        else:
            rig.outlet.deliver(b"jpeg", 1.0)
            *before, frame = rig.told
            assert isinstance(frame, Frame)
            assert frame.session > over
            assert frame.session >= newest
            said = [it for it in before if isinstance(it, CameraState)]
            assert said[-1].code is WELL
            assert said[-1].session <= frame.session
            newest = frame.session
            continue
        over = newest


def test_a_stall_within_a_conversation_begins_a_new_session() -> None:
    rig = Rig()
    rig.outlet.deliver(b"one", 1.0)
    rig.outlet.say(CameraCode.STALLED, "no whole frame for 10 s")
    rig.outlet.deliver(b"two", 20.0)
    frames = [it for it in rig.told if isinstance(it, Frame)]
    stalled = rig.told[2]
    assert isinstance(stalled, CameraState)
    assert [it.session for it in frames] == [1, 2]
    assert stalled.session == 1, "the one that is over"


def test_a_state_without_room_is_said_again_before_the_next_frame() -> None:
    rig = Rig()
    rig.room = False
    rig.outlet.deliver(b"one", 1.0)
    rig.room = True
    rig.outlet.deliver(b"two", 2.0)
    rig.outlet.repeat()
    live, *more = [it.code for it in rig.told if isinstance(it, CameraState)]
    assert (live, more) == (WELL, [])


def test_the_failures_before_a_first_frame_are_said_with_it() -> None:
    rig = Rig()
    rig.outlet.failures = 3
    rig.outlet.deliver(b"one", 1.0, note=" (note)")
    live = rig.told[0]
    assert isinstance(live, CameraState)
    assert live.reason == "frames arrive after 3 failures (note)"
    assert rig.outlet.failures == 0
