"""What is left of a day when all of ours has gone: others' files, which are never deleted."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import PurePath

from agent.core.store_names import EVENTS, MONITORING, SESSIONS, is_ours
from agent.storage.filesystem.files import open_folder

#: Where in a day's folder files of ours lie.
PLACES = ((), (EVENTS,), (MONITORING,), (SESSIONS,))


def leftover(store: int, camera: str, day: str) -> str | None:
    """What is not ours in a day that has nothing of ours any more; its empty folders go.

    None: something is ours, or nothing is left.
    """
    foreign = []
    try:
        folder = open_folder(store, f"{camera}/{day}")
    except OSError:
        return None
    try:
        for inside in PLACES:
            for name in _names(folder, *inside):
                if is_ours(day, *inside, name):
                    return None
                if (name,) not in PLACES:
                    foreign.append("/".join((*inside, name)))
        for place in filter(None, PLACES):
            with suppress(OSError):  # not there, or not empty
                os.rmdir(*place, dir_fd=folder)
    finally:
        os.close(folder)
    if not foreign:
        with suppress(OSError):
            os.rmdir(f"{camera}/{day}", dir_fd=store)
    return foreign[0] if foreign else None


def _names(folder: int, *inside: str) -> list[str]:
    try:
        inner = open_folder(folder, str(PurePath(*inside)))
    except OSError:
        return []  # not there, or a symbolic link, which is none of ours
    try:
        return sorted(os.listdir(inner))  # noqa: PTH208  a descriptor, not a path
    finally:
        os.close(inner)
