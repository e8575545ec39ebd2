"""Workers: restarted within a budget, then fatal; time bases do not jump."""

from __future__ import annotations

import threading

from agent.runtime.clock import SystemClock
from agent.runtime.worker import BUDGET, RestartBudget, Worker
from tests.support.clock import FakeClock
from tests.support.waiting import PATIENCE


def test_the_budget_is_a_sliding_window() -> None:
    budget = RestartBudget(limit=2, window=10.0)
    assert budget.spend(0.0)
    assert budget.spend(1.0)
    assert not budget.spend(2.0)
    assert budget.spend(20.0)


def test_a_worker_that_raises_is_started_again_and_then_gives_up() -> None:
    gave_up = threading.Event()
    runs: list[str] = []

    def run(worker: Worker) -> None:
        runs.append(worker.name)
        raise ValueError("broken")

    worker = Worker("w", run, FakeClock(), lambda _name, _error: gave_up.set())
    worker.start()
    assert gave_up.wait(PATIENCE)
    assert worker.join(PATIENCE)
    assert len(runs) == BUDGET + 1
    assert worker.restarts == BUDGET


def test_a_worker_that_returns_is_done() -> None:
    fatal: list[str] = []
    worker = Worker("w", lambda _w: None, SystemClock(), lambda name, _e: fatal.append(name))
    worker.start()
    assert worker.join(PATIENCE)
    assert fatal == []


def test_a_beat_ends_the_silence() -> None:
    clock = FakeClock()
    worker = Worker("w", lambda _w: None, clock, lambda _n, _e: None)
    clock.advance(7.0)
    assert worker.silent_for(clock.monotonic()) == 7.0
    worker.beat()
    assert worker.silent_for(clock.monotonic()) == 0.0


def test_a_worker_that_never_started_is_joined_at_once() -> None:
    assert Worker("w", lambda _w: None, SystemClock(), lambda _n, _e: None).join(0.0)


def test_a_worker_that_waits_for_long_is_woken_to_end() -> None:
    woken = threading.Event()

    def run(worker: Worker) -> None:
        worker.wake = woken.set
        ready.set()
        woken.wait(600.0)

    ready = threading.Event()
    worker = Worker("sleeper", run, SystemClock(), lambda _name, _error: None)
    worker.start()
    assert ready.wait(PATIENCE)
    worker.halt()
    assert worker.join(PATIENCE)
