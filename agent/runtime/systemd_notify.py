"""Tells systemd how the service is, over the socket it named in the environment (sd_notify(3)).

Without `NOTIFY_SOCKET` (a terminal, a container) nothing is said. Only the main thread uses this.
"""

from __future__ import annotations

import logging
import os
import socket
from typing import Self

log = logging.getLogger(__name__)

SOCKET = "NOTIFY_SOCKET"


class Notifier:
    """The connection to systemd, or to nobody. Never raises, never waits."""

    def __enter__(self) -> Self:
        self._socket: socket.socket | None = None
        if address := os.environ.get(SOCKET):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
            try:
                # `@`: a name that is in no folder
                self._socket.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            except OSError as error:
                log.warning("systemd: %s cannot be reached: %s", SOCKET, error)
                self.__exit__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

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
        if self._socket is None:
            return
        try:
            self._socket.send(state.encode())
        except OSError as error:  # its queue is full, or it is gone: the next second tells
            log.debug("systemd: not told %s: %s", state, error)
