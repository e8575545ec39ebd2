"""What systems leave in any folder without being asked: waste bins, thumbnails, snapshots. Pure.

A folder with nothing else in it counts as empty. None of it is ours: it is never deleted.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

#: In small letters: most of these systems do not tell letters apart by their case.
_LITTER = (
    # Linux and its file systems
    "lost+found",
    ".trash",
    ".trash-*",
    ".directory",
    ".hidden",
    ".nfs*",
    ".fuse_hidden*",
    "aquota.user",
    "aquota.group",
    ".snapshot",
    ".snapshots",
    "~snapshot",
    ".zfs",
    # Windows
    "$recycle.bin",
    "recycler",
    "recycled",
    "system volume information",
    "desktop.ini",
    "thumbs.db",
    "thumbs.db:encryptable",
    "ehthumbs.db",
    "found.[0-9][0-9][0-9]",
    # macOS
    ".ds_store",
    "._*",
    ".apdisk",
    ".appledb",
    ".appledesktop",
    ".appledouble",
    ".documentrevisions-v100",
    ".fseventsd",
    ".metadata_never_index",
    ".spotlight-v100",
    ".temporaryitems",
    "temporary items",
    "network trash folder",
    ".trashes",
    # Samba, Synology, QNAP, Syncthing
    ".recycle",
    "#recycle",
    "#snapshot",
    "@eadir",
    "@tmp",
    "@recycle",
    "@recently-snapshot",
    ".@*",
    ".stfolder",
    ".stversions",
)


def is_litter(name: str) -> bool:
    """True for a name that only a system gives to what it leaves behind."""
    small = name.casefold()
    return any(fnmatchcase(small, pattern) for pattern in _LITTER)
