"""One thing that is wrong, as a value: told apart by its kind, never by the letters of its id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto


class Kind(Enum):
    """Whose problem it is."""

    CAMERA = auto()  # its session, its mask, its judging
    SIGHT = auto()  # what it sees
    AIM = auto()  # what was drawn on the page does not fit
    COST = auto()  # it sends more than it may cost
    RECORDING_STREAM = auto()
    STORE = auto()
    AUDIO = auto()
    BROKER = auto()
    JOURNAL = auto()
    CLASSIFIER = auto()
    WORKER = auto()  # a thread
    MACHINE = auto()  # what the system gives the process


#: A session that is being opened, as at every start: no cause for a warning.
_OPENING = frozenset({"camera_connecting", "recording_stream_connecting"})
#: With these alone a camera still watches and records.
_BEARABLE = frozenset({Kind.SIGHT, Kind.AIM, Kind.COST, Kind.RECORDING_STREAM})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong.

    Attributes:
        kind: whose problem it is.
        code: for machines; docs/how-to/troubleshooting.md has them all.
        words: why, and what helps; a problem stays the same one when its words change.
        owner: the camera's id, or the thread's name; empty: the agent's own.
    """

    kind: Kind
    code: str
    words: str = field(compare=False)
    owner: str = ""

    @property
    def id(self) -> str:
        """Its code in the agent's list: behind the owner's name, where it has one."""
        return f"{self.owner}_{self.code}" if self.owner else self.code

    @property
    def opening(self) -> bool:
        """True for a session that is only being opened."""
        return self.code in _OPENING

    @property
    def bearable(self) -> bool:
        """True when a camera with it still watches and records."""
        return self.opening or self.kind in _BEARABLE


def by_id(problems: Iterable[Problem]) -> dict[str, str]:
    """The agent's list: id -> words."""
    return {problem.id: problem.words for problem in problems}


def by_code(problems: Iterable[Problem]) -> dict[str, str]:
    """One camera's list: code -> words."""
    return {problem.code: problem.words for problem in problems}
