"""What `verify` has found, bounded: a crafted store must not fill the memory or the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agent.runtime.logs import escaped

#: Lines of each kind in the output; the others are counted.
MOST = 1000
#: Characters of a line.
_LONGEST = 600
_WORDS = ("missing", "damaged", "foreign", "unproven", "notes")

#: What `verify` alone says of itself.
ALONE = (
    "proven: each file is as its manifest says; not proven: that nobody who can write the store"
    " took lines, files or days out, made new ones, or wrote a whole manifest anew (--against an"
    " anchor proves that)"
)


@dataclass(slots=True)
class Report:
    """What was found; paths are relative to the store.

    Attributes:
        missing, damaged, foreign: each is a reason for exit code 1.
        unproven: newer than the anchor: written since, or made by somebody.
        notes: what is worth knowing and no fault: unfinished, purged, put aside.
        proof: what all this proves, and what not.
        seen: called with each number of bytes that were read.
    """

    events: int = 0
    files: int = 0
    size: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proof: str = ALONE
    untold: Counter[str] = field(default_factory=Counter)
    seen: Callable[[int], object] = lambda _: None

    @property
    def good(self) -> bool:
        """True when nothing is missing, damaged or foreign."""
        return not (self.missing or self.damaged or self.foreign)

    def say(self, kind: str, text: str) -> None:
        """Notes a line of a kind: `missing`, `damaged`, `foreign`, `unproven` or `notes`."""
        lines: list[str] = getattr(self, kind)
        if len(lines) < MOST:
            lines.append(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
        else:
            self.untold[kind] += 1

    def count(self, kind: str) -> int:
        """How many lines of a kind there are, told or not."""
        return len(getattr(self, kind)) + self.untold[kind]

    def lines(self) -> Iterator[str]:
        """The report for people; what a terminal would obey in names is written as an escape."""
        for kind in _WORDS:
            word = kind.removesuffix("s")
            for line in getattr(self, kind):
                yield f"{word}: {escaped(line)}"
            if self.untold[kind]:
                yield f"{word}: {self.untold[kind]} more"
        yield self.proof
        yield (
            f"{self.events} events, {self.files} files, {self.size / 2**20:.1f} MiB checked: "
            + ", ".join(f"{self.count(kind)} {kind}" for kind in _WORDS[:3])
        )
