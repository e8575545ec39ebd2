"""`surveillance-agent verify`: is everything in a store, or a copy of it, as it was written?

Reads only, with the standard library. It compares every event's files with the SHA-256 in the
manifest, the manifest's lines with each other, and every byte of the day's files with their
checksums. If there is an anchor, it compares all of that with it, see `agent.core.anchors`.
It may verify a store while an agent writes: files that are not complete yet are notes, not faults.
"""

from __future__ import annotations

import json
import os
import stat
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePath

from agent.core.anchors import Head
from agent.core.errors import ConfigError, reason_of
from agent.core.store_names import CLAIMS, IDENTITY, MANIFEST, day_of, is_camera, is_hidden_part
from agent.storage.filesystem.files import open_folder, read_whole, status
from agent.storage.store.claims import claim_in
from agent.storage.verify.anchor import (
    Against,
    check_anchors,
    check_missing,
    check_older,
    reached,
)
from agent.storage.verify.folder import DayFolder, names_in
from agent.storage.verify.report import Report

#: Found at the root of file systems and left alone.
_ALLOWED = {IDENTITY, CLAIMS, "lost+found"}
_SMALL = 1 << 14


def verify_store(
    path: Path, anchors: Against | None = None, seen: Callable[[int], object] = lambda _: None
) -> Report:
    """Checks a store, one camera's folder in it, or one day's folder.

    Args:
        path: the folder.
        anchors: what it is compared with.
        seen: called with the bytes that were read, as they are read.

    Raises:
        ConfigError: there is no such folder, or it cannot be read.
    """
    report = Report(seen=seen)
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except NotADirectoryError:
        raise ConfigError(f"verify: {path} is no folder") from None
    except OSError as error:
        words = "is no folder" if isinstance(error, FileNotFoundError) else reason_of(error)
        raise ConfigError(f"verify: {path} {words}") from None
    try:
        _Check(report, anchors).look(folder, path.resolve())
    finally:
        os.close(folder)
    return report


class _Check:
    def __init__(self, report: Report, anchors: Against | None) -> None:
        self._report = report
        self._anchors = anchors

    def look(self, folder: int, path: Path) -> None:
        """Checks what the folder is: a day, a camera or a store."""
        names = names_in(folder, ".", self._report)
        if day_of(path.name):
            self._believe(None)
            DayFolder(
                folder,
                path.name,
                PurePath(path.name),
                path.parent.name,
                self._report,
                self._anchors,
            ).check()
        elif is_camera(path.name) and any(day_of(name) for name in names):
            self._believe(None)
            self._check_camera(folder, path.name)
        else:
            self._check_store(folder, names)

    def _believe(self, store: str | None) -> None:
        if self._anchors is not None and not check_anchors(self._anchors, store, self._report):
            self._anchors = None

    def _check_store(self, folder: int, names: list[str]) -> None:
        self._believe(_identity(folder, self._report))
        _check_claims(folder, self._report)
        cameras = set()
        for name in names:
            if is_camera(name) and _is_folder(folder, name):
                cameras.add(name)
                self._open_camera(folder, name)
            elif (name == CLAIMS and not _is_folder(folder, name)) or (
                name not in _ALLOWED and name != f".{IDENTITY}.part"
            ):
                self._report.say("foreign", name)
        for anchor in self._anchors.anchors if self._anchors else ():
            if anchor.camera not in cameras and self._anchors:
                check_missing(self._anchors, anchor.camera, (), self._report)

    def _open_camera(self, store: int, name: str) -> None:
        try:
            folder = open_folder(store, name)
        except OSError as error:
            self._report.say("damaged", f"{name}: cannot be read: {reason_of(error)}")
            return
        try:
            self._check_camera(folder, name)
        finally:
            os.close(folder)

    def _check_camera(self, folder: int, camera: str) -> None:
        days, heads = set(), {}
        for name in names_in(folder, camera, self._report):
            if not day_of(name) or not _is_folder(folder, name):
                self._report.say("foreign", f"{camera}/{name}")
                continue
            days.add(name)
            heads[name] = self._check_day(folder, camera, name)
        if self._anchors is None:
            return
        if self._anchors.of(camera) is None:
            self._report.say("notes", f"{camera}: is not in the anchor")
        check_missing(self._anchors, camera, days, self._report)
        check_older(self._anchors, camera, heads, self._report)

    def _check_day(self, parent: int, camera: str, day: str) -> Head:
        """Checks a day; how far its events reach, where only the digest of many speaks of it."""
        name = PurePath(camera, day)
        head = Head()
        try:
            folder = open_folder(parent, day)
        except OSError as error:
            self._report.say("damaged", f"{name}: cannot be read: {reason_of(error)}")
            return head
        try:
            DayFolder(folder, day, name, camera, self._report, self._anchors).check()
            if self._anchors and self._anchors.of(camera) and self._anchors.is_older(camera, day):
                head = reached(folder, MANIFEST, head).head
        except OSError as error:
            self._report.say("damaged", f"{name}: cannot be read: {reason_of(error)}")
        finally:
            os.close(folder)
        return head


def _identity(folder: int, report: Report) -> str | None:
    """The store's uuid, None where it is not known."""
    try:
        said = json.loads(read_whole(folder, IDENTITY, _SMALL))
        return str(uuid.UUID(str(said["uuid"])))
    except FileNotFoundError:
        report.say("notes", f"no {IDENTITY}: a part of a store, or a copy without it")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        report.say("damaged", f"{IDENTITY}: is not what was written")
    return None


def _check_claims(store: int, report: Report) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        folder = open_folder(store, CLAIMS)
        try:
            for name in names_in(folder, CLAIMS, report):
                _check_claim(folder, name, report)
        finally:
            os.close(folder)


def _check_claim(folder: int, claim: str, report: Report) -> None:
    name = f"{CLAIMS}/{claim}"
    about = status(folder, claim)
    if about is None:
        return
    if is_hidden_part(claim):
        report.say("notes", f"{name}: is not finished")
    elif not stat.S_ISREG(about.st_mode) or not is_camera(claim):
        report.say("foreign", name)
    else:
        try:
            claim_in(read_whole(folder, claim, _SMALL))
        except (OSError, ValueError, KeyError, TypeError):
            report.say("damaged", f"{name}: is not what was written")


def _is_folder(parent: int, name: str) -> bool:
    about = status(parent, name)
    return about is not None and stat.S_ISDIR(about.st_mode)
