"""Lists what lies in the store and has a name of ours; what only looks like it is noted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import PurePath

from agent.core.retention import StoredFile
from agent.core.store_names import day_of, is_camera, is_of_another_day, is_ours, part_of
from agent.storage.filesystem.files import folders_in, open_folder
from agent.storage.store.foreign_files import PLACES
from agent.storage.store.purge_report import Purged


def stored_files(
    store: int,
    alive: Callable[[], None],
    stranger: Callable[[str], str | None],
    done: Purged,
) -> Iterator[StoredFile]:
    """All files in our cameras' folders that only the agent can have named.

    Args:
        store: its open folder.
        alive: called now and then.
        stranger: None for a camera's folder that is ours, else the owner, "" for nobody.
        done: gets what is strange, others' folders and nobody's.
    """
    for camera in folders_in(store):
        if not is_camera(camera):
            continue
        try:
            camera_fd = open_folder(store, camera)
        except PermissionError:
            continue  # a foreign folder, which only looks like a camera's
        try:
            names = os.listdir(camera_fd)  # noqa: PTH208  a descriptor, not a path
            days = [name for name in sorted(names) if day_of(name)]
            whose = stranger(camera) if days else None
            if whose is None:
                done.days[camera] = days
                yield from camera_files(camera_fd, camera, days, alive, done)
            elif whose:
                done.others.append(f"{camera} ({whose})")
            else:
                done.unclaimed.append(camera)
        finally:
            os.close(camera_fd)


def camera_files(
    camera_fd: int, camera: str, days: list[str], alive: Callable[[], None], done: Purged
) -> Iterator[StoredFile]:
    """The same of one camera's folder, of these days."""
    real = set(folders_in(camera_fd))
    for day in days:
        alive()
        when = day_of(day)
        if when is None or day not in real or _is_copy(camera_fd, day):
            done.strange.append(f"{camera}/{day}")
        else:
            yield from _day_files(camera_fd, camera, day, when, done)


def _is_copy(camera_fd: int, day: str) -> bool:
    """True for a folder with another day's file instead of its own: a copy, or somebody's mount."""
    try:
        folder = open_folder(camera_fd, day)
    except OSError:
        return False
    try:
        if os.fstat(folder).st_dev != os.fstat(camera_fd).st_dev:
            return True
        names = os.listdir(folder)  # noqa: PTH208  a descriptor, not a path
        own = any(part_of(name, day) for name in names)
        return not own and any(is_of_another_day(name, day) for name in names)
    except PermissionError:
        return False
    finally:
        os.close(folder)


def _day_files(
    camera_fd: int, camera: str, day: str, when: date, done: Purged
) -> Iterator[StoredFile]:
    for inside in PLACES:
        try:
            folder = open_folder(camera_fd, str(PurePath(day, *inside)))
        except OSError:
            continue  # not there, or a symbolic link, which is none of ours
        try:
            for entry in os.scandir(folder):
                if not is_ours(day, *inside, entry.name):
                    continue
                path = PurePath(camera, day, *inside, entry.name)
                if entry.is_file(follow_symlinks=False):
                    yield StoredFile(when, str(path), entry.stat(follow_symlinks=False).st_size)
                else:
                    done.strange.append(str(path))
        finally:
            os.close(folder)
