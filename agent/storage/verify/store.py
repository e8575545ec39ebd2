"""`surveillance-agent verify`: is everything in a store, or a copy of it, as it was written?

Reads only, with the standard library. Every event's files against the SHA-256 in the manifest,
the manifest's lines against each other, every byte of the day's files against their checksums.
A store that is being written may be verified: what is not whole yet is noted, not held against it.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from agent.core.errors import ConfigError
from agent.core.naming import (
    CLAIMS,
    EVENTS,
    IDENTITY,
    MANIFEST,
    MONITORING,
    NOTES,
    SESSIONS,
    day_of,
    event_of,
    is_aside,
    is_camera,
    is_hidden_part,
    is_ours,
    part_of,
)
from agent.runtime.logs import escaped
from agent.storage.day.manifest import Line, parse
from agent.storage.filesystem.files import digest_of, open_for_reading
from agent.storage.store.claims import claim_in
from agent.storage.verify.day_file import DayCheck, check_mkv, check_mp4

#: Found at the root of file systems and left alone.
_ALLOWED = {IDENTITY, CLAIMS, "lost+found"}


@dataclass(slots=True)
class Report:
    """What was found; paths are relative to the store.

    Attributes:
        missing, damaged, foreign: each is a reason for exit code 1.
        notes: what is worth knowing and no fault: unfinished, purged, put aside.
    """

    events: int = 0
    files: int = 0
    size: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """True when nothing is missing, damaged or foreign."""
        return not (self.missing or self.damaged or self.foreign)

    def lines(self) -> Iterator[str]:
        """The report for people; what a terminal would obey in names is written as an escape."""
        for word in ("missing", "damaged", "foreign", "notes"):
            for line in getattr(self, word):
                yield f"{word.removesuffix('s')}: {escaped(line)}"
        yield (
            f"{self.events} events, {self.files} files, {self.size / 2**20:.1f} MiB checked: "
            f"{len(self.missing)} missing, {len(self.damaged)} damaged, {len(self.foreign)} foreign"
        )


def verify_store(path: Path) -> Report:
    """Checks a store, one camera's folder in it, or one day's folder.

    Raises:
        ConfigError: there is no such folder.
    """
    if not path.is_dir():
        raise ConfigError(f"verify: {path} is no folder")
    report = Report()
    if day_of(path.resolve().name):
        _Day(path, PurePath(path.resolve().name), report).check()
        return report
    days = [child for child in sorted(path.iterdir()) if day_of(child.name)]
    if days and is_camera(path.resolve().name):
        _check_camera(path, PurePath(path.resolve().name), report)
        return report
    _check_identity(path, report)
    _check_claims(path, report)
    for child in sorted(path.iterdir()):
        if is_camera(child.name) and child.is_dir() and not child.is_symlink():
            _check_camera(child, PurePath(child.name), report)
        elif child.name not in _ALLOWED and child.name != f".{IDENTITY}.part":
            report.foreign.append(child.name)
    return report


def _check_identity(path: Path, report: Report) -> None:
    try:
        uuid.UUID(str(json.loads((path / IDENTITY).read_bytes())["uuid"]))
    except FileNotFoundError:
        report.notes.append(f"no {IDENTITY}: a part of a store, or a copy without it")
    except (ValueError, KeyError, TypeError):
        report.damaged.append(f"{IDENTITY}: is not what was written")


def _check_claims(path: Path, report: Report) -> None:
    folder = path / CLAIMS
    for claim in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = f"{CLAIMS}/{claim.name}"
        if is_hidden_part(claim.name):
            report.notes.append(f"{name}: is not finished")
        elif claim.is_symlink() or not claim.is_file() or not is_camera(claim.name):
            report.foreign.append(name)
        else:
            try:
                claim_in(claim.read_bytes())
            except (ValueError, KeyError, TypeError):
                report.damaged.append(f"{name}: is not what was written")


def _check_camera(path: Path, name: PurePath, report: Report) -> None:
    for child in sorted(path.iterdir()):
        if day_of(child.name) and child.is_dir() and not child.is_symlink():
            _Day(child, name / child.name, report).check()
        else:
            report.foreign.append(str(name / child.name))


class _Day:
    """One day's folder; `name` is how it is called in the report."""

    def __init__(self, path: Path, name: PurePath, report: Report) -> None:
        self._path = path
        self._day = path.resolve().name
        self._name = name
        self._report = report
        self._known: set[str] = set()  # files that the manifest speaks of, relative to the day
        self._entries: list[dict[str, Any]] = []
        self._pictures: list[dict[str, Any]] = []
        self._purged = False
        self._kept: set[str] = set()

    def check(self) -> None:
        """Adds what is found to the report."""
        self._read_lines(MANIFEST)
        self._read_lines(NOTES)
        for entry in self._entries:
            self._check_event(entry)
        for picture in self._pictures:
            self._check_named(str(picture["picture"]), picture, None)
        self._check_day_files()
        self._look_for_others()

    def _read_lines(self, name: str) -> None:
        manifest = self._path / name
        if manifest.is_symlink() or not manifest.is_file():
            return  # missing, or said to be foreign
        data = manifest.read_bytes()
        lines = list(parse(data))
        last: Line | None = None
        seq = 0
        for number, line in enumerate(lines, start=1):
            ended = number < len(lines) or data.endswith(b"\n")
            if line.torn and (number < len(lines) or not ended):
                self._note(name, f"line {number} is torn (a power cut); the chain goes on")
                continue
            if line.entry is None or not line.sound:
                self._damaged(name, f"line {number} is not what was written")
            if line.entry is None:
                continue
            seq += 1
            said = line.entry.get("prev"), line.entry.get("seq")
            if said != (last.digest if last else None, seq):
                self._damaged(name, f"line {number} does not follow the line before")
            last = line
            if line.sound:  # what a damaged one says may be anything
                self._take(line.entry)

    def _take(self, entry: dict[str, Any]) -> None:
        if "id" in entry:
            self._entries.append(entry)
        elif "picture" in entry:
            self._pictures.append(entry)
        elif "keep" in entry:
            (self._kept.add if entry.get("value") else self._kept.discard)(str(entry["keep"]))
        elif "purged" in entry:
            self._purged = True

    def _check_event(self, entry: dict[str, Any]) -> None:
        self._report.events += 1
        files = entry.get("files")
        if not isinstance(files, dict):
            self._damaged(MANIFEST, f"event {entry['id']} has no list of files")
            return
        for about in files.values():
            name = str(about["name"])
            self._check_named(name, about, str(entry["id"]))

    def _check_named(self, name: str, about: dict[str, Any], event: str | None) -> None:
        self._known.add(name)
        if not is_ours(self._day, *PurePath(name).parts):
            self._damaged(MANIFEST, f"names {name!r}")
        elif (self._path / name).is_file():
            self._check_file(name, about)
        elif not self._purged or event in self._kept:
            self._report.missing.append(str(self._name / name))

    def _check_file(self, name: str, about: dict[str, Any]) -> None:
        size = (self._path / name).stat().st_size
        self._report.files += 1
        self._report.size += size
        folder = os.open(self._path / PurePath(name).parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if size != about["size"]:
                self._damaged(name, f"has {size} bytes instead of {about['size']}")
            elif digest_of(folder, PurePath(name).name) != about["sha256"]:
                self._damaged(name, "is not what was written (SHA-256)")
        except OSError as error:
            self._damaged(name, f"cannot be read: {error.strerror}")
        finally:
            os.close(folder)

    def _check_day_files(self) -> None:
        places: dict[str, list[tuple[str, int, int]]] = {}
        for entry in self._entries:
            for place in entry.get("day", ()):
                where = (str(entry["id"]), place["position_ms"], place["length_ms"])
                places.setdefault(str(place["file"]), []).append(where)
        there = {p.name for p in self._path.iterdir() if part_of(p.name, self._day)}
        for name in sorted(set(places) - there):
            if not self._purged:
                self._report.missing.append(str(self._name / name))
        for name in sorted(there):
            self._check_day_file(name, places.get(name, []))

    def _check_day_file(self, name: str, places: list[tuple[str, int, int]]) -> None:
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            file = open_for_reading(folder, name)
        except OSError as error:
            self._damaged(name, f"cannot be read: {error.strerror}")
            return
        finally:
            os.close(folder)
        try:
            self._report.files += 1
            self._report.size += file.size
            check = check_mkv if name.endswith(".mkv") else check_mp4
            self._take_check(name, check(file.read, file.size), places)
        except OSError as error:
            self._damaged(name, f"cannot be read: {error.strerror}")
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

    def _look_for_others(self) -> None:
        told = {str(entry["id"]) for entry in self._entries}
        for inside in ((), (EVENTS,), (MONITORING,), (SESSIONS,)):
            folder = self._path.joinpath(*inside)
            for child in sorted(folder.iterdir()) if folder.is_dir() else ():
                self._look_at(child, "/".join((*inside, child.name)), told, inside)

    def _look_at(self, child: Path, name: str, told: set[str], inside: tuple[str, ...]) -> None:
        if child.is_dir() and not inside and child.name in {EVENTS, MONITORING, SESSIONS}:
            return
        strange = child.is_symlink() or not (child.is_file() or is_aside(child.name))
        if strange or not is_ours(self._day, *inside, child.name):
            self._report.foreign.append(str(self._name / name))
        elif is_hidden_part(child.name):
            self._note(name, "is not finished")
        elif is_aside(child.name):
            self._note(name, "was put aside because it was damaged")
        elif inside and name not in self._known:
            if event_of(child.name) in told:
                self._report.foreign.append(f"{self._name / name} (not in the manifest)")
            else:
                self._note(name, "is not in the manifest (yet)")

    def _damaged(self, name: str, words: str) -> None:
        self._report.damaged.append(f"{self._name / name}: {words}")

    def _note(self, name: str, words: str) -> None:
        self._report.notes.append(f"{self._name / name}: {words}")
