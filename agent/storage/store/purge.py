"""Deletes what retention has picked: regular files with our names, never through a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import PurePath

from agent.core.anchors import Going
from agent.core.clock_corrections import Misdated
from agent.core.errors import reason_of
from agent.core.retention import StoredFile, plan
from agent.core.store_names import (
    EVENTS,
    MANIFEST,
    NOTES,
    event_of,
)
from agent.runtime.clock import Clock
from agent.storage.day.anchored import Anchored
from agent.storage.day.manifest import Manifest
from agent.storage.filesystem.error_causes import Cause, cause_of
from agent.storage.filesystem.files import NotAFile, open_folder
from agent.storage.store.foreign_files import leftover
from agent.storage.store.purge_report import FIRST, Purged, SoFar
from agent.storage.store.shortage import Batch
from agent.storage.store.stored_files import stored_files

#: Deletions in a row without more free space: snapshots hold the blocks, or another program has
#: the files open. Further deletions would empty the archive for nothing.
FRUITLESS = 2
#: Smaller files say nothing about whether deleting helps.
_TELLING = 1 << 20
#: What a file or folder that is not ours answers, of a restored backup for instance; and a file
#: system so full that it cannot even delete.
_STUCK = {Cause.NO_RIGHT, Cause.BUSY, Cause.NO_ROOM}
#: What helps when only today's and kept recordings are left.
NOTHING_OLD = "nothing older may be deleted: delete what is not ours, or give the store more room"
#: Why a file goes when the system refuses a write.
NO_ROOM = "the system has no room"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator wants.

    Attributes:
        today: the local date.
        days: older recordings go.
        clock_trusted: nothing goes without.
        max_size: bytes that all recordings may take; None: any.
        keep_free: bytes that are to stay free.
        misdated: dates from before the clock was set.
        batch: what is to go because the system has refused a write, with any free space.
        so_far: what the rounds before came to; it goes on from there.
    """

    today: date
    days: int
    clock_trusted: bool
    max_size: int | None = None
    keep_free: int = 0
    misdated: tuple[Misdated, ...] = ()
    batch: Batch | None = None
    so_far: SoFar = FIRST


