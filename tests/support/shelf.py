"""A folder with a day's file, and a clock."""

from __future__ import annotations

import os
from pathlib import Path

from agent.storage.day.mp4_file import DayFile, open_day_file
from agent.storage.day.recovery import Recovery
from agent.storage.records import Fragment
from tests.support.clock import FakeClock

NAME = "2026-11-22.mp4"


class Shelf:
    """The file is opened anew for each `add`; `fd` is the folder, closed by who made this."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    @property
    def file(self) -> Path:
        return self.path / NAME

    def open(self) -> DayFile:
        self.clock.advance(60)
        return open_day_file(self.fd, NAME, self.clock)

    def add(self, *events: tuple[Fragment, ...]) -> Recovery:
        """Opens the file, appends whole events, closes it."""
        day = self.open()
        for fragments in events:
            for fragment in fragments:
                assert day.append(fragment)
            day.finish_event()
        day.close()
        return day.recovery
