"""Where a spool lies: a folder of its own, on the disk or in memory."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import stat
from pathlib import Path

from agent.core.errors import ConfigError

log = logging.getLogger(__name__)

#: Where `store.spool.path: memory` lies: it outlives the agent, not the machine.
MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own below it
_PRIVATE = 0o700


def claim(folder: Path) -> None:
    """Makes the folder; one in memory that is not ours is not used.

    In memory (/dev/shm) anybody may have made a folder or a link of that name before us.

    Raises:
        OSError: it cannot be made, or belongs to another user.
    """
    folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    if folder.parent == MEMORY and not _is_own(folder):
        raise PermissionError(errno.EPERM, "belongs to another user")


def memory_spool(name: str, limit_bytes: int) -> tuple[Path, int]:
    """The folder of a spool in memory, and how much of `limit_bytes` it can have there.

    Args:
        name: tells agents on one machine apart.
        limit_bytes: what is wanted; a container's /dev/shm has 64 MiB unless told otherwise.

    Raises:
        ConfigError: this system has no such memory.
    """
    try:
        figures = os.statvfs(MEMORY)
    except OSError as error:
        raise ConfigError(f"store.spool.path: memory: {MEMORY}: {error.strerror}") from error
    room = figures.f_blocks * figures.f_frsize * 9 // 10
    if room < limit_bytes:
        log.warning("spool: %s has room for %d MiB only", MEMORY, room >> 20)
    return _own_folder(f"surveillance-agent-{os.geteuid()}-{name}"), min(room, limit_bytes)


def _own_folder(name: str) -> Path:
    """A folder in memory that no other user has made: its name, or another one if that is taken.

    One of ours with a longer name is found again by the next start.
    """
    found = sorted(path for path in MEMORY.glob(f"{name}.*") if _is_own(path))
    wanted = MEMORY / name
    if _is_own(wanted) or not (found or os.path.lexists(wanted)):
        return wanted
    if not found:
        log.warning("spool: %s is somebody else's, another name is taken", wanted)
    return found[0] if found else MEMORY / f"{name}.{secrets.token_hex(8)}"


def _is_own(folder: Path) -> bool:
    try:
        about = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid()
