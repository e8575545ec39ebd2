"""Replaces a small local file as a whole: a reader or a crash sees the old one or the new one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

#: Where a folder cannot be synced, or may not be read, its file system has the last word.
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES}


def write_atomic(path: Path, data: bytes, mode: int = 0o640, *, sync: bool = True) -> None:
    """Writes a second file, syncs, renames, syncs the folder: else the old name may come back.

    Args:
        path: the file to replace.
        data: its new content.
        mode: its permissions.
        sync: False where nobody needs the content after a power cut: it spares the SD card.

    Raises:
        OSError: when the folder cannot be written; the old file is untouched then. When only the
            folder's sync fails, the new one is there, and a power cut may bring the old one back.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)  # left by a crash; or a pipe or a link, which is not written to
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    if sync:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
