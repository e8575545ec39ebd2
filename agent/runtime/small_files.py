"""Reading small local files: no pipe, no device, and nothing without an end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

#: Bytes of a file that is no small one.
MOST = 4 * 2**20


def read_small(path: Path, most: int = MOST) -> bytes:
    """The content of a regular file, or of one that a link leads to.

    A pipe with the name of one of our files would let us wait for ever, a link to `/dev/zero` would
    fill the memory.

    Raises:
        OSError: there is none, it cannot be read, is no regular file or has more than `most` bytes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        data = bytearray()
        while len(data) <= most and (more := os.read(descriptor, most + 1 - len(data))):
            data += more
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"has more than {most} bytes", str(path))
    return bytes(data)
