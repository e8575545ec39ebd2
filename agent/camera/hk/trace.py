"""The black box of a session: its last control packets and what was noticed. Pure."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.camera.hk.datagram_names import describe

#: Entries kept; acknowledgements in a row are one.
ENTRIES = 200

#: Bytes kept of a packet: more than the longest one seen, and a bound for 200 of them.
KEPT = 512


@dataclass(slots=True)
class _Entry:
    at: float
    way: str
    content: bytes | str
    last: float
    times: int = 1  # acknowledgements in a row: `content` is the latest


class Trace:
    """Keeps the last `ENTRIES` of what went to and fro, image data excepted.

    Nothing is decoded before somebody wants to read it.
    """

    def __init__(self) -> None:
        self.forgotten = 0
        self._entries: deque[_Entry] = deque(maxlen=ENTRIES)
        self._acks: _Entry | None = None  # the newest entry, if it is acknowledgements

    def __len__(self) -> int:
        return len(self._entries)

    def sent(self, datagram: bytes, now: float) -> None:
        """The client sends a control packet."""
        self._add(now, "sent", datagram)

    def acknowledged(self, datagram: bytes, now: float) -> None:
        """The client acknowledges image data: one entry stands for all in a row."""
        entry = self._acks
        if entry is None:
            self._acks = self._add(now, "sent", datagram)
            return
        entry.content = datagram
        entry.last = now
        entry.times += 1

    def heard(self, datagram: bytes, now: float) -> None:
        """The camera sent what is no image data."""
        self._add(now, "heard", datagram[:KEPT])

    def note(self, text: str, now: float) -> None:
        """Something happened that is no packet."""
        self._add(now, "note", text)

    def lines(self, now: float, local: datetime) -> bytes:
        """All entries as JSON lines, oldest first, each with its time.

        Args:
            now: monotonic seconds of `local`.
            local: an aware time; the lines have its zone.
        """
        lines = [_line(entry, now, local) for entry in self._entries]
        if self.forgotten:
            lines.insert(0, {"note": f"{self.forgotten} earlier entries are forgotten"})
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def _add(self, now: float, way: str, content: bytes | str) -> _Entry:
        self.forgotten += len(self._entries) == ENTRIES
        entry = _Entry(now, way, content, now)
        self._entries.append(entry)
        self._acks = None
        return entry


def _line(entry: _Entry, now: float, local: datetime) -> dict[str, Any]:
    line: dict[str, Any] = {"ts": _moment(local, entry.at - now)}
    if isinstance(entry.content, str):
        return line | {entry.way: entry.content}
    named = describe(entry.content)
    line |= {entry.way: named.name, **named.fields}
    if entry.times > 1:
        line |= {"times": entry.times, "until": _moment(local, entry.last - now)}
    return line | {"hex": named.shown(entry.content)}


def _moment(local: datetime, seconds: float) -> str:
    return (local + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
