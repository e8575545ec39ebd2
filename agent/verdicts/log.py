"""The files of the log: bounded, only appended to, read in spite of a kill at any byte.

`<state folder>/verdicts/<number>.log`; the oldest file goes when all of them have reached the
bound. Nothing is synced to the disk: a power cut costs what the kernel has not written yet, and
spares the SD card 2,880 syncs a day.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from agent.verdicts.block import Block, blocks_in, camera_mark, unpack

FOLDER = "verdicts"
#: Bytes of all files, of all cameras; of one file.
MOST_BYTES, SEGMENT = 32 << 20, 1 << 20
_NAME = re.compile(r"\d{10}\.log\Z", re.ASCII)


class Cursor(NamedTuple):
    """How far the log was read: the file's name and the byte behind the last whole block."""

    name: str = ""
    at: int = 0


class _Reach(NamedTuple):
    """Of which time a file tells, as long as it has this size; two that are infinite: of none."""

    size: int
    begin: float
    end: float


class VerdictLog:
    """One folder of files; one owner writes, others may read.

    Args:
        folder: is made with the first block.
        most: bytes of all files.
        segment: bytes of one file.
    """

    def __init__(self, folder: Path, most: int = MOST_BYTES, segment: int = SEGMENT) -> None:
        self.folder = folder
        self._most, self._segment = most, segment
        self._reach: dict[str, _Reach] = {}

    def append(self, data: bytes) -> None:
        """Adds whole blocks in one write, all of them or none; removes what is too old.

        Raises:
            OSError: it could not be written.
        """
        self.folder.mkdir(mode=0o750, exist_ok=True)
        names = self._names()
        last = names[-1] if names else f"{1:010d}.log"
        if names and self._size(last) + len(data) > self._segment:
            last = f"{int(last[:10]) + 1:010d}.log"
            self._remove_oldest([*names, last], len(data))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.folder / last, flags, 0o640)
        try:
            size = os.fstat(descriptor).st_size
            try:
                self._write(descriptor, data)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)

    def read(
        self, camera: str, begin: float, end: float, since: Cursor | None = None
    ) -> Iterator[tuple[Block, Cursor]]:
        """The camera's blocks that touch some time, in the order in which they were written.

        Args:
            camera: its id.
            begin: seconds since 1970.
            end: the same.
            since: only what was written after; the cursor comes with each block.
        """
        since, mark = since or Cursor(), camera_mark(camera)
        for name in self._names():
            if name < since.name or not self._touches(name, begin, end):
                continue
            start = since.at if name == since.name else 0
            for found in blocks_in(self._bytes(name, start)):
                if found.mark != mark or found.until < begin or found.begin > end:
                    continue
                block = unpack(found)
                if block is not None and block.camera == camera:
                    yield block, Cursor(name, start + found.end)

    def begins(self) -> float | None:
        """Of which second since 1970 the log tells first; None: of none."""
        for name in self._names():
            reach = self._reach_of(name)
            if reach.begin <= reach.end:
                return reach.begin
        return None

    # ------------------------------------------------------------ files

    def _names(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.folder) if _NAME.match(name))  # noqa: PTH208  names only
        except OSError:
            return []

    def _size(self, name: str) -> int:
        try:
            return (self.folder / name).lstat().st_size
        except OSError:
            return 0

    def _bytes(self, name: str, start: int = 0) -> bytes:
        try:
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            with open(os.open(self.folder / name, flags), "rb") as file:  # noqa: PTH123  no link is followed
                file.seek(start)
                return file.read(self._most)
        except OSError:
            return b""

    def _remove_oldest(self, names: list[str], more: int) -> None:
        total = more + sum(map(self._size, names))
        for name in names[:-1]:
            if total <= self._most:
                return
            total -= self._size(name)
            with suppress(OSError):
                (self.folder / name).unlink()
            self._reach.pop(name, None)

    @staticmethod
    def _write(descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def _touches(self, name: str, begin: float, end: float) -> bool:
        reach = self._reach_of(name)
        return reach.begin <= end and reach.end >= begin

    def _reach_of(self, name: str) -> _Reach:
        """Of which time a file tells; only a file that has grown is read again."""
        size = self._size(name)
        known = self._reach.get(name)
        if known is None or known.size != size:
            begin, end = float("inf"), float("-inf")
            for found in blocks_in(self._bytes(name)):
                begin, end = min(begin, found.begin), max(end, found.until)
            known = self._reach[name] = _Reach(size, begin, end)
        return known
