"""What a store has, by ids: days, events, parts of files. Blocks; runs in the reading child only.

No path comes from outside. Names are made of ids that match a pattern, or stand in a manifest and
match a pattern; links are never followed.
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.core.messages import Detection
from agent.core.store_names import (
    EVENTS,
    MANIFEST,
    MARKS,
    NOTES,
    FileKind,
    day_file,
    day_of,
    event_of,
    is_camera,
    is_event,
    is_ours,
    part_of,
)
from agent.storage.day.manifest import parse
from agent.storage.filesystem.files import (
    NotAFile,
    folders_in,
    open_folder,
    open_for_reading,
    read_whole,
)
from agent.storage.store.identity import check_place

#: Bytes of one answer: a page's memory is this, for each of its viewers.
MOST_BYTES = 1 << 18
#: Days whose manifests are kept in memory, and events of a day in an answer: the newest ones.
_REMEMBERED, MOST_EVENTS = 8, 2000
#: Bytes of JSON that a day's events may be, and letters of one text in it.
_MOST_JSON, _LONGEST = 3 << 19, 200
MOST_DAYS = 4000
#: Figures beyond it are none of ours.
_MOST_NUMBER = 1e15


class Unknown(Exception):
    """There is no such camera, day, event or file."""


@dataclass(frozen=True, slots=True)
class _Day:
    stamps: tuple[tuple[int, int], ...]
    events: dict[str, dict[str, Any]]
    marked: Mapping[str, frozenset[str]]


#: The marks of events, as an answer names them.
_MARKED = {"kept": "keep", "false_alarms": "false_alarm", "wrong_labels": "wrong_label"}


class Library:
    """Reads an open store; `store` is its folder."""

    def __init__(self, store: int) -> None:
        self._store = store
        self._days: OrderedDict[tuple[str, str], _Day] = OrderedDict()

    def check(self, path: str) -> None:
        """Returns when `path` still leads to the open store.

        Raises:
            StoreRefused: it does not.
        """
        check_place(self._store, path)

    def close(self) -> None:
        """Closes the store's folder."""
        os.close(self._store)

    def days(self, camera: str) -> list[str]:
        """The camera's days, newest first; none where it has recorded nothing."""
        with suppress(FileNotFoundError, NotADirectoryError), self._camera(camera) as fd:
            names = [name for name in folders_in(fd) if day_of(name) is not None]
            return sorted(names, reverse=True)[:MOST_DAYS]
        return []

    def day(self, camera: str, day: str) -> dict[str, Any]:
        """The events of a day in order, which are kept, and the parts of its film.

        Raises:
            Unknown: there is no such day.
        """
        with self._day(camera, day) as fd:
            known = self._read(camera, day, fd)
            with os.scandir(fd) as entries:
                names = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
            films = [
                {"part": part, "size": about.st_size, "playable": name.endswith(".mp4")}
                for name, about in names
                if (part := part_of(name, day)) is not None
            ]
        told = _newest(_told(entry, day) for entry in reversed(known.events.values()))
        return {
            "events": told,
            "left_out": len(known.events) - len(told),
            **{
                name: sorted(known.marked[mark] & known.events.keys())[-MOST_EVENTS:]
                for name, mark in _MARKED.items()
            },
            "films": sorted(films, key=lambda film: (film["part"], not film["playable"])),
        }

    def moment(self, camera: str, day: str, at: float) -> dict[str, Any]:
        """The events of a day that ran at some second since 1970, in order.

        Raises:
            Unknown: there is no such day.
        """
        with self._day(camera, day) as fd:
            known = self._read(camera, day, fd).events.values()
        ran = (entry for entry in reversed(known) if _ran(entry, at))
        return {"events": _newest(_told(entry, day) for entry in ran)}

    def event_file(
        self, camera: str, day: str, event: str, kind: str, at: int, size: int
    ) -> tuple[dict[str, Any], bytes]:
        """A piece of one of an event's files, with its name and whole size.

        Raises:
            Unknown: there is no such file.
        """
        with self._day(camera, day) as fd:
            entry = self._read(camera, day, fd).events.get(event) if is_event(event) else None
            name = _name_of(entry, kind)
            if name is None or not is_ours(day, EVENTS, name):
                raise Unknown(f"event {event[:64]} has no {kind[:16]}")
            inner = open_folder(fd, EVENTS)
            try:
                return _piece(inner, name, at, size)
            finally:
                os.close(inner)

    def film(
        self, camera: str, day: str, part: int, at: int, size: int
    ) -> tuple[dict[str, Any], bytes]:
        """A piece of the day's film.

        Raises:
            Unknown: there is no such part.
        """
        with self._day(camera, day) as fd:
            try:
                return _piece(fd, day_file(day, part), at, size)
            except Unknown:
                return _piece(fd, day_file(day, part, original=True), at, size)

    @contextmanager
    def _camera(self, camera: str) -> Iterator[int]:
        if not is_camera(camera):
            raise Unknown("no such camera")
        fd = open_folder(self._store, camera)
        try:
            yield fd
        finally:
            os.close(fd)

    @contextmanager
    def _day(self, camera: str, day: str) -> Iterator[int]:
        if day_of(day) is None:
            raise Unknown("no such day")
        try:
            with self._camera(camera) as outer:
                fd = open_folder(outer, day)
        except (FileNotFoundError, NotADirectoryError):
            raise Unknown("no such day") from None
        try:
            yield fd
        finally:
            os.close(fd)

    def _read(self, camera: str, day: str, fd: int) -> _Day:
        """The day's manifests, read again only when they have changed."""
        stamps = tuple(_stamp(fd, name) for name in (MANIFEST, NOTES))
        known = self._days.get((camera, day))
        if known is None or known.stamps != stamps:
            events = {
                event: entry
                for entry in _entries(fd, MANIFEST)
                if entry.get("camera") == camera
                and isinstance(event := entry.get("id"), str)
                and is_event(event)
            }
            marked: dict[str, set[str]] = {mark: set() for mark in MARKS}
            for note in _entries(fd, NOTES):
                for mark, those in marked.items():
                    if isinstance(event := note.get(mark), str):
                        (those.add if note.get("value") else those.discard)(event)
            frozen = {mark: frozenset(those) for mark, those in marked.items()}
            known = self._days[camera, day] = _Day(stamps, events, frozen)
            while len(self._days) > _REMEMBERED:
                self._days.popitem(last=False)
        return known


