"""How much space recordings may take in the store: checked before writing, not after."""

from __future__ import annotations

import os
from typing import Any

from agent.core.store_code import StoreCode
from agent.storage.store.identity import StoreRefused

_MIB = 1 << 20
#: Bytes that the purge frees beyond the present need, so that it does not run for each event.
AHEAD = 64 * _MIB
#: A record takes some: folder, file, hidden name.
_FEW_INODES = 8
#: Of a small `max_size`, at most this part is emptied ahead.
_AHEAD_SHARE = 0.1


class Room:
    """The space in an open store.

    Args:
        store: its folder.
        keep_free: bytes that are to stay free.
        max_size: bytes that recordings may take; None: any.

    Attributes:
        stored: bytes of each day, counted by the last purge and by `claim` since.
    """

    def __init__(self, store: int, keep_free: int, max_size: int | None) -> None:
        self._store = store
        self._keep_free = keep_free
        self._max_size = max_size
        self.stored: dict[str, int] = {}

    @property
    def short(self) -> bool:
        """True when the purge should run although its hour has not come."""
        if self._keep_free and self.free() < self._keep_free + AHEAD // 2:
            return True
        return self._max_size is not None and self._total() > self._max_size

    @property
    def purge_to_free(self) -> int:
        """Free bytes that the purge is to reach; 0 when the disk can never have them."""
        if not self._keep_free or self._keep_free > self._capacity():
            return 0
        return self._keep_free + AHEAD

    @property
    def purge_to_size(self) -> int | None:
        """Bytes that the purge may leave."""
        if self._max_size is None:
            return None
        return self._max_size - min(AHEAD, int(self._max_size * _AHEAD_SHARE))

    def claim(self, day: str, size: int) -> None:
        """Takes space for `size` bytes of a day.

        Raises:
            StoreRefused: `keep_free` or `max_size` forbids it.
        """
        if size and self._keep_free and (free := self.free()) - size < self._keep_free:
            words = f"{free // _MIB} MiB are free, {self._keep_free // _MIB} are kept free"
            raise StoreRefused(StoreCode.FULL, f"{words} (store.keep_free)")
        if self._max_size is not None and size and self._total() + size > self._max_size:
            words = f"{self._total() // _MIB} of {self._max_size // _MIB} MiB are used"
            raise StoreRefused(StoreCode.FULL, f"{words} (store.max_size)")
        self.stored[day] = self.stored.get(day, 0) + size

    def free(self) -> int:
        """Bytes that we may use, without root's reserve."""
        figures = os.fstatvfs(self._store)
        return figures.f_bavail * figures.f_frsize

    def lacks_inodes(self) -> bool:
        """True when the file system can take no more files of any size."""
        figures = os.fstatvfs(self._store)
        return figures.f_files > 0 and figures.f_favail < _FEW_INODES

    def words(self) -> str:
        """What the figures say when the system says that the disk is full."""
        if self.lacks_inodes():
            return "no inodes are left for new files: see df -i"
        free = self.free() // _MIB
        if free:
            return f"although {free} MiB are free: a quota, or the file system's own tables"
        return ""

    def figures(self) -> dict[str, Any]:
        """For the health payload."""
        figures = os.fstatvfs(self._store)
        free = figures.f_bavail * figures.f_frsize
        total = (figures.f_blocks - figures.f_bfree) * figures.f_frsize + free
        room = free - self._keep_free
        if self._max_size is not None:
            room = min(room, self._max_size - self._total())
        return {
            "free_mib": free / _MIB,
            "used_percent": 100.0 * (1 - free / total) if total else 0.0,
            "room": max(0, room),
            "stored": self.stored,
        }

    def _total(self) -> int:
        return sum(self.stored.values())

    def _capacity(self) -> int:
        figures = os.fstatvfs(self._store)
        return figures.f_blocks * figures.f_frsize