class Purge:
    """One run over an open store, a round of a purge.

    The first round asks for all days that it will need, as if deleting helped; the second one
    deletes. Where that was too little, each further one asks for twice as much: few rounds are
    enough in any case.

    Args:
        store: its folder.
        open_days: (camera, day) that are being written: never touched.
        free: bytes that are free now.
        clock: for the note in the manifest.
        alive: called now and then.
        stranger: None for a camera's folder that is ours, else the owner, "" for nobody.
        dry: only say what would be deleted.
        anchored: how far it may go with each day; None: as far as it likes.
    """

    def __init__(
        self,
        store: int,
        open_days: Collection[tuple[str, str]],
        free: Callable[[], int],
        clock: Clock,
        alive: Callable[[], None],
        stranger: Callable[[str], str | None],
        *,
        dry: bool = False,
        anchored: Anchored | None = None,
    ) -> None:
        self._store = store
        self._dry = dry
        self._anchored = anchored or Anchored(store, "", None)
        self._open_days = open_days
        self._free = free
        self._clock = clock
        self._alive = alive
        self._stranger = stranger
        self._kept: dict[tuple[str, str], frozenset[str] | None] = {}
        self._unsaid: set[tuple[str, str]] = set()  # days whose manifest could not take the note
        self._done = Purged()
        self._fruitless = 0
        self._in_turn = False  # deletions now are for free space, the oldest first
        self._plan = (0, 0)  # files and bytes that the next round will delete

    def run(self, rules: Rules) -> Purged:
        """Deletes what is too old, then the oldest until size and free space are right."""
        files = list(stored_files(self._store, self._alive, self._stranger, self._done))
        self._anchored.listed(self._done.days)
        for file in files:
            day = file.day.isoformat()
            self._done.stored[day] = self._done.stored.get(day, 0) + file.size
        decided = plan(
            files,
            rules.today,
            rules.days,
            clock_trusted=rules.clock_trusted,
            misdated=rules.misdated,
        )
        self._done.refused = decided.refused
        for file in decided.delete:
            self._delete(file, f"older than {rules.days} days")
        self._in_turn, self._fruitless = True, rules.so_far.fruitless
        self._done.cure = self._make_room(decided.for_room, rules)
        if decided.refused:
            self._done.cure = f"{decided.refused}, so nothing is deleted: {decided.cure}"
        self._look_what_is_left()
        self._done.so_far = rules.so_far.and_then(self._done.total(), self._fruitless)
        return self._done

    def _make_room(self, files: tuple[StoredFile, ...], rules: Rules) -> str | None:
        """Deletes until there is space; returns why it could delete no more, and what helps."""
        promised = self._done.total()[1] if self._dry else 0
        for file in files:
            planned = self._planned(rules)[1]
            too_much = sum(self._done.stored.values()) - planned - (rules.max_size or 0)
            if rules.max_size is not None and too_much > 0:
                self._delete(file, "more than max_size is stored")
                continue
            if self._owes(rules):
                self._delete(file, NO_ROOM)
                continue
            before = self._free() + promised
            if before + planned >= rules.keep_free:
                return None
            if self._fruitless >= FRUITLESS:
                return "deleting frees nothing: delete snapshots, or end who holds old files open"
            if self._delete(file, "less than keep_free is free"):
                promised += file.size if self._dry else 0
                helped = self._free() + promised - before >= file.size // 2
                self._fruitless = 0 if helped or file.size < _TELLING else self._fruitless + 1
        if self._done.wanted:
            return None
        if self._done.stuck:
            return f"what is old cannot be deleted: {self._done.stuck[0]}"
        return NOTHING_OLD

    def _owes(self, rules: Rules) -> bool:
        """True until a batch is deleted or planned; what has gone for other reasons counts."""
        if rules.batch is None:
            return False
        parts = self._done.total(), self._planned(rules)
        files = rules.so_far.files + sum(files for files, _ in parts)
        size = rules.so_far.size + sum(size for _, size in parts)
        return files < rules.batch.files and size < rules.batch.size

    def _planned(self, rules: Rules) -> tuple[int, int]:
        """Files and bytes that the next round will free: of the plan all, then half, a quarter."""
        files, size = (each >> rules.so_far.rounds for each in self._plan)
        return files, size if files else 0

    def _look_what_is_left(self) -> None:
        """Notes the days that this run has emptied, and that are still there for others' files."""
        days = {PurePath(path).parts[:2] for path, _, _ in self._done.removed if not self._dry}
        for camera, day in sorted(days):
            name = leftover(self._store, camera, day)
            if name is not None:
                self._done.left.append(f"{camera}/{day}/{name}")

    def _delete(self, file: StoredFile, reason: str) -> bool:
        """Deletes one file; False: it is spared, gone, or cannot be deleted."""
        try:
            return self._try_to_delete(file, reason)
        except OSError as error:
            if cause_of(error) not in _STUCK:
                raise
            self._done.stuck.append(f"{file.path}: {reason_of(error)}")
            return False

    def _try_to_delete(self, file: StoredFile, reason: str) -> bool:
        self._alive()
        if self._spared(file):
            return False
        if not self._allowed(file) or (self._in_turn and self._done.wanted):
            self._plan = (self._plan[0] + 1, self._plan[1] + file.size)
            return False
        if not self._dry and not remove(self._store, file):
            return False
        if not self._dry and PurePath(file.path).name == MANIFEST:
            # it may have been written after the listing, to say that files are missing
            notes = PurePath(file.path).with_name(NOTES)
            remove(self._store, StoredFile(file.day, str(notes), 0))
        self._done.removed.append((file.path, file.size, reason))
        self._done.stored[file.day.isoformat()] -= file.size
        for each in tuple(self._unsaid):
            self._look_into(*each)  # there may be space for the note now
        return True

    def _spared(self, file: StoredFile) -> bool:
        """True for files of kept events, the manifest that says so, open days, and copies."""
        camera, day, *rest = PurePath(file.path).parts
        if (camera, day) in self._open_days:
            return True
        if (camera, day) not in self._kept:
            self._kept[camera, day] = self._look_into(camera, day)
        kept = self._kept[camera, day]
        if kept is None:
            return True
        if rest[0] in {MANIFEST, NOTES}:
            return bool(kept)
        return rest[0] == EVENTS and event_of(rest[-1]) in kept

    def _allowed(self, file: StoredFile) -> bool:
        """False until the anchor says so: it must know of a loss before it happens."""
        camera, day, *rest = PurePath(file.path).parts
        going = Going.LEAVING if rest[0] in {MANIFEST, NOTES} else Going.PURGED
        if self._anchored.allows(camera, day, going):
            return True
        if (camera, day, going) not in self._done.wanted:
            self._done.wanted.append((camera, day, going))
        return False

    def _look_into(self, camera: str, day: str) -> frozenset[str] | None:
        """The kept events of a day; before its first file goes, its manifest says so.

        None: the day is left alone, for want of a manifest that can be read, or it is another
        camera's day that somebody copied.
        """
        self._unsaid.discard((camera, day))
        try:
            folder = open_folder(self._store, f"{camera}/{day}")
        except FileNotFoundError:
            return frozenset()  # its last file has gone meanwhile
        try:
            manifest = Manifest(folder, partial(self._anchored.wrote, camera, day))
        except NotAFile as error:
            self._done.stuck.append(f"{camera}/{day}/{error.filename}: {reason_of(error)}")
            return None
        else:
            if manifest.cameras - {camera}:
                self._done.strange.append(f"{camera}/{day}")
                return None
            self._anchored.opened(camera, day, manifest)
            allowed = self._anchored.allows(camera, day, Going.PURGED)
            if not self._dry and allowed and manifest.newest is not None:
                self._note_purge(manifest, camera, day)
            return manifest.kept
        finally:
            os.close(folder)

    def _note_purge(self, manifest: Manifest, camera: str, day: str) -> None:
        """On a full disk there is space for the note only after a file has gone."""
        try:
            manifest.purge(self._clock.utc())
        except OSError as error:
            if cause_of(error) is not Cause.NO_ROOM:
                raise
            self._unsaid.add((camera, day))


