"""The socket on which a service tells systemd how it is."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Self

from tests.support.waiting import PATIENCE, wait_until


class NotifySocket:
    """A unix datagram socket as systemd opens one; `address` goes into NOTIFY_SOCKET."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def listen(self) -> list[str]:
        """Everything that was said so far."""
        while True:
            try:
                self.heard.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self.heard

    def wait_for(self, state: str, count: int = 1, seconds: float = PATIENCE) -> None:
        """Until it was said so often."""
        what = f"{count} x {state}, heard {self.heard}"
        wait_until(what, lambda: self.listen().count(state) >= count, seconds)
