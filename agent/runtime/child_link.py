"""The near end of the connection to a child process: never blocks longer than the caller allows."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from typing import Any

from agent.runtime.framing import LIMIT, Message, Unpacker, pack

_PIECE = 1 << 18


class ChildGone(Exception):
    """The process has ended; `status` is its exit status, None while that is unknown."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"the process ended with {status}")
        self.status = status


def start_module(module: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401  Popen's own
    """Starts `python -m module` with the paths of this process, in any working folder.

    Raises:
        OSError: the system cannot start a process.
    """
    paths = os.pathsep.join(map(os.path.abspath, sys.path))
    env = {**os.environ, "PYTHONPATH": paths, **options.pop("env", {})}
    return subprocess.Popen([sys.executable, "-P", "-m", module, *arguments], env=env, **options)


def start_connected(
    module: str,
    **options: Any,  # noqa: ANN401  Popen's own
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Starts a module whose first argument is the descriptor of a connection; our end of it.

    Raises:
        OSError: the system cannot start a process.
    """
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs, ExitStack() as undo:
        undo.callback(ours.close)
        fd = theirs.fileno()
        process = start_module(module, str(fd), pass_fds=[fd], stdin=subprocess.DEVNULL, **options)
        undo.pop_all()
    return process, ours


class ChildLink:
    """A running child process and the connection to it.

    Args:
        module: what runs in it.
        limit: bytes of its longest message.
        options: of `subprocess.Popen`.

    Raises:
        OSError: the system cannot start a process.
    """

    def __init__(self, module: str, limit: int = LIMIT, **options: Any) -> None:  # noqa: ANN401
        self._process, self._socket = start_connected(module, **options)
        self._unpacker = Unpacker(limit)
        self._outgoing = memoryview(b"")

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def send(self, says: dict[str, Any], body: bytes = b"") -> None:
        """Starts sending; `poll` carries it out."""
        message = pack(Message(says, body))
        self._outgoing = memoryview(bytes(self._outgoing) + message if self._outgoing else message)

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

    def kill(self) -> None:
        """Ends the process and what it started immediately, and the connection."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self.wait(0.5)  # a process inside an uninterruptible call cannot be waited for
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
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._outgoing = memoryview(b"")  # it is gone; what it said at last may still be here
        try:
            data = self._socket.recv(_PIECE) if readable else None
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if data:
            self._unpacker.feed(data)
        elif data is not None:
            raise ChildGone(self._status())

    def _status(self) -> int | None:
        try:
            return self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return None
