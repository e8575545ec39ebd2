"""Logging for the whole process: one line per fact on stderr, immediately, without secrets.

    2026-11-22T08:15:01.312+01:00 WARNING camera: camera front_door: no datagram for 5 s

The text of a message may come from a camera or a broker. Line breaks and control characters are
written as text, so nobody can forge a line or control the terminal.
"""

from __future__ import annotations

import logging
import os
import re
import select
from datetime import datetime

from agent.core.errors import ConfigError
from agent.runtime.redaction import redact

VARIABLE = "SURVEILLANCE_LOG_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

#: Longest line in bytes. A pipe that is ready for writing takes this number in one piece (PIPE_BUF
#: is 4096), so a line is never split and never waits.
MAX_BYTES = 4000

#: Libraries that say more than an operator wants; their warnings are facts like any other.
_NOISY = ("aiohttp", "amqtt", "asyncio", "av", "libav", "paho", "transitions")

_STDERR = 2
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def set_up(level: str | None = None, descriptor: int = _STDERR) -> None:
    """Sends the whole process's log to `descriptor`, replacing what was set up before.

    Args:
        level: one of LEVELS in any case; None: of the environment, else INFO.
        descriptor: where lines go.

    Raises:
        ConfigError: no such level.
    """
    name = (level or os.environ.get(VARIABLE) or "INFO").strip().upper()
    if name not in LEVELS:
        where = "log level" if level else VARIABLE
        raise ConfigError(f"{where}: {name!r} is none of {', '.join(LEVELS)}")
    root = logging.getLogger()
    root.handlers = [LineHandler(descriptor)]
    root.setLevel(name)
    for library in _NOISY:
        logging.getLogger(library).setLevel(logging.WARNING)


class LineFormatter(logging.Formatter):
    """A record as one line of at most MAX_BYTES with its end; a traceback follows after ` | `."""

    def format(self, record: logging.LogRecord) -> str:
        """Time with offset, level, thread, message."""
        at = datetime.fromtimestamp(record.created).astimezone()
        head = f"{at.isoformat(timespec='milliseconds')} {record.levelname} {record.threadName}: "
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        lines = [line.strip() for line in redact(text).splitlines()]
        one_line = " | ".join(line for line in lines if line)
        return _shortened(escaped(head + one_line))


class LineHandler(logging.Handler):
    """Writes each line with one call, and none where it would have to wait.

    A reader of our stderr that stopped reading must not stop the agent. Lines that do not fit into
    the pipe are counted, and the next line that fits says how many are missing.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)
        self._missing = 0
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record, or counts it."""
        try:
            line = self.format(record)
        except (TypeError, ValueError, KeyError):  # a message that does not fit its arguments
            line = f"log: unprintable record from {record.pathname}:{record.lineno}"
        if not self._has_room():
            self._missing += 1
            return
        if self._missing:  # together they still fit into PIPE_BUF
            line = f"log: {self._missing} lines missing, nobody read them\n{line}"
        if self._has_room() and self._write(line):
            self._missing = 0
        else:
            self._missing += 1

    def _has_room(self) -> bool:
        return any(event & select.POLLOUT for _, event in self._room.poll(0))

    def _write(self, line: str) -> bool:
        try:
            os.write(self._descriptor, line.encode(errors="backslashreplace") + b"\n")
        except OSError:  # closed, or its disk is full: there is nobody to tell
            return False
        return True


def escaped(text: str) -> str:
    """What a terminal would obey is written as an escape: control characters, directions, halves.

    A file in a share may have any name.
    """
    return _CONTROL.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", errors="backslashreplace").decode("ascii")


def _shortened(line: str) -> str:
    """Cut in its middle: a line's beginning says who, a traceback's end says what."""
    data = line.encode(errors="backslashreplace")
    if len(data) < MAX_BYTES:
        return line
    half = (MAX_BYTES - 60) // 2
    start, end = data[:half].decode(errors="ignore"), data[-half:].decode(errors="ignore")
    return f"{start} [... {len(data) - 2 * half} bytes left out ...] {end}"