def remove(store: int, file: StoredFile) -> bool:
    """Deletes one file, and its folders when they are empty then; False when it is gone."""
    parents = PurePath(file.path).parts
    *folders, name = parents
    fds = [os.dup(store)]
    try:
        for folder in folders:
            fds.append(open_folder(fds[-1], folder))
        if not stat.S_ISREG(os.stat(name, dir_fd=fds[-1], follow_symlinks=False).st_mode):
            return False
        unlink(fds[-1], name)
        # the camera's own folder stays
        for parent, folder in list(zip(fds, folders, strict=False))[:0:-1]:
            with suppress(OSError):  # not empty: the usual case
                os.rmdir(folder, dir_fd=parent)
    except (FileNotFoundError, NotADirectoryError):
        return False
    finally:
        for fd in fds:
            os.close(fd)
    return True


def unlink(folder: int, name: str) -> None:
    """Deletes a file. On a file system too full to delete (btrfs, ZFS) it cuts the file first.

    Raises:
        OSError: what the file system says.
    """
    try:
        os.unlink(name, dir_fd=folder)
    except OSError as error:
        if cause_of(error) is not Cause.NO_ROOM:
            raise
        flags = os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        os.close(os.open(name, flags, dir_fd=folder))
        os.unlink(name, dir_fd=folder)
