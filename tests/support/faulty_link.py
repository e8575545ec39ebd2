"""A TCP proxy between an agent and its broker that can be cut, stalled and closed to newcomers."""

from __future__ import annotations

import selectors
import socket
import threading
from typing import Self

from tests.support.waiting import PATIENCE


class FaultyLink:
    """Listens on `port` (0: any free one) and forwards to the target until told to misbehave.

    `stalled`: bytes are kept back in both directions, connections stay open (half-open).
    `refusing`: new connections are closed at once, without a byte.
    `rate`: bytes a second of all connections together, None: any.
    """

    def __init__(self, target_port: int, port: int = 0) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.stalled = False
        self.refusing = False
        self.rate: int | None = None
        self.accepted = 0
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._cut = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faulty-link")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def cut(self) -> None:
        """Closes every connection of the moment."""
        self._cut.set()
        while self._cut.is_set():
            self._stop.wait(0.01)

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._cut.is_set():
                self._close_all()
                self._cut.clear()
            self._turn()
        self._close_all()

    def _turn(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            if not self.stalled:
                for side in self._pairs:
                    selector.register(side, selectors.EVENT_READ, side)
            for key, _ in selector.select(0.02):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.data in self._pairs:
                    self._forward(key.data)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self.accepted += 1
        if self.refusing:
            client.close()
            return
        try:
            broker = socket.create_connection(self._target, PATIENCE)
        except OSError:
            client.close()
            return
        self._pairs[client], self._pairs[broker] = broker, client

    def _forward(self, side: socket.socket) -> None:
        try:
            chunk = side.recv(65536 if self.rate is None else 1 + self.rate // 50)
            if self.rate is not None:
                self._stop.wait(len(chunk) / self.rate)
            if chunk:
                self._pairs[side].sendall(chunk)
        except OSError:
            chunk = b""
        if not chunk:
            other = self._pairs.pop(side)
            self._pairs.pop(other, None)
            side.close()
            other.close()

    def _close_all(self) -> None:
        for side in list(self._pairs):
            side.close()
        self._pairs.clear()
