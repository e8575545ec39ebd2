"""A day's manifest as `verify` reads it: one line after the other, with any content.

Neither an endless line nor an endless file is held in memory, and what a line says is taken only
when it has the shape that the agent writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.core.store_names import is_event
from agent.storage.day.manifest import LIMIT, LONGEST, Line, line_of
from agent.storage.filesystem.files import open_for_reading

_PIECE = 1 << 18
_NAME = 255
_MOST = 1 << 53
_FILES = 64
_PLACES = 4096


@dataclass(frozen=True, slots=True)
class Numbered:
    """A line with its number; `ended`: a line end or another line follows."""

    number: int
    line: Line
    ended: bool
    last: bool


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file as a manifest describes it; `name` is relative to the day."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event lies in a day's file; milliseconds."""

    file: str
    position: int
    length: int


@dataclass(frozen=True, slots=True)
class EventLine:
    """What `verify` needs of an event's line."""

    event: str
    files: tuple[NamedFile, ...]
    places: tuple[Place, ...]


def lines_in(folder: int, name: str) -> Iterator[Numbered]:
    """The lines of a manifest; no more than `LIMIT` bytes of it.

    Raises:
        NotAFile: something else has the name.
        OSError: it cannot be read.
    """
    file = open_for_reading(folder, name)
    try:
        before: Numbered | None = None
        for number, (raw, ended) in enumerate(_raw(file.read), 1):
            if before is not None:
                yield before
            before = Numbered(number, line_of(raw), ended, last=False)
        if before is not None:
            yield Numbered(before.number, before.line, before.ended, last=True)
    finally:
        file.close()


def _raw(read: Any) -> Iterator[tuple[bytes, bool]]:  # noqa: ANN401  `DataFile.read`
    """Each line that is not empty; of one that is too long a part that is too long as well."""
    at, rest = 0, b""
    while at < LIMIT and (piece := read(min(_PIECE, LIMIT - at), at)):
        at += len(piece)
        *whole, last = piece.split(b"\n")
        if whole:
            whole[0] = rest + whole[0]
            rest = b""
        yield from ((raw, True) for raw in whole if raw)
        rest = (rest + last)[: LONGEST + 1]
    if rest:
        yield rest, False


def event_line(entry: dict[str, Any]) -> EventLine:
    """An event's line.

    Raises:
        ValueError: it has another shape.
    """
    event = entry.get("id")
    if not isinstance(event, str) or not is_event(event):
        raise ValueError("has no id of an event")
    files, places = entry.get("files"), entry.get("day", [])
    if not isinstance(files, dict) or len(files) > _FILES:
        raise ValueError(f"of event {event} has no list of files")
    if not isinstance(places, list) or len(places) > _PLACES:
        raise ValueError(f"of event {event} has no list of places")
    try:
        return EventLine(
            event,
            tuple(named_file(about) for about in files.values()),
            tuple(_place(place) for place in places),
        )
    except ValueError as error:
        raise ValueError(f"of event {event} {error}") from None


def named_file(about: object, key: str = "name") -> NamedFile:
    """A file as a line describes it.

    Raises:
        ValueError: it has another shape.
    """
    if not isinstance(about, dict):
        raise ValueError("describes no file")  # noqa: TRY004  bad input, of whatever kind
    digest = about.get("sha256")
    if not isinstance(digest, str) or len(digest) != 64:
        raise ValueError("names a file without its SHA-256")
    return NamedFile(_name(about.get(key)), _number(about.get("size")), digest)


def _place(said: object) -> Place:
    if not isinstance(said, dict):
        raise ValueError("describes no place")  # noqa: TRY004
    at, length = said.get("position_ms"), said.get("length_ms")
    return Place(_name(said.get("file")), _number(at), _number(length))


def _name(said: object) -> str:
    if not isinstance(said, str) or not 0 < len(said) <= _NAME or "\0" in said:
        raise ValueError("has no name of a file")
    return said


def _number(said: object) -> int:
    if type(said) is not int or not 0 <= said < _MOST:
        raise ValueError("has a size or a time that is none")
    return said
