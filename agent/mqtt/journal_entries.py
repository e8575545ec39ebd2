"""What the event journal holds, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.core.errors import AgentError


class Unreadable(AgentError):
    """The journal's disk does not give what was asked for: ask again later."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A journalled record; `at` is the journal's clock (`JournalClock`) when it was handed in."""

    id: int
    camera: str
    stream: str
    seq: int
    topic: str
    payload: bytes = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """A motion event that began and was never said to have ended: the process was killed."""

    camera: str
    id: str
    started: str = field(repr=False)  # the payload of its motion_started