def _entries(folder: int, name: str) -> list[dict[str, Any]]:
    """What the whole lines of a manifest say; none where there is no such file."""
    try:
        data = read_whole(folder, name)
    except (FileNotFoundError, NotAFile):
        return []
    return [line.entry for line in parse(data) if line.entry is not None and line.sound]


def _stamp(folder: int, name: str) -> tuple[int, int]:
    try:
        about = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return (0, 0)
    return (about.st_size, about.st_mtime_ns)


def _told(entry: dict[str, Any], day: str) -> dict[str, Any]:
    """The public part of an event's line; its files by kind, never by name."""
    names = {kind.value: _name_of(entry, kind.value) for kind in FileKind}
    kinds = [kind for kind, name in names.items() if name and is_ours(day, EVENTS, name)]
    clip = names[FileKind.CLIP.value] or ""
    keys = ("id", "started", "started_local", "duration_s", "reason")
    named = ("label", "sub_label", "top_score", "model", "object_box")
    return {
        **{key: entry.get(key) if _plain(entry.get(key)) else None for key in keys},
        **{key: entry.get(key) if _plain(entry.get(key), most=4) else None for key in named},
        "explanation": _explained(entry.get("explanation")),
        "files": kinds,
        "playable": clip.endswith(".mp4"),
        "place": _place(entry, day),
    }


def _ran(entry: dict[str, Any], at: float) -> bool:
    """Whether an event ran at some second since 1970; not where its line makes no sense."""
    try:
        begin = datetime.fromisoformat(entry["started"]).timestamp()
        return begin <= at <= begin + (entry.get("duration_s") or 0.0)
    except (KeyError, ValueError, TypeError, ArithmeticError, OSError):
        return False


def _newest(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of the events, given newest first, as an answer can hold; in order."""
    found: deque[dict[str, Any]] = deque()
    room = _MOST_JSON
    for event in told:
        room -= len(json.dumps(event))
        if room < 0 or len(found) == MOST_EVENTS:
            break
        found.appendleft(event)
    return list(found)


def _explained(said: object) -> dict[str, Any] | None:
    """The strongest frame of an event, or its first; None where there is none, or no plain one."""
    if not isinstance(said, dict):
        return None
    peak = said.get("peak") or said.get("start")
    if not isinstance(peak, dict):
        return None
    fields = {name: peak[name] for name in Detection._fields if name in peak}
    return {"peak": fields} if all(_plain(value, most=4) for value in fields.values()) else None


def _plain(value: object, most: int = 0) -> bool:
    """True for a short text, a number that a float can hold, and a list of at most `most` such."""
    match value:
        case str():
            return len(value) <= _LONGEST
        case int() | float():
            return -_MOST_NUMBER <= value <= _MOST_NUMBER
        case list():
            return len(value) <= most and all(map(_plain, value))
    return value is None


def _place(entry: dict[str, Any], day: str) -> dict[str, Any] | None:
    """Where in the day's film the event begins."""
    places = entry.get("day")
    first = places[0] if isinstance(places, list) and places else None
    if not isinstance(first, dict):
        return None
    name, at = first.get("file"), first.get("position_ms")
    part = part_of(name, day) if isinstance(name, str) else None
    if part and isinstance(at, int | float) and _plain(at):
        return {"part": part, "at": at / 1000}
    return None


def _name_of(entry: dict[str, Any] | None, kind: str) -> str | None:
    """The name of an event's file in `events/`; None when the line names none, or not its own."""
    files = (entry or {}).get("files")
    about = files.get(kind) if isinstance(files, dict) else None
    path = about.get("name") if isinstance(about, dict) else None
    folder, _, name = path.rpartition("/") if isinstance(path, str) else ("", "", "")
    own = folder == EVENTS and event_of(name) == (entry or {}).get("id")
    return name if own else None


def _piece(folder: int, name: str, at: int, size: int) -> tuple[dict[str, Any], bytes]:
    """A piece of a file that may be growing.

    Raises:
        Unknown: there is no such file.
    """
    try:
        file = open_for_reading(folder, name)
    except (FileNotFoundError, NotAFile):
        raise Unknown("no such file") from None
    try:
        body = file.read(min(size, MOST_BYTES), at) if size > 0 else b""
        return {"name": name, "size": file.size}, body
    finally:
        file.close()
