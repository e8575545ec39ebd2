"""A store against its anchor: what was taken out, changed or added, and what is only newer."""

from __future__ import annotations

import json
import os
import select
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.core.anchors import (
    SHOWN_DAYS,
    CameraAnchor,
    DayAnchor,
    Going,
    Head,
    older_of,
)
from agent.core.errors import ConfigError
from agent.core.json_objects import once
from agent.core.store_names import MANIFEST, NOTES
from agent.storage.day.anchored import cut, told, unexplained, words_of
from agent.storage.filesystem.files import NotAFile, exists
from agent.storage.store.anchor_keeper import LIMIT, anchors_in, key_in
from agent.storage.verify.lines import lines_in
from agent.storage.verify.report import Report

#: Objects and lists in what is taken for anchors: more is none, and would fill the memory.
_NESTED = 400_000
#: Seconds without a byte of an anchor.
_SILENCE = 30.0
#: A running agent writes its anchor during `verify`: the anchor is read again at most this often.
_TRIES = 3
#: Lines behind an anchor that are looked into; there are more only where somebody added them.
_BEHIND = 1000
_PIECE = 1 << 16


@dataclass(slots=True)
class Reached:
    """How far a manifest reaches, seen from its anchor.

    Attributes:
        digest: of the line that the anchor ends with, None when there is none.
        count: sound lines.
        behind: what the lines behind the anchor say.
        head: of all sound lines.
    """

    digest: str | None = None
    count: int = 0
    behind: list[dict[str, Any]] = field(default_factory=list)
    head: Head = field(default_factory=Head)


class Against:
    """The anchors that a store is compared with; `store` is the uuid that they are of."""

    def __init__(
        self, read: Callable[[], list[CameraAnchor]], key: bytes | None, *, file: bool
    ) -> None:
        self._read = read
        self._again = file
        self._key = key
        self._cameras: dict[str, CameraAnchor] = {}
        self._load()

    @property
    def anchors(self) -> Iterable[CameraAnchor]:
        """One for each camera."""
        return self._cameras.values()

    def of(self, camera: str) -> CameraAnchor | None:
        """A camera's anchor."""
        return self._cameras.get(camera)

    def day(self, camera: str, day: str) -> DayAnchor | None:
        """A day's anchor; of one that is not listed and not among the older ones an empty one."""
        anchor = self._cameras.get(camera)
        if anchor is None:
            return None
        known = next((each for each in anchor.days if each.day == day), None)
        return known or (None if self.is_older(camera, day) else DayAnchor(day))

    def is_older(self, camera: str, day: str) -> bool:
        """True for a day that only the digest of the older ones speaks of."""
        anchor = self._cameras[camera]
        listed = [each.day for each in anchor.days]
        return anchor.older is not None and day not in listed and day < listed[-SHOWN_DAYS:][0]

    def unsigned(self) -> Iterable[str]:
        """The cameras whose anchor is not signed with the key that was given."""
        key = self._key
        return [
            c for c, a in self._cameras.items() if key is not None and not a.is_signed_with(key)
        ]

    def unchecked(self) -> bool:
        """True when there are signatures and no key to check them with."""
        return self._key is None and any(anchor.mac for anchor in self._cameras.values())

    def again(self) -> bool:
        """Reads the anchors again, where they may have grown; True when they have."""
        before = self._cameras
        if self._again:
            with suppress(ConfigError):  # gone meanwhile: what was read holds
                self._load()
        return self._cameras != before

    def _load(self) -> None:
        self._cameras = {anchor.camera: anchor for anchor in self._read()}


def asked_for(place: str | None, key: Path | None) -> Against | None:
    """The anchors that a command line names, and the file with the key of their signatures.

    Raises:
        ConfigError: there are none, or no key.
    """
    if place is not None:
        return against(place, None if key is None else key_in(key))
    if key is not None:
        raise ConfigError("verify: --key checks the signature of an anchor: name it by --against")
    return None


def against(place: str, key: bytes | None) -> Against:
    """The anchors in a file, or `-` for those that come in.

    Raises:
        ConfigError: there are none.
    """
    if place == "-":
        anchors = _parse(_bytes_of(sys.stdin.fileno(), "-"), "-")
        return Against(lambda: anchors, key, file=False)
    file = Path(place)
    regular = file.is_file()
    anchors = _anchors_of(file)
    return Against((lambda: _anchors_of(file)) if regular else lambda: anchors, key, file=regular)


def check_anchors(anchors: Against, uuid: str | None, report: Report) -> bool:
    """What there is to say of the anchors themselves; False: they are another store's."""
    for camera in anchors.unsigned():
        report.say("damaged", f"anchor of {camera}: it is not signed with this key")
    if anchors.unchecked():
        report.say("notes", "the anchor is signed; nobody has checked it without --key")
    for anchor in anchors.anchors:
        if uuid is not None and anchor.store != uuid:
            report.say("damaged", f"this is store {uuid}, the anchor is of store {anchor.store}")
            return False
        if anchor.since is None:
            report.say("notes", f"anchor of {anchor.camera}: days from before it are not in it")
        for each in anchor.breaks:
            words = f"found by the agent at {each.ts}, otherwise than it had left it: {each.what}"
            report.say("damaged", f"{anchor.camera}/{each.day}: {words}")
        if anchor.broken > len(anchor.breaks):
            words = f"and {anchor.broken - len(anchor.breaks)} times before"
            report.say("damaged", f"{anchor.camera}: {words}")
    times = sorted({anchor.ts for anchor in anchors.anchors})
    since = f" of {times[0]}" if times else ""
    report.proof = (
        f"proven: what the anchor{since} speaks of is there and as it was written, as far as the"
        " anchor can be believed; not proven: what is newer, and what no manifest speaks of"
    )
    return True


