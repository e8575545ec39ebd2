"""The files that one camera's day consists of: part 1, 2 ..., each MP4 or Matroska.

A new part begins when the file is full or the pictures' parameters change, `recording.format`
included.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from agent.core.store_names import day_file, part_of
from agent.runtime.clock import Clock
from agent.storage.day.checkpoint import StoredEvent
from agent.storage.day.day_part import DayPart, Mismatch
from agent.storage.day.mkv_file import OriginalFile
from agent.storage.day.mp4_file import open_day_file, put_aside
from agent.storage.day.recovery import Found
from agent.storage.filesystem.files import exists, is_file, open_data_file, status, sync_folder
from agent.storage.filesystem.name_check import Held
from agent.storage.records import Fragment


class DayParts:
    """The open parts of a day, the last two at most: a record sent again may lie in either.

    Args:
        folder: the day's open folder.
        day: its name.
        clock: for the pauses between checkpoints.
        alive: called now and then in what may take long.
        repaired: called with (file, what was found and lost, nothing lost) of each repaired part.
        told: files that the manifest speaks of: their names are not given again, though they are
            gone.
    """

    def __init__(
        self,
        folder: int,
        day: str,
        clock: Clock,
        alive: Callable[[], None],
        repaired: Callable[[str, str, bool], None],
        told: Iterable[str] = (),
    ) -> None:
        self._folder = folder
        self._day = day
        self._clock = clock
        self._alive = alive
        self._repaired = repaired
        self._open: dict[str, DayPart[Any]] = {}  # by name, in order
        self._held: list[Held] = []
        self._names = self._find()
        numbers = (part_of(name, day) for name in (*self._names.values(), *told))
        self._last = max((number for number in numbers if number), default=0)

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
        self._last += 1
        name = day_file(self._day, self._last, original=fragment.codec.original)
        self._names[self._last] = name
        self._open[name] = self._open_part(name)
        self.parts[-1].append(fragment)

    def open(self) -> None:
        """Opens what is there of the last two parts, repaired if need be.

        What has a second name (a hard link) may be somebody's backup: the next part begins instead.
        """
        if not self._open:
            for number in sorted(self._names)[-2:]:
                name = self._names[number]
                about = status(self._folder, name)
                if about is not None and about.st_nlink > 1:
                    self._repaired(name, "has a second name (hard link), left as it is", True)
                else:
                    self._open[name] = self._open_part(name)

    def check(self) -> None:
        """Returns when the names of the open parts lead to them.

        Raises:
            Moved: one does not.
        """
        for held in self._held:
            held.check()

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

    def show_all(self) -> None:
        """Shows everything, now."""
        for part in self.parts:
            part.show_all()

    def close(self) -> None:
        """Closes all parts as they are."""
        for part in self.parts:
            part.close(checkpoint=False)
        self._open.clear()
        self._held.clear()

    def _find(self) -> dict[int, str]:
        """The day's files that are there, by number; of two with one number the later name."""
        names = sorted(os.listdir(self._folder))  # noqa: PTH208  a descriptor, not a path
        found = {number: name for name in names if (number := part_of(name, self._day)) is not None}
        for name in found.values():
            if not is_file(self._folder, name):
                aside = put_aside(self._folder, name)
                self._repaired(name, f"was no file, put aside as {aside}", False)
        return {number: name for number, name in found.items() if is_file(self._folder, name)}

    def _open_part(self, name: str) -> DayPart[Any]:
        opened: DayPart[Any]
        if name.endswith(".mkv"):
            opened = _open_original(self._folder, name, self._clock, self._alive)
        else:
            opened = open_day_file(self._folder, name, self._clock)
        self._held.append(Held(self._folder, name, opened.fileno()))
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
