"""What the spool knows of a record that lies in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.core.store_names import is_self_test
from agent.storage.records import EventClosed, EventOpened, Fragment, Record

#: A small file takes a block of the disk, too.
OVERHEAD = 4096


@dataclass(slots=True)
class Entry:
    """A record that waits.

    Attributes:
        camera: whose it is.
        event: empty: a picture that stands for itself.
        size: bytes that it takes.
        envelope: an event's opening or closing: small, and kept to the last.
        closing: an event's closing.
        film: of the event's clip.
        ready: the file is there.
    """

    camera: str
    event: str
    size: int
    envelope: bool
    closing: bool
    film: bool
    ready: bool = False

    @property
    def counts(self) -> bool:
        """False for what a self test has recorded."""
        return not is_self_test(self.camera)


def entry_of(record: Record, size: int, *, ready: bool = False) -> Entry:
    """The entry of a record; `size`: bytes of its file."""
    closing = isinstance(record, EventClosed)
    envelope = closing or isinstance(record, EventOpened)
    film = isinstance(record, Fragment)
    return Entry(record.camera, record.event, size + OVERHEAD, envelope, closing, film, ready)


def number_of(path: Path) -> int:
    """The number in a record's file name; 0, which no record has, when there is none."""
    return int(path.stem) if path.stem.isdecimal() and path.stem.isascii() else 0
