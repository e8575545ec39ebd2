"""Tells systemd how the service is, over the socket it named in the environment (sd_notify(3)).

Without `NOTIFY_SOCKET` (a terminal, a container) nothing is said. The library is the extra
`systemd`; only the main thread uses this.
"""

from __future__ import annotations

import logging
import os
from typing import Self

log = logging.getLogger(__name__)

SOCKET = "NOTIFY_SOCKET"


class Notifier:
    """The connection to systemd, or to nobody. Never raises, never waits."""

    def __enter__(self) -> Self:
        self._library = None
        if not os.environ.get(SOCKET):
            return self
        try:
            from sdnotify import SystemdNotifier

            self._library = SystemdNotifier(debug=True)  # debug: raise, not keep silent
            self._library.socket.setblocking(False)
        except ImportError:
            log.warning("systemd: not told anything: .venv/bin/pip install -e '.[systemd]'")
        except OSError as error:
            log.warning("systemd: %s cannot be reached: %s", SOCKET, error)
        return self

    def __exit__(self, *_: object) -> None:
        if self._library is not None:
            self._library.socket.close()
            self._library = None

    def ready(self) -> None:
        """The start is over; from now on the watchdog counts."""
        self._say("READY=1")

    def alive(self) -> None:
        """The main loop turned once more."""
        self._say("WATCHDOG=1")

    def leaving(self, *, again: bool) -> None:
        """The end begins. After `STOPPING` systemd takes no new `READY`: a new start reloads."""
        self._say("RELOADING=1" if again else "STOPPING=1")

    def _say(self, state: str) -> None:
        if self._library is None:
            return
        try:
            self._library.notify(state)
        except OSError as error:  # its queue is full, or it is gone: the next second tells
            log.debug("systemd: not told %s: %s", state, error)
