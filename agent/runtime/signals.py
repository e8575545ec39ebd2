"""Signals as facts to be looked at between two inputs: a handler must take no lock."""

from __future__ import annotations

import faulthandler
import signal


class Signals:
    """What the process was told; `stop` is the signal that ends it, once it came."""

    def __init__(self) -> None:
        self.stop: signal.Signals | None = None
        self._hangup = False

    def install(self) -> None:
        """From now on: SIGTERM and SIGINT stop, SIGHUP re-reads, SIGUSR1 dumps all stacks."""
        for number in (signal.SIGTERM, signal.SIGINT):
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

    def _on_hangup(self, _number: int, _frame: object) -> None:
        self._hangup = True
