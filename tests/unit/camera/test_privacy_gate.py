"""A closed gate ends the session and opens none; an open one begins again."""

from __future__ import annotations

from typing import Self

from agent.camera.interruptible_wait import Patience
from agent.camera.reconnect import Keeper
from agent.camera.session import Picture, Session
from agent.core.errors import CameraUnreachable
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from agent.runtime.clock import SystemClock
from agent.runtime.privacy_gate import PrivacyGate
from agent.runtime.worker import Worker
from tests.support.scene import jpeg_of
from tests.support.source_rig import QUICK
from tests.support.waiting import PATIENCE, wait_until

JPEG = jpeg_of(None)


class Door:
    """A camera: its sessions are counted, and whether one is open."""

    silence, why, answers, damaged = 60.0, "nothing", True, 0

    def __init__(self) -> None:
        self.opened = 0
        self.is_open = False
        self.away = False

    def __call__(self, patience: Patience) -> Session:
        self.opened += 1
        if self.away:
            raise CameraUnreachable("no answer")
        self._patience = patience
        self.is_open = True
        return self

    def read(self) -> Picture | None:
        self._patience.wait(0.01)
        return Picture(JPEG, self._patience.clock.monotonic())

    def close(self) -> None:
        self.is_open = False


class Running:
    """A keeper in its thread, with a gate."""

    def __init__(self, door: Door, *, closed: bool = False) -> None:
        self.frames: list[Frame] = []
        self.states: list[CameraState] = []
        self.gate = PrivacyGate(closed=closed)
        clock = SystemClock()
        ends = self.frames.append, self.states.append
        self.source = Keeper("porch", door, clock, *ends, QUICK, gate=self.gate)
        self.worker = Worker("porch.camera", self.source.run, clock, lambda _n, _e: None)

    def __enter__(self) -> Self:
        self.worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.stop.set()
        assert self.worker.join(PATIENCE)

    def wait_for(self, code: CameraCode) -> None:
        wait_until(code.value, lambda: bool(self.states) and self.states[-1].code is code)


def test_a_closed_gate_ends_the_session_and_an_open_one_begins_another() -> None:
    door = Door()
    with Running(door) as running:
        running.wait_for(CameraCode.LIVE)
        running.gate.close()
        running.wait_for(CameraCode.PRIVATE)
        assert not door.is_open
        opened, before = door.opened, running.frames[-1].session
        running.gate.open()
        running.wait_for(CameraCode.LIVE)
        assert door.opened == opened + 1
        wait_until("another session", lambda: running.frames[-1].session == before + 1)
    assert not door.is_open


def test_a_gate_that_closes_for_a_moment_ends_the_session_too() -> None:
    """Vision shows nothing more of a session that was there before."""
    door = Door()
    with Running(door) as running:

        def glimpse() -> None:
            running.wait_for(CameraCode.LIVE)
            before = running.frames[-1].session
            running.gate.close()
            running.gate.open()
            wait_until("another session", lambda: running.frames[-1].session > before)

        for _ in range(3):
            glimpse()
        assert [it.code for it in running.states].count(CameraCode.PRIVATE) == 3
    assert door.opened == 4


def test_behind_a_gate_that_is_closed_from_the_start_nobody_is_asked_also_at_the_end() -> None:
    door = Door()
    with Running(door, closed=True) as running:
        running.wait_for(CameraCode.PRIVATE)
    assert door.opened == 0
    assert [it.code for it in running.states] == [CameraCode.PRIVATE]


def test_a_camera_that_does_not_answer_is_not_tried_behind_the_gate() -> None:
    door = Door()
    door.away = True
    with Running(door) as running:
        running.wait_for(CameraCode.UNREACHABLE)
        running.gate.close()
        running.wait_for(CameraCode.PRIVATE)
        opened, door.away = door.opened, False
        running.gate.open()
        running.wait_for(CameraCode.LIVE)
        assert door.opened == opened + 1
