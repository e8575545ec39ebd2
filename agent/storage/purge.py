"""Deletes what retention has picked: regular files with our names, never through a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import PurePath

from agent.core.naming import EVENTS, MONITORING, day_of, is_camera, is_ours
from agent.core.retention import StoredFile
from agent.storage.files import open_folder


def stored_files(store: int, alive: Callable[[], None]) -> Iterator[StoredFile]:
    """All files in the store that only the agent can have named."""
    for camera in _folders(store):
        if not is_camera(camera):
            continue
        camera_fd = open_folder(store, camera)
        try:
            for day in _folders(camera_fd):
                when = day_of(day)
                if when is not None:
                    alive()
                    yield from _day_files(camera_fd, camera, day, when)
        finally:
            os.close(camera_fd)


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
        os.unlink(name, dir_fd=fds[-1])
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


def _day_files(camera_fd: int, camera: str, day: str, when: date) -> Iterator[StoredFile]:
    for inside in ((), (EVENTS,), (MONITORING,)):
        try:
            folder = open_folder(camera_fd, str(PurePath(day, *inside)))
        except OSError:
            continue  # not there, or a symbolic link, which is none of ours
        try:
            for entry in os.scandir(folder):
                if is_ours(day, *inside, entry.name) and entry.is_file(follow_symlinks=False):
                    path = PurePath(camera, day, *inside, entry.name)
                    size = entry.stat(follow_symlinks=False).st_size
                    yield StoredFile(when, str(path), size)
        finally:
            os.close(folder)


def _folders(fd: int) -> list[str]:
    """The real folders in a folder."""
    with os.scandir(fd) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
