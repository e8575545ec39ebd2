"""The fake clock and the waiting that other tests rely on."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from tests.support.clock import START, FakeClock
from tests.support.waiting import wait_until


def test_waiting_moves_both_clocks_by_the_time_waited() -> None:
    clock = FakeClock()
    assert not clock.wait(threading.Event(), 1.5)
    assert (clock.monotonic(), clock.utc()) == (1001.5, START + timedelta(seconds=1.5))


def test_waiting_for_what_is_set_takes_no_time() -> None:
    clock, stop = FakeClock(), threading.Event()
    stop.set()
    assert clock.wait(stop, 60.0)
    assert clock.monotonic() == 1000.0


def test_a_step_of_the_wall_clock_moves_no_duration() -> None:
    clock = FakeClock()
    clock.step_utc(-3600)
    assert (clock.monotonic(), clock.utc()) == (1000.0, START - timedelta(hours=1))


def test_what_did_not_happen_is_named() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.0 s: the sky fell"):
        wait_until("the sky fell", lambda: None, 0.0)
    assert wait_until("it is there", lambda: [1]) == [1]
