"""What an error of the file system means for us. The one place that knows error numbers. Pure."""

from __future__ import annotations

import errno
from enum import Enum

from agent.core.store_code import StoreCode


class Cause(Enum):
    """Why a call failed, as far as it matters what is done about it."""

    NO_ROOM = "no room"  # bytes, inodes, a quota, metadata: the system knows, statvfs may not
    READ_ONLY = "read-only"
    NO_RIGHT = "no right"
    BUSY = "busy"
    ABSENT = "absent"
    TOO_LARGE = "too large"  # FAT ends at 4 GiB, some servers at 2 GiB
    BAD_NAME = "bad name"  # exFAT, NTFS and SMB do not take each name
    NOT_OURS = "not ours"  # a pipe, a link or a folder has the name of a file
    OTHER = "other"


_CAUSES = {
    errno.ENOSPC: Cause.NO_ROOM,
    errno.EDQUOT: Cause.NO_ROOM,
    errno.EROFS: Cause.READ_ONLY,
    errno.EACCES: Cause.NO_RIGHT,
    errno.EPERM: Cause.NO_RIGHT,
    errno.EBUSY: Cause.BUSY,
    errno.ENOENT: Cause.ABSENT,
    errno.ENOTDIR: Cause.ABSENT,
    errno.ENODEV: Cause.ABSENT,
    errno.ENOTCONN: Cause.ABSENT,
    errno.EFBIG: Cause.TOO_LARGE,
    errno.ENAMETOOLONG: Cause.BAD_NAME,
    errno.EINVAL: Cause.BAD_NAME,
    errno.EILSEQ: Cause.BAD_NAME,
    errno.EEXIST: Cause.NOT_OURS,
    errno.EISDIR: Cause.NOT_OURS,
    errno.ELOOP: Cause.NOT_OURS,
}
_CODES = {
    Cause.NO_ROOM: StoreCode.FULL,
    Cause.READ_ONLY: StoreCode.READ_ONLY,
    Cause.NO_RIGHT: StoreCode.READ_ONLY,
    Cause.ABSENT: StoreCode.ABSENT,
}
#: File systems without locks or without fsync on folders answer with one of these.
_NOT_SUPPORTED = {errno.EINVAL, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}


def cause_of(error: OSError) -> Cause:
    """Why a call of the file system failed."""
    return _CAUSES.get(error.errno or 0, Cause.OTHER)


def code_of(error: OSError) -> StoreCode:
    """The store's state that an error of the file system means."""
    return _CODES.get(cause_of(error), StoreCode.FAILING)


def not_supported(error: OSError) -> bool:
    """True when the file system has no locks, or no fsync on folders: it goes without."""
    return error.errno in _NOT_SUPPORTED
