"""Replaces a small local file as a whole: a reader or a crash sees the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomic(path: Path, data: bytes, mode: int = 0o640, *, sync: bool = True) -> None:
    """Writes beside the file, syncs, renames.

    Args:
        path: the file to replace.
        data: its new content.
        mode: its permissions.
        sync: False where nobody needs the content after a power cut: it spares the SD card.

    Raises:
        OSError: when the folder cannot be written; the old file is untouched then.
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
