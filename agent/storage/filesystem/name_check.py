"""Does a name still lead to what is kept open under it?

A file manager, a sync program or another computer may move or delete a file while the agent writes
it. The open file still takes the data, but no name leads to it.
"""

from __future__ import annotations

import os
from pathlib import PurePath

from agent.storage.filesystem.files import Moved, open_folder, status


class Held:
    """A folder or a file that is kept open, and the name that has to lead to it.

    Some network file systems give files new numbers at each look. If a file has another number
    directly after it was opened, only its name is checked.

    Args:
        parent: an open folder.
        path: of what is held, relative to it; no link is followed on the way.
        fd: its descriptor; it stays the caller's.
    """

    def __init__(self, parent: int, path: str, fd: int) -> None:
        self._parent = parent
        self._path = path
        self._fd = fd
        found = self._found()
        self._numbered = found is None or _number(found) == _number(os.fstat(fd))

    def check(self) -> None:
        """Returns when the name leads to it.

        Raises:
            Moved: it leads to nothing, or to something else.
            OSError: the file system does not say: that proves no loss.
        """
        found = self._found()
        if found is None:
            raise Moved(self._path, "was moved or deleted while it was recorded into")
        if self._numbered and not is_same(os.fstat(self._fd), found):
            raise Moved(self._path, "was replaced while it was recorded into")

    def _found(self) -> os.stat_result | None:
        *folders, name = PurePath(self._path).parts
        fd = os.dup(self._parent)
        try:
            for folder in folders:
                inner = open_folder(fd, folder)
                os.close(fd)
                fd = inner
            return status(fd, name)
        except (FileNotFoundError, NotADirectoryError):  # Linux says the latter of links as well
            return None
        finally:
            os.close(fd)


def is_same(here: os.stat_result, there: os.stat_result) -> bool:
    """True for two looks at one file, also where it got another number meanwhile (CIFS).

    Nobody can choose the time of the last change: what agrees in that and the rest is the same.
    """
    return _number(here) == _number(there) or _looks(here) == _looks(there)


def _number(about: os.stat_result) -> tuple[int, int]:
    return about.st_dev, about.st_ino


def _looks(about: os.stat_result) -> tuple[int, ...]:
    times = about.st_mtime_ns, about.st_ctime_ns
    return about.st_dev, about.st_mode, about.st_uid, about.st_size, *times
