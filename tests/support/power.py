"""A data file that notes its writes, and the states a power cut can leave behind."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.storage.filesystem.files import DataFile

_SECTOR = 512


@dataclass
class Log:
    """What was done to the file: (at, bytes) written, the length it got, or None for a sync."""

    done: list[tuple[int, bytes] | int | None] = field(default_factory=list)


class NotedFile(DataFile):
    """A real file whose every change is in `log`, too."""

    def __init__(self, fd: int, log: Log) -> None:
        super().__init__(fd)
        self._log = log

    def write(self, data: bytes, at: int) -> None:
        super().write(data, at)
        self._log.done.append((at, data))

    def truncate(self, size: int) -> None:
        super().truncate(size)
        self._log.done.append(size)

    def sync(self) -> None:
        if self.dirty:
            self.dirty = False
            self._log.done.append(None)


def noting(log: Log, folder: int, name: str) -> NotedFile:
    """Opens a file whose changes go to `log`."""
    return NotedFile(os.open(name, os.O_RDWR | os.O_CREAT, 0o644, dir_fd=folder), log)


def after_power_cut(log: Log, cut: int, chance: random.Random) -> bytes:
    """A content the medium may have after the first `cut` operations.

    Everything up to the last completed sync is there; of the writes after it any part, in sectors,
    in any order.
    """
    done = log.done[:cut]
    synced = max((index for index, each in enumerate(done) if each is None), default=-1)
    medium = bytearray()
    for each in done[: synced + 1]:
        if isinstance(each, int):
            _resize(medium, each)
        elif each is not None:
            _put(medium, *each)
    loose = [s for each in done[synced + 1 :] if isinstance(each, tuple) for s in _sectors(*each)]
    mode = chance.choice(["none", "all", "half", "second half"])
    if mode == "none":
        loose = []
    elif mode == "half":
        loose = [sector for sector in loose if chance.random() < 0.5]
    elif mode == "second half":
        loose = loose[len(loose) // 2 :]
    chance.shuffle(loose)
    for at, data in loose:
        _put(medium, at, data)
    return bytes(medium)


def _sectors(at: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        length = _SECTOR - at % _SECTOR
        yield at, data[:length]
        at, data = at + length, data[length:]


def _put(medium: bytearray, at: int, data: bytes) -> None:
    _resize(medium, max(len(medium), at + len(data)))
    medium[at : at + len(data)] = data


def _resize(medium: bytearray, size: int) -> None:
    if size < len(medium):
        del medium[size:]
    else:
        medium += bytes(size - len(medium))
