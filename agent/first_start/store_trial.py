"""Looks whether a folder can be the image store: identity, rights, space. Nothing of it stays."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.core.errors import reason_of
from agent.core.store_code import StoreCode
from agent.core.store_names import IDENTITY, part_name
from agent.storage.store.identity import StoreRefused, Terms, is_empty, look_at_store, refused_by
from schemas.config import StoreConfig

#: Rights of a folder that is made: the agent writes, its group reads.
_MODE = 0o750

Said = dict[str, Any]


def tried(path: str, *, make: bool) -> Said:
    """Whether recordings can go there; else why not, and what helps.

    Args:
        path: absolute.
        make: make the folder where only its last part is missing.
    """
    if make:
        try:
            os.mkdir(path, _MODE)  # noqa: PTH102  one level: what is above may not be mounted
        except FileExistsError:
            pass
        except OSError as error:
            return _no(f"{path} cannot be made: {reason_of(error)}")
    folder = Path(path)
    if not os.path.lexists(folder):
        there = folder.parent.is_dir()
        words = f"there is no folder {path}: make it, or mount what it is on"
        return {**_no(words), "make": there}
    new = False
    try:
        os.close(look_at_store(Terms(path, "", by_hand=False)))
    except StoreRefused as refused:
        new = refused.code is StoreCode.NOT_ADOPTED and _is_empty(path)
        if not new:
            return _no("; ".join(filter(None, (str(refused), refused.helps))))
    return _with_room(path, new=new)


def _with_room(path: str, *, new: bool) -> Said:
    """Writes a file as large as a page and takes it away: only that shows what rights are worth."""
    part = os.path.join(path, part_name(IDENTITY))  # noqa: PTH118
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, bytes(4096))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            with suppress(OSError):
                os.unlink(part)  # noqa: PTH108
        room = os.statvfs(path)
    except FileExistsError:
        return _no(f"{part} is in the way: take it away")
    except OSError as error:
        refused = refused_by(error, path)
        return _no("; ".join(filter(None, (str(refused), refused.helps))))
    free = room.f_bavail * room.f_frsize
    least = StoreConfig(path=Path(path)).keep_free
    gib = f"{free / 2**30:.1f} GiB are free"
    if free <= least:
        return _no(f"{gib}, and the agent leaves {least / 2**30:.1f} GiB free: nothing would fit")
    what = "an empty folder" if new else "an image store already: its recordings stay"
    return {"ok": True, "message": f"{what}; it can be written; {gib}"}


def _is_empty(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return is_empty(descriptor)
    finally:
        os.close(descriptor)


def _no(words: str) -> Said:
    return {"ok": False, "message": words}
