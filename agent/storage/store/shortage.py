"""The system says "disk full": how much is deleted, and when deleting is of no use. Pure.

What `statvfs` calls free says nothing of inodes, of a quota or of a file system's metadata. So the
write itself is the question: it is refused, some of the oldest files go, and it is tried again.

Deleting does not cure every error. Two bounds keep such an error from emptying the archive. One
record gets a limited number of batches, each twice as large as the one before. And a ledger counts:
deletions for such errors may exceed the data stored since only by a limited amount.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Batches for one record that is refused again and again.
TRIES = 4
#: The first batch ends after this number of files, or of bytes.
FILES = 32
BYTES = 64 << 20
#: How far deleting may run ahead of storing, in files and in bytes; both have to be exceeded.
AHEAD_FILES = FILES * (2**TRIES - 1)
AHEAD_BYTES = BYTES * (2**TRIES - 1)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one purge is to delete at most for the system's sake; it ends with either."""

    files: int
    size: int


class Shortage:
    """Belongs to the store's thread; `record` is the number of one in the spool.

    Attributes:
        deleted: files that have gone in vain since a record was refused.
        reason: what the system said.
    """

    def __init__(self) -> None:
        self.deleted = 0
        self.reason = ""
        self._purge_cure: str | None = None
        self._at: int | None = None  # the last record that was refused
        self._batches = 0
        self._owed = False  # a refusal that nothing was deleted for yet
        self._asked = False  # a purge is under way for it
        self._files = self._bytes = 0  # deleted, and not yet made up for by what was stored

    @property
    def acute(self) -> bool:
        """True from a refusal until what was refused is stored."""
        return self._at is not None

    @property
    def hopeless(self) -> bool:
        """True when deleting more is of no use."""
        ahead = self._files > AHEAD_FILES and self._bytes > AHEAD_BYTES
        return self.acute and (self._batches >= TRIES or ahead)

    @property
    def untried(self) -> bool:
        """True while nothing was deleted yet for what is refused now."""
        return self.acute and self._batches == 0 and not self.hopeless

    @property
    def cure(self) -> str | None:
        """Why no more is deleted on a full disk, and what helps; None: more would be."""
        if not self.hopeless:
            return self._purge_cure
        return (
            f"{max(self.deleted, self._files)} files were deleted for it in vain, no more are: look"
            " at quotas, at inodes (df -i), and at snapshots that hold what was deleted"
        )

    def refused(self, record: int, reason: str) -> None:
        """The system has refused a write while this record was the last one that was sent."""
        self.reason = reason
        self._at = max(record, self._at or 0)
        self._owed = True

    def take(self) -> Batch | None:
        """What the next purge is to delete; None: nothing, or no more."""
        if not self._owed or self.hopeless:
            return None
        self._owed, self._asked = False, True
        batch = Batch(FILES << self._batches, BYTES << self._batches)
        self._batches += 1
        return batch

    def purged(self, files: int, size: int, cure: str | None) -> None:
        """Takes what was deleted; `cure`: why the purge deleted no more, for any purpose."""
        self._purge_cure = cure
        asked, self._asked = self._asked, False
        if asked and not files:
            self._batches -= 1  # nothing was tried
        self.deleted += files
        self._files += files
        self._bytes += size

    def stored(self, record: int, size: int) -> None:
        """A record is in the store, with `size` bytes."""
        if self._at is None or record >= self._at:
            self._files = max(0, self._files - 1)
            self._bytes = max(0, self._bytes - size)
        self.passed(record)

    def passed(self, record: int) -> None:
        """The store took something while this record was the last one: no record, a mark."""
        if self._at is None or record >= self._at:
            self._at = None
            self._owed = self._asked = False
            self._batches = self.deleted = 0
