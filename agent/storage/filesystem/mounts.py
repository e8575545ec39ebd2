"""What is mounted where, out of /proc/self/mountinfo (proc(5)). Names are bytes: any is allowed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MOUNTINFO = Path("/proc/self/mountinfo")
_FDINFO = Path("/proc/self/fdinfo")
#: The kernel writes blank, tab, newline and backslash in a name as a backslash and three digits.
_ESCAPED = re.compile(rb"\\([0-7]{3})")
#: On which mount a descriptor was opened.
_NUMBER = re.compile(rb"^mnt_id:\s*(\d+)", re.MULTILINE)
#: File systems without owners of their own: rights are given when they are mounted.
_OWNERLESS = {
    b"vfat",
    b"msdos",
    b"exfat",
    b"ntfs",
    b"ntfs3",
    b"fuseblk",
    b"cifs",
    b"smb3",
    b"vboxsf",
}
#: It stands for what is not mounted yet.
_AUTOFS = b"autofs"


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of mountinfo: where the mount is attached, and the type of its file system."""

    number: int
    point: bytes
    kind: bytes

    @property
    def ownerless(self) -> bool:
        """True when chown is impossible there."""
        return self.kind in _OWNERLESS


def mounts_in(mountinfo: bytes) -> Iterator[Mount]:
    """The mounts that the text of /proc/self/mountinfo lists, in order; later ones lie on top."""
    for line in mountinfo.split(b"\n"):
        before, dash, after = line.partition(b" - ")
        fields = before.split(b" ")
        if dash and len(fields) > 5 and fields[0].isdigit():
            point = _ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), fields[4])
            yield Mount(int(fields[0]), point, after.split(b" ")[0])


def is_mount_point(folder: int) -> bool:
    """True when an open folder is what a mount point shows: the root of a mounted file system.

    The kernel tells on which mount it was opened. So it does not matter how the path was written,
    what lies below or above it, or which characters are in its name.

    Raises:
        OSError: /proc cannot be read.
    """
    name = os.fsencode(Path(f"/proc/self/fd/{folder}").readlink())
    found = _NUMBER.search((_FDINFO / str(folder)).read_bytes())
    if found is None:
        return False
    return any(
        mount.number == int(found[1]) and mount.point == name and mount.kind != _AUTOFS
        for mount in mounts_in(_MOUNTINFO.read_bytes())
    )


def mount_of(path: bytes, mountinfo: bytes) -> Mount | None:
    """The mount that an absolute path without links lies on."""
    found = None
    for mount in mounts_in(mountinfo):
        inside = path == mount.point or path.startswith(mount.point.rstrip(b"/") + b"/")
        if inside and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def rights_words(path: str) -> str:
    """Who has no right to write into a folder, and what helps on its file system."""
    user, group = os.geteuid(), os.getegid()
    try:
        mount = mount_of(os.fsencode(os.path.realpath(path)), _MOUNTINFO.read_bytes())
    except OSError:
        mount = None
    who = f"the agent runs as user id {user}"
    if mount is not None and mount.ownerless:
        kind = mount.kind.decode(errors="replace")
        return f"{who}: mount it with uid={user},gid={group} ({kind} has no owners to change)"
    return f"{who}: chown it, or open its mode"
