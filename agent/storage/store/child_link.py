"""The near end of the pipe to the store's child process: never blocks longer than it is told."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

from agent.storage.store.framing import Message, Unpacker, pack

_PIECE = 1 << 18


class ChildGone(Exception):
    """The process has ended; `status` is its exit status, None while that is unknown."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"store process ended with {status}")
        self.status = status


class ChildLink:
    """A running child process and the connection to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "agent.storage.store.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
                },
                start_new_session=True,
            )
        self._socket = ours
        self._unpacker = Unpacker()
        self._outgoing = memoryview(b"")

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def send(self, says: dict[str, Any], body: bytes = b"") -> None:
        """Starts sending; `poll` carries it out."""
        self._outgoing = memoryview(bytes(self._outgoing) + pack(Message(says, body)))

    def poll(self, seconds: float) -> dict[str, Any] | None:
        """Sends and receives for some time; the next thing the child says, or None.

        Raises:
            ChildGone: the connection is closed.
            BadMessage: it speaks another language.
        """
        message = self._unpacker.next()
        if message is None:
            self._exchange(seconds)
            message = self._unpacker.next()
        return message.says if message else None

    def hang_up(self) -> None:
        """Closes the connection: the child shows everything, closes its files and ends."""
        self._socket.close()

    def ended(self) -> bool:
        """True when the process is gone."""
        return self._process.poll() is not None

    def wait(self, seconds: float) -> None:
        """Waits for the end of the process, at most some seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _exchange(self, seconds: float) -> None:
        writing = [self._socket] if self._outgoing else []
        readable, writable, _ = select.select([self._socket], writing, [], seconds)
        try:
            if writable:
                sent = self._socket.send(self._outgoing[:_PIECE])
                self._outgoing = self._outgoing[sent:]
            if readable:
                data = self._socket.recv(_PIECE)
                if not data:
                    raise ChildGone(self._status())
                self._unpacker.feed(data)
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ChildGone(self._status()) from error

    def _status(self) -> int | None:
        try:
            return self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return None
