"""The parent's end of a fetching process: starts it, takes what it brings, kills it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess

from agent.audio.link import Answer
from agent.audio.sound_urls import UNAVAILABLE
from agent.audio.tones import MAX_PLAY
from agent.runtime.child_link import start_module

#: Seconds from the start of the process to the last byte. A slow Pi needs one of them to start it.
FETCH_SECONDS = 8.0

_PIECE = 262_144
_LONGEST_HEAD = 4_096  # bytes
_KILL_WAIT = 0.5  # seconds


class Download:
    """A sound on its way. Owned by one thread; nothing here blocks longer than its timeout."""

    def __init__(self, url: str, play_from: tuple[str, ...] | None) -> None:
        """Starts the process; OSError when the system cannot."""
        self._process = start_module(
            "agent.audio.fetch",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=0,
        )
        self._taken = bytearray()
        self._selector = selectors.DefaultSelector()
        if not (self._process.stdin and self._process.stdout):
            raise OSError("no pipes to the fetching process")
        asked = {
            "url": url,
            "play_from": None if play_from is None else list(play_from),
            "most": MAX_PLAY,
            "seconds": FETCH_SECONDS,
        }
        with contextlib.suppress(BrokenPipeError):  # it is gone; the end of its output says so
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")  # fits into the pipe
        self._selector.register(self._process.stdout.fileno(), selectors.EVENT_READ)

    def poll(self, timeout: float) -> bytes | Answer | None:
        """The body, or why there is none; None while it is still on its way."""
        for key, _ in self._selector.select(timeout):
            piece = os.read(key.fd, _PIECE)
            self._taken += piece
            if not piece:
                return self._brought()
            if len(self._taken) > MAX_PLAY + _LONGEST_HEAD:
                return Answer(UNAVAILABLE, f"more than {MAX_PLAY} bytes")
        return None

    def close(self) -> None:
        """Kills the process, in any state."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_WAIT)
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _brought(self) -> bytes | Answer:
        head, newline, body = bytes(self._taken).partition(b"\n")
        try:
            answer = json.loads(head) if newline else {}
            code, message = str(answer["code"]), str(answer["message"])
        except (ValueError, KeyError, TypeError):
            return Answer(UNAVAILABLE, "the download ended without an answer")
        return body if code == "ok" else Answer(code, message)
