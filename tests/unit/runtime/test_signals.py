"""Signals become facts; nothing happens in the handler itself."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.signals import Signals

WOKEN: Mailbox[int] = Mailbox("inbox", 1, WhenFull.REFUSE)
OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture
def signals() -> Iterator[Signals]:
    before = {number: signal.getsignal(number) for number in OURS}
    installed = Signals()
    installed.install(WOKEN.interrupt)
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


def test_a_signal_ends_the_main_threads_waiting(signals: Signals) -> None:
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
    begun = time.monotonic()
    while signals.stop is None:
        WOKEN.get(60.0)
    assert time.monotonic() - begun < 30.0  # it was woken


def test_a_stop_between_two_programs_of_one_process_ends_the_second() -> None:
    """As after the command to restart: at first the new program has no handler."""
    begins = "import os, signal, sys; from agent.runtime.signals import keep_for_the_next_program;"
    stops = "keep_for_the_next_program(); os.kill(os.getpid(), signal.SIGTERM);"
    goes_on = "os.execv(sys.executable, [sys.executable, '-m', 'agent', 'run', '--config', 'none'])"
    words = [sys.executable, "-c", begins + stops + goes_on]
    ended = subprocess.run(words, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
