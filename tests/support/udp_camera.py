"""`FakeCamera` on a real UDP port, a new one for each client; the test sends the fragments."""

from __future__ import annotations

import socket
import threading
from typing import Any, Self

from tests.support.fake_camera import FakeCamera
from tests.support.waiting import PATIENCE


class UdpCamera:
    """Serves in a thread of its own; `cameras` has one `FakeCamera` per client address."""

    def __init__(self, host: str = "127.0.0.1", **script: Any) -> None:  # noqa: ANN401  FakeCamera's
        self.script = script
        self.cameras: list[FakeCamera] = []
        self.clients: list[Any] = []
        self._answered: list[bool] = []  # for each client: its session is open
        self.errors: list[AssertionError] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        self._socket.close()
        assert not self.errors, self.errors

    @property
    def streaming(self) -> bool:
        """The last client has opened its session, and the answer to that was sent."""
        return bool(self.cameras) and self._answered[-1]

    def send(self, datagrams: list[bytes]) -> None:
        """Sends to the last client."""
        for datagram in datagrams:
            self._socket.sendto(datagram, self.clients[-1])

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                datagram, client = self._socket.recvfrom(2048)
            except OSError:
                continue
            if client not in self.clients:
                self.clients.append(client)
                self._answered.append(False)
                self.cameras.append(FakeCamera(**self.script))
            index = self.clients.index(client)
            try:
                replies = self.cameras[index].answer(datagram)
            except AssertionError as error:
                self.errors.append(error)
                continue
            for reply in replies:
                self._socket.sendto(reply, client)
            self._answered[index] = "start" in self.cameras[index].heard