def check_day(anchors: Against, camera: str, day: str, folder: int, report: Report) -> None:
    """A day's manifests against the anchor."""
    for name in (MANIFEST, NOTES):
        for _ in range(_TRIES):
            found = _difference(anchors, camera, day, folder, name)
            if found is None or not anchors.again():
                break
        if found is not None:
            report.say(found[0], f"{camera}/{day}/{name}: {found[1]}")


def trusted_notes(anchors: Against, camera: str, day: str) -> int | None:
    """How many lines of `notes.jsonl` are believed; None: all."""
    left = anchors.day(camera, day)
    return None if left is None else left.notes.count


def check_missing(anchors: Against, camera: str, there: Iterable[str], report: Report) -> None:
    """Days of the anchor that are not in the store."""
    anchor = anchors.of(camera)
    for day in anchor.days if anchor else ():
        lines = day.events.count + day.notes.count
        if day.day not in there and lines and day.going is not Going.LEAVING:
            report.say("missing", f"{camera}/{day.day}: the day is gone, {told(day)}")


def check_older(anchors: Against, camera: str, heads: dict[str, Head], report: Report) -> None:
    """The days that only one digest speaks of."""
    anchor = anchors.of(camera)
    if anchor is None or anchor.older is None:
        return
    older = [(day, head) for day, head in sorted(heads.items()) if anchors.is_older(camera, day)]
    found = older_of(older)
    if found != anchor.older:
        first = anchor.days[-SHOWN_DAYS:][0].day
        there = found.days if found else 0
        words = f"{there} days with events, {anchor.older.days} in the anchor"
        words += ", or their events are not those that were written"
        report.say(
            "damaged", f"{camera}: the days before {first}: {words} (anchor.json tells which)"
        )


def reached(folder: int, name: str, head: Head) -> Reached:
    """How far a manifest reaches; nothing where there is none."""
    found = Reached()
    if not exists(folder, name):
        return found
    try:
        for each in lines_in(folder, name):
            if each.line.entry is None or not each.line.sound:
                continue
            found.count += 1
            if found.count == head.count:
                found.digest = each.line.digest
            elif found.count > head.count and len(found.behind) < _BEHIND:
                found.behind.append(each.line.entry)
            last = each.line
    except NotAFile:
        return Reached()
    if found.count:
        found.head = Head(found.count, last.digest)
    return found


def _difference(
    anchors: Against, camera: str, day: str, folder: int, name: str
) -> tuple[str, str] | None:
    """What is otherwise than the anchor says: the kind of line in the report, and the words."""
    anchor, left = anchors.of(camera), anchors.day(camera, day)
    if anchor is None or left is None:
        return None
    head = left.events if name == MANIFEST else left.notes
    found = reached(folder, name, head)
    if left.going is Going.LEAVING and not found.count:
        return None
    if found.digest != head.digest:
        return "damaged", f"{cut(head.count, found.count)}, {told(left)}"
    added = unexplained(found.behind, anchor.writing, left.going)
    if not added:
        return None
    if not anchor.settled or (anchor.since is None and not head.count):
        return "unproven", f"{words_of(added)} are newer than the anchor: written since, or added"
    return "damaged", f"{words_of(added)} that the agent did not write"


def _anchors_of(file: Path) -> list[CameraAnchor]:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"--against {file}: {error.strerror}") from error
    try:
        return _parse(_bytes_of(descriptor, str(file)), str(file))
    finally:
        os.close(descriptor)


def _bytes_of(descriptor: int, name: str) -> bytes:
    """What a file, a pipe or a terminal has to say; bounded, and not waited for without end."""
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        raise ConfigError(f"--against {name}: is a folder; anchor.json is in the state folder")
    pieces: list[bytes] = []
    size = 0
    while select.select([descriptor], [], [], _SILENCE)[0]:
        try:
            piece = os.read(descriptor, _PIECE)
        except OSError as error:
            raise ConfigError(f"--against {name}: {error.strerror}") from error
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        if size > LIMIT:
            raise ConfigError(f"--against {name}: is longer than any anchor")
    raise ConfigError(f"--against {name}: nothing came for {_SILENCE:.0f} s")


def _parse(data: bytes, name: str) -> list[CameraAnchor]:
    """The anchors of one file, or of many messages, a line each."""
    if data.count(b"{") + data.count(b"[") > _NESTED:
        raise ConfigError(f"--against {name}: is no anchor")
    try:
        try:
            found = anchors_in(_json(data))
        except json.JSONDecodeError:
            found = [a for line in data.splitlines() if line for a in anchors_in(_json(line))]
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"--against {name}: is no anchor: {error}") from error
    if not found:
        raise ConfigError(f"--against {name}: has no anchor in it")
    return found


def _json(data: bytes) -> object:
    return json.loads(data, parse_constant=_no_number, object_pairs_hook=once)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")
