"""Signals become facts; nothing happens in the handler itself."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Iterator

import pytest

from agent.runtime.signals import Signals

OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture
def signals() -> Iterator[Signals]:
    before = {number: signal.getsignal(number) for number in OURS}
    installed = Signals()
    installed.install()
    yield installed
    for number, handler in before.items():
        signal.signal(number, handler)
    faulthandler.unregister(signal.SIGUSR1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_signal_that_stops_is_remembered(signals: Signals, number: signal.Signals) -> None:
    assert signals.stop is None
    os.kill(os.getpid(), number)
    assert signals.stop is number


def test_a_hangup_is_taken_once(signals: Signals) -> None:
    assert not signals.take_hangup()
    os.kill(os.getpid(), signal.SIGHUP)
    assert signals.take_hangup()
    assert not signals.take_hangup()
    assert signals.stop is None
