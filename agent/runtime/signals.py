"""Signals as facts to be looked at between two inputs."""

from __future__ import annotations

import faulthandler
import signal
import sys
import threading
from collections.abc import Callable

_STOPS = (signal.SIGTERM, signal.SIGINT)


def end_while_loading() -> None:
    """Until `Signals.install`: SIGTERM and SIGINT end the start, SIGHUP waits.

    The kernel keeps SIGTERM from a container's first process that has no handler: `docker stop`
    would wait ten seconds, and then kill.
    """
    for number in _STOPS:
        signal.signal(number, _end)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def _end(_number: int, _frame: object) -> None:
    sys.exit(0)  # no KeyboardInterrupt: where a text was executed, Python then ends by SIGINT


def keep_for_the_next_program() -> None:
    """What comes from now on waits: a program that replaces this one has no handlers at first."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOPS, signal.SIGHUP})


def event_of_stop() -> threading.Event:
    """An event that SIGTERM and SIGINT set, for programs with one loop."""
    stop = threading.Event()
    for number in _STOPS:
        signal.signal(number, lambda *_: stop.set())
    return stop


class Signals:
    """The signals that the process got; `stop` is the signal that ends it, once it came."""

    def __init__(self) -> None:
        self.stop: signal.Signals | None = None
        self._hangup = False
        self._wake: Callable[[], object] = lambda: None

    def install(self, wake: Callable[[], object]) -> None:
        """From now on: SIGTERM and SIGINT stop, SIGHUP re-reads, SIGUSR1 dumps all stacks.

        Args:
            wake: ends the main thread's waiting; called in a handler, so it must take no lock that
                the main thread may hold, unless that is re-entrant.
        """
        self._wake = wake
        for number in _STOPS:
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_hangup)
        faulthandler.register(signal.SIGUSR1, all_threads=True)
        # one that came while the libraries loaded was held back until here
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    def take_hangup(self) -> bool:
        """Whether SIGHUP came since the last look."""
        hangup, self._hangup = self._hangup, False
        return hangup

    def _on_stop(self, number: int, _frame: object) -> None:
        self.stop = signal.Signals(number)
        self._wake()

    def _on_hangup(self, _number: int, _frame: object) -> None:
        self._hangup = True
        self._wake()
