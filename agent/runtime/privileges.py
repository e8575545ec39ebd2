"""Root without what root may do: for a process that has to own root's files and nothing more."""

from __future__ import annotations

import ctypes
import os

#: From capability.h: read and write files of any owner.
_FILES = 1
#: Of prctl.h.
_NO_NEW_PRIVILEGES, _BOUNDING_DROP = 38, 24
#: Of capability.h: two words for each set.
_VERSION = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def keep_only_file_rights() -> None:
    """Permanently gives up every capability except that over files, for all children, too.

    To be called before the first thread is started. Does nothing for another user than root.

    Raises:
        OSError: the kernel refuses it.
    """
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        if capability != _FILES and libc.prctl(_BOUNDING_DROP, capability, 0, 0, 0) != 0:
            if capability > _FILES + 1:
                break  # the kernel has no more
            _refused()
    kept = 1 << _FILES
    sets = (_Sets * 2)(_Sets(kept, kept, kept), _Sets(0, 0, 0))
    if libc.capset(ctypes.byref(_Header(_VERSION, 0)), ctypes.byref(sets)) != 0:
        _refused()
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        _refused()


def _refused() -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))
