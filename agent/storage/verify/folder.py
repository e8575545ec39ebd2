"""One day's folder of a store, for `verify`: its manifests, and each file that is there or is not.

Everything is opened relative to a folder that was opened once, no link is followed, and nothing but
regular files is read, no more of them than the agent writes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from agent.core.anchors import Going, explained
from agent.core.errors import reason_of
from agent.core.store_names import (
    EVENTS,
    MANIFEST,
    MONITORING,
    NOTES,
    SESSIONS,
    event_of,
    is_aside,
    is_hidden_part,
    is_ours,
    part_of,
)
from agent.storage.container.boxes import ReadAt
from agent.storage.day.manifest import LIMIT, LONGEST, Line
from agent.storage.filesystem.files import DataFile, exists, open_folder, open_for_reading, status
from agent.storage.verify.anchor import Against, check_day, trusted_notes
from agent.storage.verify.day_file import MOST_BYTES, DayCheck, check_film
from agent.storage.verify.lines import (
    EventLine,
    NamedFile,
    Numbered,
    event_line,
    lines_in,
    named_file,
)
from agent.storage.verify.report import Report

_PIECE = 1 << 20
#: Names in one folder that are looked at.
MOST_NAMES = 200_000
_FOLDERS = {EVENTS, MONITORING, SESSIONS}


class DayFolder:
    """One day's folder.

    Args:
        folder: its descriptor; it stays the caller's.
        day: its date.
        name: how it is called in the report.
        camera: whose it is; empty: not known.
        report: what is found goes there.
        anchors: what it is compared with.
    """

    def __init__(
        self,
        folder: int,
        day: str,
        name: PurePath,
        camera: str,
        report: Report,
        anchors: Against | None,
    ) -> None:
        self._folder = folder
        self._day = day
        self._name = name
        self._camera = camera
        self._report = report
        self._anchors = anchors if anchors is not None and anchors.of(camera) else None
        self._known: set[str] = set()  # files that the manifest speaks of, relative to the day
        self._told: set[str] = set()  # events
        self._places: dict[str, list[tuple[str, int, int]]] = {}
        self._purged = False
        self._kept: set[str] = set()
        self._spared = 0  # files that are missing, as retention may have wanted

    def check(self) -> None:
        """Adds what is found to the report."""
        if self._anchors is not None:
            check_day(self._anchors, self._camera, self._day, self._folder, self._report)
        self._read_notes()
        for line in self._lines(MANIFEST):
            if "id" in line:
                self._check_event(line)
        self._check_day_files()
        self._look_for_others()
        if self._spared:
            words = "are missing, which is not held against it: the notes say that retention began"
            self._note("", f"{self._spared} files {words}")

    # ------------------------------------------------------------ the manifests

    def _read_notes(self) -> None:
        trusted, anchor, going = None, None, Going.PURGED
        if self._anchors is not None:
            anchor = self._anchors.of(self._camera)
            left = self._anchors.day(self._camera, self._day)
            going = left.going if left else going
            trusted = trusted_notes(self._anchors, self._camera, self._day)
            self._purged = left is not None and left.allows(Going.PURGED)
        writing = anchor.writing if anchor else None
        for number, line in enumerate(self._lines(NOTES), 1):
            if "picture" in line:
                self._check_picture(line)
            elif trusted is None or number <= trusted or explained(line, writing, going, only=True):
                self._heed(line)

    def _heed(self, line: dict[str, Any]) -> None:
        if "keep" in line:
            (self._kept.add if line.get("value") else self._kept.discard)(str(line["keep"]))
        elif "purged" in line:
            self._purged = True

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        """What the sound lines of a manifest say; all others are noted."""
        about = status(self._folder, name)
        if about is None or not stat.S_ISREG(about.st_mode):
            return  # missing, or said to be foreign
        if about.st_size > LIMIT:
            self._damaged(name, f"is larger than any that is written ({LIMIT >> 20} MiB)")
        before: Line | None = None
        seq = 0
        for each in lines_in(self._folder, name):
            line = each.line
            if self._is_torn(name, each) or line.entry is None:
                continue
            seq += 1
            said = line.entry.get("prev"), line.entry.get("seq")
            if said != (before.digest if before else None, seq):
                words = f"line {each.number}{_of(line)} does not follow the line before"
                self._damaged(name, words + (_of(before) if before else ""))
            before = line
            if line.sound:  # what a damaged one says may be anything
                yield line.entry

    def _is_torn(self, name: str, each: Numbered) -> bool:
        """Notes what is not as it was written; True when it is only torn."""
        number, line = each.number, each.line
        if line.torn and len(line.raw) <= LONGEST and not (each.last and each.ended):
            self._note(name, f"line {number} is torn (a power cut); the chain goes on")
            return True
        if line.entry is None or not line.sound:
            self._damaged(name, f"line {number}{_of(line)} is not what was written")
        return False

    def _check_event(self, entry: dict[str, Any]) -> None:
        self._report.events += 1
        try:
            line = event_line(entry)
        except ValueError as error:
            self._damaged(MANIFEST, f"line {entry.get('seq')!s:.20} {error}")
            return
        self._told.add(line.event)
        for file in line.files:
            self._check_named(file, line.event)
        self._take_places(line)

    def _take_places(self, line: EventLine) -> None:
        for place in line.places:
            if part_of(place.file, self._day) is None:
                self._damaged(MANIFEST, f"event {line.event} names {place.file!r}")
            else:
                where = (line.event, place.position, place.length)
                self._places.setdefault(place.file, []).append(where)

    def _check_picture(self, entry: dict[str, Any]) -> None:
        try:
            self._check_named(named_file(entry, "picture"), None)
        except ValueError as error:
            self._damaged(NOTES, f"line {entry.get('seq')!s:.20} {error}")

    # ------------------------------------------------------------ files

    def _check_named(self, file: NamedFile, event: str | None) -> None:
        self._known.add(file.name)
        inside = file.name.split("/")
        if not is_ours(self._day, *inside) or PurePath(file.name).parts != tuple(inside):
            of_event = f"event {event} " if event else ""
            self._damaged(MANIFEST if event else NOTES, f"{of_event}names {file.name!r}")
            return
        try:
            with self._place(*inside[:-1]) as folder:
                if exists(folder, inside[-1]):
                    self._check_file(folder, inside[-1], file)
                    return
        except FileNotFoundError:
            pass  # its folder is gone
        except OSError as error:
            self._damaged(file.name, f"cannot be read: {reason_of(error)}")
            return
        self._missing(file.name, event)

    def _missing(self, name: str, event: str | None) -> None:
        if self._purged and event not in self._kept:
            self._spared += 1
        else:
            self._report.say("missing", str(self._name / name))

    def _check_file(self, folder: int, name: str, wanted: NamedFile) -> None:
        file = open_for_reading(folder, name)
        try:
            size = file.size
            self._report.files += 1
            self._report.size += size
            if size != wanted.size:
                self._damaged(wanted.name, f"has {size} bytes instead of {wanted.size}")
            elif _digest(file, size, self._report.seen) != wanted.sha256:
                self._damaged(wanted.name, "is not what was written (SHA-256)")
        finally:
            file.close()

    def _counted(self, file: DataFile) -> ReadAt:
        """Reads of a file, which count."""

        def read(wanted: int, at: int) -> bytes:
            """Up to `wanted` bytes from `at`."""
            data = file.read(wanted, at)
            self._report.seen(len(data))
            return data

        return read

    def _check_day_files(self) -> None:
        there = {name for name in self._names() if part_of(name, self._day)}
        for name in sorted(set(self._places) - there):
            if self._purged:
                self._spared += 1
            else:
                self._report.say("missing", str(self._name / name))
        for name in sorted(there):
            self._check_day_file(name, self._places.get(name, []))

    def _check_day_file(self, name: str, places: list[tuple[str, int, int]]) -> None:
        try:
            file = open_for_reading(self._folder, name)
        except OSError as error:
            self._damaged(name, f"cannot be read: {reason_of(error)}")
            return
        try:
            size = file.size
            self._report.files += 1
            self._report.size += size
            if size > MOST_BYTES:
                self._damaged(name, "is larger than any that is written")
            else:
                self._take_check(name, check_film(name, self._counted(file), size), places)
        except OSError as error:
            self._damaged(name, f"cannot be read: {reason_of(error)}")
        finally:
            file.close()

    def _take_check(self, name: str, found: DayCheck, places: list[tuple[str, int, int]]) -> None:
        for words in found.damaged:
            self._damaged(name, words)
        for words in found.notes:
            self._note(name, words)
        for event, position, length in places:
            if (event, position, length) not in found.events:
                self._damaged(name, f"event {event} is not where the manifest says")

    # ------------------------------------------------------------ what else is there

    def _look_for_others(self) -> None:
        for inside in ((), (EVENTS,), (MONITORING,), (SESSIONS,)):
            try:
                with self._place(*inside) as folder:
                    for name in names_in(folder, str(self._name.joinpath(*inside)), self._report):
                        self._look_at(folder, inside, name)
            except OSError:
                continue  # not there, or said to be foreign

    def _look_at(self, folder: int, inside: tuple[str, ...], name: str) -> None:
        about = status(folder, name)
        path = "/".join((*inside, name))
        if about is None or (stat.S_ISDIR(about.st_mode) and not inside and name in _FOLDERS):
            return
        strange = not stat.S_ISREG(about.st_mode) and not (
            is_aside(name) and not stat.S_ISLNK(about.st_mode)
        )
        if strange or not is_ours(self._day, *inside, name):
            self._report.say("foreign", str(self._name / path))
        elif is_hidden_part(name):
            self._note(path, "is not finished")
        elif is_aside(name):
            self._note(path, "was put aside because it was damaged")
        elif inside and path not in self._known:
            if event_of(name) in self._told:
                self._report.say("foreign", f"{self._name / path} (not in the manifest)")
            else:
                self._note(path, "is not in the manifest (yet)")

    def _names(self) -> list[str]:
        with self._place() as folder:
            return names_in(folder, str(self._name), self._report)

    @contextmanager
    def _place(self, *inside: str) -> Iterator[int]:
        """A folder of the day, open; no link leads there."""
        folder = open_folder(self._folder, inside[0]) if inside else os.dup(self._folder)
        try:
            yield folder
        finally:
            os.close(folder)

    def _damaged(self, name: str, words: str) -> None:
        self._report.say("damaged", f"{self._name / name}: {words}")

    def _note(self, name: str, words: str) -> None:
        self._report.say("notes", f"{self._name / name}: {words}")


def names_in(folder: int, name: str, report: Report) -> list[str]:
    """The names in an open folder, in order; of too many the first ones."""
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if len(names) == MOST_NAMES:
                report.say("damaged", f"{name}: has more than {MOST_NAMES} names")
                break
            names.append(entry.name)
    return sorted(names)


def _of(line: Line) -> str:
    """Whose line it is, in words."""
    event = (line.entry or {}).get("id")
    return f" (event {event:.64})" if isinstance(event, str) else ""


def _digest(file: DataFile, size: int, seen: Callable[[int], object]) -> str:
    """The SHA-256 of the first `size` bytes: somebody may write on while they are read."""
    digest = sha256()
    file.forget_cached()
    at = 0
    while at < size and (piece := file.read(min(_PIECE, size - at), at)):
        digest.update(piece)
        at += len(piece)
        seen(len(piece))
    return digest.hexdigest()
