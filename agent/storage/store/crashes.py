"""Which records have crashed the store's child process, and how often."""

from __future__ import annotations

import logging
from collections import Counter

log = logging.getLogger(__name__)

#: After this number of crashes of the child a record is given up, so it does not block all others.
CRASHES = 3
_CRASHED = 1  # Python's exit status after an uncaught exception


class Crashes:
    """Belongs to the store's thread."""

    def __init__(self) -> None:
        self._of: Counter[int] = Counter()

    def too_many(self, record: int, error: Exception) -> bool:
        """The child has ended so while it wrote a record; True when that is to be given up."""
        if getattr(error, "status", None) != _CRASHED:
            return False
        self._of[record] += 1
        if self._of[record] < CRASHES:
            return False
        log.error("store: record %d crashes the store process, it is dropped", record)
        del self._of[record]
        return True
