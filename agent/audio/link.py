"""The parent's end of the sound process: starts it, asks, hears its answers, kills it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
from dataclasses import dataclass

from agent.audio.tones import Tone

log = logging.getLogger(__name__)

_CHUNK = 65_536
_LONGEST_ANSWER = 4_096  # bytes; protects against a library that prints without end
_NOISE_LINES, _NOISE_WIDTH = (
    100,
    200,
)  # logged of one process: ALSA alone prints 80 lines at a start
_KILL_WAIT = 0.5  # seconds; a process inside an uninterruptible call cannot be waited for


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the last request: `ok`, `no_library`, `no_device`, `stalled` or `failed`."""

    code: str
    message: str


class Speaker:
    """A running sound process. Owned by one thread; nothing here blocks longer than its timeout.

    The first answer says whether there is sound at all. A process that answered anything but `ok`,
    or ended, is of no more use: `close` it.
    """

    def __init__(self, device: str | None) -> None:
        """Starts the process; OSError when the system cannot."""
        command = [sys.executable, "-m", "agent.audio.child", *([device] if device else [])]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            process_group=0,  # Ctrl-C in a terminal is for the agent, which ends this one
        )
        self._request = memoryview(b"")
        self._answers = b""
        self._ended = False
        self._epitaph = ""
        self._noise = b""
        self._noise_lines = 0
        self._last_noise = ""
        self._selector = selectors.DefaultSelector()
        if not (self._process.stdin and self._process.stdout and self._process.stderr):
            raise OSError("no pipes to the sound process")
        self._stdin, stdout, stderr = (
            self._process.stdin.fileno(),
            self._process.stdout.fileno(),
            self._process.stderr.fileno(),
        )
        os.set_blocking(self._stdin, False)
        os.set_blocking(stderr, False)
        self._selector.register(stdout, selectors.EVENT_READ, self._read_answer)
        self._selector.register(stderr, selectors.EVENT_READ, self._read_noise)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def play(self, tone: Tone) -> None:
        """Asks for a sound; the following `poll`s send the request and bring the answer."""
        head = {"rate": tone.rate, "channels": tone.channels, "size": len(tone.samples)}
        self._request = memoryview(json.dumps(head).encode() + b"\n" + tone.samples)
        self._selector.register(self._stdin, selectors.EVENT_WRITE, self._write_request)

    def poll(self, timeout: float) -> Answer | None:
        """Does what can be done within `timeout` seconds; the answer when there is one.

        May return None early. A process that ended answers `failed`, from then on always.
        """
        for key, _ in self._selector.select(timeout):
            key.data(key.fd)
        line, newline, rest = self._answers.partition(b"\n")
        if newline:
            self._answers = rest
            return _parsed(line)
        if len(self._answers) > _LONGEST_ANSWER:
            return Answer("failed", "the sound process does not speak our language")
        if self._ended and not self._epitaph:
            self._epitaph = self._bury()
        return Answer("failed", self._epitaph) if self._ended else None

    def close(self) -> None:
        """Kills the process and its children immediately, in any state."""
        if self._process.returncode is None:  # else `_bury` did it; the number may be another's
            self._kill_group()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_WAIT)
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _write_request(self, fd: int) -> None:
        try:
            self._request = self._request[os.write(fd, self._request) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it is gone; the end of its output says so
            self._request = memoryview(b"")
        if not self._request:
            self._selector.unregister(fd)

    def _read_answer(self, fd: int) -> None:
        chunk = os.read(fd, _CHUNK)
        self._answers += chunk
        if not chunk:
            self._ended = True
            self._selector.unregister(fd)

    def _read_noise(self, fd: int) -> None:
        chunk = os.read(fd, _CHUNK)
        if not chunk:
            self._selector.unregister(fd)
            return
        *lines, rest = (self._noise + chunk).split(b"\n")
        self._noise = rest[:_NOISE_WIDTH]
        for line in lines:
            text = line[:_NOISE_WIDTH].decode(errors="replace").strip()
            self._last_noise = text or self._last_noise
            self._noise_lines += 1
            if self._noise_lines <= _NOISE_LINES:
                log.debug("beeper: sound process: %s", text)

    def _bury(self) -> str:
        """Waits for the ended process, kills what it left behind; how and why it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_WAIT)
            self._kill_group()  # its children too, such as an ALSA plugin's helper
        if self._process.stderr:  # its last words explain, and may not have been read yet
            with contextlib.suppress(BlockingIOError, KeyError):
                self._read_noise(self._process.stderr.fileno())
        code = self._process.returncode
        if code is None:
            how = "closed its output"
        elif code < 0:
            how = f"was ended by signal {-code}"
        else:
            how = f"ended with code {code}"
        noise = f" ({self._last_noise})" if self._last_noise else ""
        return f"the sound process {how}{noise}"


def _parsed(line: bytes) -> Answer:
    try:
        answer = json.loads(line)
        return Answer(str(answer["code"]), str(answer["message"]))
    except (ValueError, KeyError, TypeError):
        return Answer("failed", f"the sound process said {line[:_NOISE_WIDTH]!r}")
