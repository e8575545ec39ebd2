"""What a purge has done, for the log and for writers that wait for space."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

from agent.core.anchors import Going

#: Lines of the log for what was removed; the rest is in one more line.
LINES = 20


@dataclass(frozen=True, slots=True)
class SoFar:
    """What the rounds of a purge before this one came to.

    Attributes:
        rounds: how many there were.
        fruitless: deletions in a row, up to now, without more free space.
        files: that were deleted.
        size: bytes of them.
    """

    rounds: int = 0
    fruitless: int = 0
    files: int = 0
    size: int = 0

    def and_then(self, removed: tuple[int, int], fruitless: int) -> SoFar:
        """With one more round, which has removed `files` and `size` bytes."""
        files, size = self.files + removed[0], self.size + removed[1]
        return SoFar(self.rounds + 1, fruitless, files, size)


FIRST = SoFar()  #: there was no round yet


@dataclass(slots=True)
class Purged:
    """What was deleted, with the reason for each; `stored` bytes of each day are left.

    Attributes:
        refused: why nothing may be deleted at all.
        cure: why no more is deleted although space is short, and what helps; None: more would be.
        stuck: what could not be deleted, and why; everything else was.
        strange: what has a name of ours and was not made by us: left alone.
        others: cameras' folders of other agents, and whose: left alone.
        unclaimed: folders with days that nobody has claimed: left alone.
        left: days that have gone but for what is not ours.
        wanted: (camera, day, how far) that the anchor has to allow first; then it is to go on.
        so_far: what the next round gets.
        days: the days of each camera of ours.
    """

    removed: list[tuple[str, int, str]] = field(default_factory=list)
    refused: str | None = None
    cure: str | None = None
    stuck: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stored: dict[str, int] = field(default_factory=dict)
    wanted: list[tuple[str, str, Going]] = field(default_factory=list)
    so_far: SoFar = FIRST
    days: dict[str, list[str]] = field(default_factory=dict)

    def total(self, *reasons: str) -> tuple[int, int]:
        """Number and bytes of what was removed, for these reasons or for any."""
        sizes = [size for _, size, reason in self.removed if not reasons or reason in reasons]
        return len(sizes), sum(sizes)

    def told(self) -> list[tuple[str, int, str]]:
        """What was removed, as (what, bytes, reason) in some lines: of many files, the days."""
        if len(self.removed) <= LINES:
            return self.removed
        days: dict[tuple[str, str], tuple[int, int]] = {}
        for path, size, reason in self.removed:
            key = ("/".join(PurePath(path).parts[:2]), reason)
            files, known = days.get(key, (0, 0))
            days[key] = (files + 1, known + size)
        lines = [(f"{n} files of {day}", size, why) for (day, why), (n, size) in days.items()]
        rest = lines[LINES:]
        total = sum(size for _, size, _ in rest)
        return lines[:LINES] + ([(f"{len(rest)} more days", total, "see above")] if rest else [])
