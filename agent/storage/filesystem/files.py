"""Files, relative to an open folder: the day's file with its lock, and small files written whole.

Everything is relative to a folder that was opened once: when a mount vanishes, calls fail instead
of landing on what lies under the mount point. Symbolic links are never followed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import PurePath

from agent.core.errors import StoreUnavailable
from agent.core.store_names import part_name, variant
from agent.storage.filesystem.error_causes import not_supported

_COPY = 1 << 20
#: Rights of new files and folders: the umask takes away what `store.file_mode` does not want.
_FILE = 0o666
_ANY_FOLDER = 0o777
_PAGE = os.sysconf("SC_PAGE_SIZE")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Locked(StoreUnavailable):
    """Another process writes this file."""


class Moved(StoreUnavailable):
    """A name does not lead any more to what was open or written under it: `name`, and in words."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"{name}: {words}")
        self.name = name
        self.words = words


class NoFolder(StoreUnavailable):
    """A file or a link has the name of a folder of ours."""


class NotAFile(OSError):
    """What has the name is a pipe, a link, a folder or a device: none of ours."""


class DataFile:
    """An open file that is read and written at given places; `close` it.

    Attributes:
        dirty: something was written and not yet synced.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.dirty = False

    def fileno(self) -> int:
        """Its descriptor."""
        return self._fd

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self._fd).st_size

    def read(self, size: int, at: int) -> bytes:
        """Up to `size` bytes from `at`, fewer only at the end of the file."""
        parts = []
        # in pieces: the buffer of a call has its full size, however little there is to read
        while size > 0 and (part := os.pread(self._fd, min(size, _COPY), at)):
            parts.append(part)
            size -= len(part)
            at += len(part)
        return b"".join(parts)

    def write(self, data: bytes, at: int) -> None:
        """Writes all of `data` at `at`."""
        rest = memoryview(data)
        self.dirty = True
        while rest:
            written = os.pwrite(self._fd, rest, at)
            at += written
            rest = rest[written:]

    def truncate(self, size: int) -> None:
        """Cuts the file, or lengthens it by zeros."""
        self.dirty = True
        os.ftruncate(self._fd, size)

    def sync(self) -> None:
        """Returns when everything written is on the medium."""
        if self.dirty:
            os.fdatasync(self._fd)
            self.dirty = False

    def forget_cached(self, at: int = 0, size: int = 0) -> None:
        """Lets the next read of synced bytes come from the medium, not from the page cache.

        Advice only: a server's or a disk's own cache may still answer. Size 0: to the end.
        """
        begin = at - at % _PAGE
        if size:  # whole pages: the kernel keeps those at the edges that are named in part
            size = -(-(at + size) // _PAGE) * _PAGE - begin
        with suppress(OSError):
            os.posix_fadvise(self._fd, begin, size, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """Closes the file; NFS may report a lost write only here."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def open_data_file(folder: int, name: str) -> DataFile:
    """Opens a file for reading and appending, creating it, as its only writer.

    Raises:
        Locked: another process has it.
        NotAFile: it is none.
        OSError: what the file system says.
    """
    fd = _open_file(folder, name, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise Locked(f"{name}: another process is writing it") from error
    except OSError as error:
        if not not_supported(error):
            os.close(fd)
            raise
    return DataFile(fd)


def open_for_reading(folder: int, name: str) -> DataFile:
    """Opens an existing file for reading only, without a lock.

    Raises:
        NotAFile: it is none: a pipe would be waited for, for ever.
        OSError: what the file system says.
    """
    return DataFile(_open_file(folder, name, os.O_RDONLY))


def _open_file(folder: int, name: str, how: int) -> int:
    """Opens a regular file; anything else is not even touched: opening a device may do things."""
    about = status(folder, name)
    if about is not None and not stat.S_ISREG(about.st_mode):
        raise NotAFile(errno.EEXIST, "is no regular file", name)
    flags = how | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    fd = os.open(name, flags, _FILE, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotAFile(errno.EEXIST, "is no regular file", name)
    return fd


def open_folder(parent: int, name: str) -> int:
    """The descriptor of a folder; the caller closes it."""
    return os.open(name, _FOLDER, dir_fd=parent)


def folders_in(folder: int) -> list[str]:
    """The names of the real folders in an open folder, in order; files and links are none."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def make_folders(parent: int, path: str) -> int:
    """Opens `path` below `parent`, creating what is missing; the caller closes the descriptor.

    Raises:
        NoFolder: a file or a link has the name of a folder.
        OSError: what the file system says.
    """
    fd = os.dup(parent)
    try:
        for name in PurePath(path).parts:
            try:
                os.mkdir(name, _ANY_FOLDER, dir_fd=fd)
                sync_folder(fd)
            except FileExistsError:
                pass
            inner = open_folder(fd, name)
            os.close(fd)
            fd = inner
    except NotADirectoryError as error:  # Linux says that of links as well
        os.close(fd)
        raise NoFolder(f"{name} ({path}) is no folder: move it away") from error
    except BaseException:
        os.close(fd)
        raise
    return fd


def has_folders(parent: int, path: str) -> bool:
    """False when `make_folders` would meet what is no folder."""
    names = PurePath(path).parts
    for depth in range(1, len(names) + 1):
        about = status(parent, str(PurePath(*names[:depth])))
        if about is None or not stat.S_ISDIR(about.st_mode):
            return about is None
    return True


def sync_folder(folder: int) -> None:
    """Makes new, renamed and removed names of a folder lasting."""
    try:
        os.fsync(folder)
    except OSError as error:
        if not not_supported(error):
            raise


def exists(folder: int, name: str) -> bool:
    """True when there is anything of that name."""
    return status(folder, name) is not None


def status(folder: int, name: str) -> os.stat_result | None:
    """What the system says of a name, of a link itself; None when there is nothing."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def is_file(folder: int, name: str) -> bool:
    """True when there is a regular file of that name."""
    about = status(folder, name)
    return about is not None and stat.S_ISREG(about.st_mode)


def read_whole(folder: int, name: str, limit: int = 64 << 20) -> bytes:
    """The content of a file, at most `limit` bytes of it."""
    file = open_for_reading(folder, name)
    try:
        return file.read(limit, 0)
    finally:
        file.close()


def write_new(folder: int, name: str, data: bytes) -> str:
    """Writes a whole new file, lasting, and returns its name; never overwrites.

    When the name exists with the very same content nothing happens (a record that came twice); with
    other content the next free variant is taken.
    """
    digest = stage(folder, name, data)
    final = settle(folder, name, digest) if digest else name
    sync_folder(folder)
    return final


def stage(folder: int, name: str, data: bytes) -> str | None:
    """Writes a file under its hidden name, not lasting yet; its SHA-256 for `settle`.

    None when the very same content has the name already.
    """
    digest = sha256(data).hexdigest()
    if _free_name(folder, name, digest)[1]:
        return None
    file = create_part(folder, part_name(name))
    try:
        file.write(data, 0)
    finally:
        file.close()
    return digest


def settle(folder: int, name: str, digest: str) -> str:
    """Makes the hidden part of `name` lasting, reads it back and gives it its name.

    The next free variant of the name where it exists; never overwrites. The new name itself is
    lasting after `sync_folder` only: that is left to the caller, once for many files.

    Raises:
        StoreUnavailable: the medium gives back something else than was written.
        Moved: somebody took the hidden part away.
    """
    hidden = part_name(name)
    if not exists(folder, hidden):
        raise Moved(name, "was moved or deleted before it was whole")
    descriptor = _open_file(folder, hidden, os.O_RDWR)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    if digest_of(folder, hidden) != digest:
        raise StoreUnavailable(f"{name}: reads back otherwise than it was written")
    final, there = _free_name(folder, name, digest)
    if there:
        os.unlink(hidden, dir_fd=folder)
    else:
        os.rename(hidden, final, src_dir_fd=folder, dst_dir_fd=folder)
    return final


def digest_of(folder: int, name: str) -> str:
    """The SHA-256 of a file, hexadecimal, from the medium where the system lets us."""
    file = open_for_reading(folder, name)
    digest = sha256()
    at = 0
    try:
        file.forget_cached()
        while piece := file.read(_COPY, at):
            digest.update(piece)
            at += len(piece)
    finally:
        file.close()
    return digest.hexdigest()


def _free_name(folder: int, name: str, digest: str) -> tuple[str, bool]:
    """The first variant of `name` that is free, or (True) has this very content."""
    number = 1
    while exists(folder, found := variant(name, number)):
        if is_file(folder, found) and digest_of(folder, found) == digest:
            return found, True
        number += 1
    return variant(name, number), False


def create_part(folder: int, hidden: str) -> DataFile:
    """An empty file to be renamed when it is whole; what a broken attempt left there is dropped.

    Removed and made again, not emptied: it may be a pipe, or the second name of another file.
    """
    if exists(folder, hidden):
        os.unlink(hidden, dir_fd=folder)
    return DataFile(_open_file(folder, hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL))


def replace_file(folder: int, name: str, data: bytes) -> None:
    """Replaces the small file of that name, and syncs it."""
    file = create_part(folder, part_name(name))
    try:
        file.write(data, 0)
        file.sync()
    finally:
        file.close()
    os.rename(part_name(name), name, src_dir_fd=folder, dst_dir_fd=folder)
    sync_folder(folder)


def append_line(folder: int, name: str, line: bytes, at: int | None = None) -> int:
    """Appends a line, lasting; a torn last line is closed first, so that it harms only itself.

    Args:
        folder: the open folder.
        name: of the file; made when it is not there.
        line: without its end.
        at: bytes that the file is to have; None: any.

    Returns:
        Bytes that it has then.

    Raises:
        Moved: it is shorter or longer: it is not the file any more that was read.
    """
    about = status(folder, name)
    end = about.st_size if about is not None else 0
    if at is not None and at != end:
        raise Moved(name, "was moved, deleted or changed by somebody else")
    file = DataFile(_open_file(folder, name, os.O_RDWR | os.O_CREAT))
    try:
        torn = end > 0 and file.read(1, end - 1) != b"\n"
        written = b"\n" * torn + line + b"\n"
        file.write(written, end)
        file.sync()
    finally:
        file.close()
    if end == 0:
        sync_folder(folder)
    return end + len(written)
