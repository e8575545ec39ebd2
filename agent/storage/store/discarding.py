"""Takes a self test's camera out of the store again; touches only what the agent has written."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from agent.core.store_names import day_of
from agent.storage.filesystem.files import folders_in, open_folder
from agent.storage.store.foreign_files import leftover
from agent.storage.store.purge import remove
from agent.storage.store.purge_report import Purged
from agent.storage.store.stored_files import camera_files


class Discarding:
    """Whether the store has to discard the self test's camera; asked for from any thread.

    Args:
        camera: the camera's id.

    At the start it is wanted: the process before may have been killed in the middle of a test.
    """

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self._wanted = Event()
        self._wanted.set()

    @property
    def wanted(self) -> bool:
        """The child is to be asked."""
        return self._wanted.is_set()

    def want(self) -> None:
        """Asks for it; what is under way is repeated."""
        self._wanted.set()

    def begin(self) -> None:
        """The child is being asked; it may be wanted again meanwhile."""
        self._wanted.clear()


def remove_camera(store: int, camera: str, alive: Callable[[], None]) -> None:
    """Deletes the camera's files, and its folders where nothing else lies in them."""
    try:
        folder = open_folder(store, camera)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        days = [name for name in sorted(folders_in(folder)) if day_of(name)]
        for file in list(camera_files(folder, camera, days, alive, Purged())):
            alive()
            remove(store, file)
    finally:
        os.close(folder)
    for day in days:
        leftover(store, camera, day)
    with suppress(OSError):  # a file of another program lies there
        os.rmdir(camera, dir_fd=store)
