"""The files that one camera's day consists of: part 1, 2 ..., each MP4 or Matroska.

A new part begins when the file is full or the pictures' parameters change, `recording.format`
included.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from agent.core.naming import day_file, part_of
from agent.runtime.clock import Clock
from agent.storage.dayfile import open_day_file, put_aside
from agent.storage.daypart import DayPart, Mismatch
from agent.storage.daystate import StoredEvent
from agent.storage.files import exists, open_data_file, sync_folder
from agent.storage.originalfile import OriginalFile
from agent.storage.records import Fragment
from agent.storage.recovery import Found


class DayParts:
    """The open parts of a day, the last two at most: a record sent again may lie in either.

    Args:
        folder: the day's open folder.
        day: its name.
        clock: for the pauses between checkpoints.
        alive: called now and then in what may take long.
        repaired: called with (file, what was found and lost, nothing lost) of each repaired part.
    """

    def __init__(
        self,
        folder: int,
        day: str,
        clock: Clock,
        alive: Callable[[], None],
        repaired: Callable[[str, str, bool], None],
    ) -> None:
        self._folder = folder
        self._day = day
        self._clock = clock
        self._alive = alive
        self._repaired = repaired
        self._open: dict[str, DayPart[Any]] = {}  # by name, in order
        self._names = self._find()

    @property
    def parts(self) -> list[DayPart[Any]]:
        """The open parts, in order."""
        return list(self._open.values())

    @property
    def durable(self) -> bool:
        """True when everything appended is on the medium."""
        return all(part.durable for part in self.parts)

    def append(self, fragment: Fragment) -> None:
        """Appends a fragment to the last part, or to a new one where the last does not take it."""
        self.open()
        last = max((part.last_k(fragment.event) for part in self.parts), default=-1)
        if fragment.k <= last:
            return
        if fragment.k > last + 1 and not fragment.samples[0].key:
            return  # what it builds on is lost: it would show garbage until the next key picture
        if self._open and self.parts[-1].takes(fragment):
            with suppress(Mismatch):
                self.parts[-1].append(fragment)
                return
        if not fragment.samples[0].key:
            return  # a part begins with a key picture
        if self._open:
            self.parts[-1].show_all()
        number = max(self._names, default=0) + 1
        name = day_file(self._day, number, original=fragment.codec.original)
        self._names[number] = name
        self._open[name] = self._open_part(name)
        self.parts[-1].append(fragment)

    def open(self) -> None:
        """Opens what is there of the last two parts, repaired if need be."""
        if not self._open:
            for number in sorted(self._names)[-2:]:
                name = self._names[number]
                self._open[name] = self._open_part(name)

    def finish_event(self) -> None:
        """An event is complete: shown now, or synced now and shown when a checkpoint is due."""
        if self._open:
            self.parts[-1].finish_event()

    def tick(self) -> None:
        """Shows what a checkpoint was put off for."""
        if self._open:
            self.parts[-1].tick()

    def shows(self, event: str) -> bool:
        """True when players see all of the event that is there."""
        return all(part.shows(event) for part in self.parts)

    def places(self, event: str) -> Iterator[tuple[str, StoredEvent]]:
        """Where the event lies: names of files and its place in them."""
        for name, part in self._open.items():
            for stored in part.events:
                if stored.event == event:
                    yield name, stored

    def close(self, *, show: bool) -> None:
        """Closes all parts, everything shown if wanted."""
        try:
            if show:
                for part in self.parts:
                    part.show_all()
        finally:
            for part in self.parts:
                part.close(checkpoint=False)
            self._open.clear()

    def _find(self) -> dict[int, str]:
        """The day's files that are there, by number; of two with one number the later name."""
        names = sorted(os.listdir(self._folder))  # noqa: PTH208  a descriptor, not a path
        return {number: name for name in names if (number := part_of(name, self._day)) is not None}

    def _open_part(self, name: str) -> DayPart[Any]:
        opened: DayPart[Any]
        if name.endswith(".mkv"):
            opened = _open_original(self._folder, name, self._clock, self._alive)
        else:
            opened = open_day_file(self._folder, name, self._clock)
        recovery = opened.recovery
        if recovery.text:
            self._repaired(name, recovery.text, recovery.lossless)
        return opened


def _open_original(folder: int, name: str, clock: Clock, alive: Callable[[], None]) -> OriginalFile:
    """As `open_day_file`, for original pictures."""
    new = not exists(folder, name)
    file = open_data_file(folder, name)
    try:
        if new:
            sync_folder(folder)
        opened = OriginalFile(file, clock, alive)
        if opened.recovery.found is not Found.DAMAGED:
            return opened
        recovery = replace(opened.recovery, cut=0, aside=put_aside(folder, name))
        file.close()
        file = open_data_file(folder, name)
        sync_folder(folder)
        opened = OriginalFile(file, clock, alive)
        opened.recovery = recovery
    except BaseException:
        file.close()
        raise
    return opened
