"""Who may read the agent's files: its own umask, and the operator's umask."""

from __future__ import annotations

import os

_PRIVATE = 0o027
_given: int | None = None


def keep_private() -> None:
    """Pictures, settings, journal: for us and our group. A stricter mask of the operator stays."""
    global _given  # noqa: PLW0603  a process has one umask
    before = os.umask(_PRIVATE)
    if _given is None:
        _given = before
    os.umask(before | _PRIVATE)


def given_umask() -> int:
    """The operator's umask, before `keep_private`."""
    if _given is not None:
        return _given
    mask = os.umask(_PRIVATE)
    os.umask(mask)
    return mask


def give_back() -> None:
    """Before this process becomes another program: that one finds the operator's umask again."""
    os.umask(given_umask())


def umask_of(file_mode: str) -> int:
    """The umask for files of the store, by `store.file_mode`: private, group or umask."""
    if file_mode == "group":
        return 0o007
    return given_umask() if file_mode == "umask" else given_umask() | _PRIVATE
