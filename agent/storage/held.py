"""Does a name still lead to what is kept open under it?

A file manager, a sync program or another computer may move or delete what is being written: the
open file takes what is written all the same, and nobody finds it.
"""

from __future__ import annotations

import os
from pathlib import PurePath

from agent.storage.files import Moved, open_folder, status


class Held:
    """A folder or a file that is kept open, and the name that has to lead to it.

    Some network file systems number files anew with each look. What has another number already when
    it was just opened is only looked for by its name.

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
        self._numbered = found is None or self._is(found)

    def check(self) -> None:
        """Returns when the name leads to it.

        Raises:
            Moved: it leads to nothing, or to something else.
            OSError: the file system does not say: that proves no loss.
        """
        found = self._found()
        if found is None:
            raise Moved(self._path, "was moved or deleted while it was recorded into")
        if self._numbered and not self._is(found):
            raise Moved(self._path, "was replaced while it was recorded into")

    def _is(self, found: os.stat_result) -> bool:
        here = os.fstat(self._fd)
        return (here.st_dev, here.st_ino) == (found.st_dev, found.st_ino)

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
