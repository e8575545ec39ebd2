"""The near end of the process that runs the network: starts it, asks, hears, kills it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from agent.classify.adapters import Seen
from agent.classify.geometry import Box
from agent.classify.model_files import ModelFiles
from agent.core.errors import ConfigError
from agent.core.named import Label
from agent.runtime.clock import Clock

_CHUNK = 65_536
#: Bytes; an answer has some 50 things of 100 bytes for each of two looks.
_LONGEST_ANSWER = 65_536
#: Seconds that a process may take to load OpenCV and the network and to look once: 1 s here. It
#: gives way to everything else, so that 35 busy processes on two cores made it take 40 s: who ended
#: it for that would begin anew for ever.
LOAD_WITHIN = 120.0
_KILL_WAIT = 0.5  # seconds; a process inside an uninterruptible call cannot be waited for


@dataclass(frozen=True, slots=True)
class Ready:
    """The network is loaded and has given an answer of the right shape; its side in pixels."""

    side: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What is in a picture, and the seconds of CPU that it took to find out."""

    things: tuple[Seen, ...]
    cpu: float


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer; the process is of no more use."""

    reason: str


Answer = Ready | Looked | Failed


class Link:
    """A running process with a network. Owned by one thread; `poll` blocks as long as it is told.

    The first answer is `Ready` or `Failed`, then one comes for each `look`. After `Failed` it is to
    be closed.

    Args:
        files: of the network.

    Raises:
        OSError: the system cannot start a process.
    """

    def __init__(self, files: ModelFiles) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "agent.classify.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
                "OPENCV_LOG_LEVEL": "SILENT",  # the reason comes as an answer
            },
            # not a session of its own: Linux shares the processor out by sessions first, and its
            # low priority would mean nothing beside the agent
            process_group=0,
        )
        if not (self._process.stdin and self._process.stdout):
            raise OSError("no pipes to the process of the classifier")
        self._stdin, self._stdout = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._stdin, False)
        self._request = memoryview(b"")
        self._answers = b""
        self._ended = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._send(
            {
                "name": files.name,
                "adapter": files.adapter,
                "words": [[word, group and group.value] for word, group in files.words],
                "weights": os.path.abspath(files.weights),  # noqa: PTH100  as the child sees it
                "graph": files.graph and os.path.abspath(files.graph),  # noqa: PTH100
            }
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def look(self, jpeg: bytes, box: Box | None) -> None:
        """Asks for one picture, upright, privacy polygons black; `poll` brings the answer."""
        self._send({"box": box, "size": len(jpeg)}, jpeg)

    def poll(self, timeout: float) -> Answer | None:
        """Sends and receives for at most `timeout` seconds; may return None early."""
        for key, _ in self._selector.select(timeout):
            self._write() if key.fd == self._stdin else self._read()
        line, newline, rest = self._answers.partition(b"\n")
        if newline:
            self._answers = rest
            return _parsed(line)
        if len(self._answers) > _LONGEST_ANSWER:
            return Failed("its process does not speak our language")
        return Failed(self._how_it_ended()) if self._ended else None

    def close(self) -> None:
        """Kills the process at once, whatever it does."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_WAIT)
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _send(self, says: dict[str, Any], body: bytes = b"") -> None:
        if not self._request:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        self._request = memoryview(
            b"".join((bytes(self._request), json.dumps(says).encode(), b"\n", body))
        )

    def _write(self) -> None:
        try:
            self._request = self._request[os.write(self._stdin, self._request) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it is gone; the end of its output says so
            self._request = memoryview(b"")
        if not self._request:
            self._selector.unregister(self._stdin)

    def _read(self) -> None:
        chunk = os.read(self._stdout, _CHUNK)
        self._answers += chunk
        if not chunk:
            self._ended = True
            self._selector.unregister(self._stdout)

    def _how_it_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_WAIT)
        code = self._process.returncode
        if code is None:
            return "its process closed its output"
        if code < 0:
            return f"its process was ended by signal {-code}, by the file or for want of memory"
        return f"its process ended with code {code}"


def _parsed(line: bytes) -> Answer:
    try:
        says = json.loads(line)
        if "failed" in says:
            return Failed(str(says["failed"])[:300])
        if "ready" in says:
            return Ready(int(says["ready"]))
        things = tuple(_seen(*thing) for thing in says["things"])
        return Looked(things, float(says["cpu"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Failed("its process does not speak our language")


def _seen(word: object, label: str, score: float, box: list[float]) -> Seen:
    x, y, w, h = box
    return Seen(str(word), Label(label), float(score), (float(x), float(y), float(w), float(h)))


def proven(files: ModelFiles, clock: Clock, within: float = LOAD_WITHIN) -> int:
    """The side in pixels of a network that was loaded, and has looked once, in its own process.

    Args:
        files: of the network.
        clock: for the deadline.
        within: seconds.

    Raises:
        ConfigError: it is none, is too large, ends its process, or takes longer.
    """
    try:
        link = Link(files)
    except OSError as error:
        raise ConfigError(f"{files.weights}: no process for it: {error.strerror}") from None
    until = clock.monotonic() + within
    try:
        while (left := until - clock.monotonic()) > 0:
            answer = link.poll(min(left, 0.25))
            if isinstance(answer, Ready):
                return answer.side
            if answer is not None:
                reason = answer.reason if isinstance(answer, Failed) else "it is out of step"
                raise ConfigError(f"{files.weights}: {reason}")
    finally:
        link.close()
    raise ConfigError(f"{files.weights}: no answer in {within:.0f} s")
