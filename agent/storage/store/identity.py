"""Is this the right store? Checked before anything is written into it, by an identity file.

A mount point alone proves nothing: in a container a bind mount is always one, and shows the
system's own disk when the network share was not mounted. The store's folder itself is never
created.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from agent.core.errors import ConfigError, StoreUnavailable
from agent.core.store_code import StoreCode
from agent.core.store_names import IDENTITY, part_name
from agent.core.system_files import is_litter
from agent.runtime.atomic import write_atomic
from agent.runtime.clock import SystemClock
from agent.runtime.small_files import read_small
from agent.storage.filesystem.error_causes import Cause, cause_of, code_of
from agent.storage.filesystem.files import read_whole, write_new
from agent.storage.filesystem.mounts import is_mount_point, rights_words
from agent.storage.store.claims import Claims, Owner, identity_of

#: On the local disk: which store belongs to the configured path.
_MEMORY = "store.json"


class StoreRefused(StoreUnavailable):
    """The store may not be used.

    Attributes:
        code: its state in the health payload.
        helps: what helps, where it is not what helps in most cases; None: it is.
    """

    def __init__(self, code: StoreCode, reason: str, helps: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.helps = helps


@dataclass(frozen=True, slots=True)
class Terms:
    """What the configuration and the agent's memory say about the store.

    Attributes:
        expect: the remembered uuid; None when no store is remembered.
        adopt: an empty folder may get an identity when none is remembered.
        require_mount: `path` has to be a mount point.
        keep_free: bytes that are to stay free: nothing is written beyond.
        max_size: bytes that recordings may take; None: any.
        identity: the agent's uuid, see `agent.storage.store.claims`.
        by_hand: who refuses an empty folder wants it adopted by hand; False: only looks.
    """

    path: str
    agent: str
    expect: str | None = None
    adopt: bool = True
    require_mount: bool = False
    keep_free: int = 0
    max_size: int | None = None
    identity: str = ""
    by_hand: bool = True


@dataclass(frozen=True, slots=True)
class OpenStore:
    """An open, checked store; `fd` is its folder, to be closed by the caller."""

    fd: int
    uuid: str
    adopted: bool


def open_store(terms: Terms) -> OpenStore:
    """Opens the store's folder after making sure that it is the right one.

    Raises:
        StoreRefused: absent, wrong, not adopted, read-only.
    """
    try:
        fd = os.open(terms.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise refused_by(error, terms.path) from error
    try:
        return _identify(fd, terms)
    except OSError as error:
        os.close(fd)
        raise refused_by(error, terms.path) from error
    except BaseException:
        os.close(fd)
        raise


def look_at_store(terms: Terms) -> int:
    """Opens the store's folder for reading only; the descriptor. Nothing is written, ever.

    Raises:
        StoreRefused: absent, or another store than the expected one.
    """
    try:
        fd = os.open(terms.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise refused_by(error, terms.path) from error
    try:
        found = _read_identity(fd)
        known = found is not None and found == (terms.expect or found)
    except OSError as error:
        os.close(fd)
        raise refused_by(error, terms.path) from error
    if not known:
        empty = is_empty(fd)
        os.close(fd)
        raise _refusal(terms, found, empty=empty)
    return fd


def refused_by(error: OSError, path: str, file: str = "") -> StoreRefused:
    """What the file system has said, of the store at `path` or a file in it, and what helps."""
    what = f"{path}: {error.strerror or error}" + (f" ({file})" if file else "")
    helps = None
    if cause_of(error) is Cause.NO_RIGHT:
        helps = rights_words(path)
    elif cause_of(error) is Cause.ABSENT and not file:
        helps = "mount it, or make this folder"
    elif cause_of(error) is Cause.BAD_NAME:
        helps = "its file system does not take this name, or this kind of access"
    elif cause_of(error) is Cause.NOT_OURS:
        helps = "move it away"
    return StoreRefused(code_of(error), what, helps)


def check_place(store: int, path: str) -> None:
    """Makes sure that `path` still names the open store; a renamed folder takes what is written.

    Raises:
        StoreRefused: it names nothing, or something else.
    """
    here = os.fstat(store)
    try:
        there = Path(path).stat()
    except FileNotFoundError as error:
        raise StoreRefused(
            StoreCode.ABSENT,
            f"{path} is gone, renamed or deleted while it was used: rename it back, or make an"
            " empty folder and run `surveillance-agent adopt-store`",
        ) from error
    if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
        raise StoreRefused(
            StoreCode.ABSENT,
            f"{path} is another folder than when it was opened: bring that one back, or run"
            " `surveillance-agent adopt-store`",
        )


def adopt_store(
    path: str | Path,
    agent: str = "",
    state_dir: Path | None = None,
    take: Iterable[str] = (),
) -> str:
    """Writes an identity into a store by hand; returns its uuid. An identity that is there stays.

    Args:
        path: an existing folder, empty or not.
        agent: goes into the identity, for people.
        state_dir: the agent's, so that it expects this store from now on.
        take: cameras whose folders become this agent's, whosever they are; `state_dir` is needed.

    Raises:
        ConfigError: there is no such folder, or it cannot be written.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = _read_identity(fd) or _write_identity(fd, agent)
            if state_dir is not None:
                for camera in take:
                    Claims(fd, Owner(identity_of(state_dir), agent)).take(camera)
        finally:
            os.close(fd)
        if state_dir is not None:
            remember(state_dir, str(path), found)
    except OSError as error:
        refused = refused_by(error, str(path))
        raise ConfigError("; ".join(filter(None, (f"store {refused}", refused.helps)))) from error
    except StoreUnavailable as error:
        raise ConfigError(f"store {path}: {error}") from error
    return found


def remember(state_dir: Path, path: str, identity: str) -> None:
    """Keeps on the local disk which store belongs to `path`."""
    state_dir.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"path": path, "uuid": identity}) + "\n"
    write_atomic(state_dir / _MEMORY, content.encode())


def remembered(state_dir: Path, path: str) -> str | None:
    """The uuid of the store that was used at `path`, or None. Another path is another store."""
    try:
        known = json.loads(read_small(state_dir / _MEMORY))
        same = os.path.abspath(known["path"]) == os.path.abspath(path)  # noqa: PTH100  links stay
        return str(known["uuid"]) if same else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _identify(fd: int, terms: Terms) -> OpenStore:
    """Checks the identity in an open folder, or gives it one where the terms allow that."""
    if terms.require_mount and not is_mount_point(fd):
        raise StoreRefused(StoreCode.ABSENT, f"{terms.path} is not a mount point")
    if os.fstatvfs(fd).f_flag & os.ST_RDONLY:
        raise StoreRefused(StoreCode.READ_ONLY, f"{terms.path} is mounted read-only")
    found = _read_identity(fd)
    adopted = found is None and terms.expect is None and terms.adopt and is_empty(fd)
    if adopted:
        found = _write_identity(fd, terms.agent)
    if found is None or found != (terms.expect or found):
        raise _refusal(terms, found, empty=is_empty(fd))
    return OpenStore(fd, found, adopted)


def _refusal(terms: Terms, found: str | None, *, empty: bool) -> StoreRefused:
    if found is not None:
        return StoreRefused(
            StoreCode.WRONG,
            f"{terms.path} is store {found}, expected {terms.expect}; "
            "`surveillance-agent adopt-store` accepts the new one",
        )
    if terms.expect is not None:
        return StoreRefused(
            StoreCode.ABSENT,
            f"{terms.path} has no identity file (not mounted?); expected {terms.expect}",
        )
    if empty and not terms.by_hand:  # only looked at: the agent adopts it itself
        return StoreRefused(
            StoreCode.NOT_ADOPTED,
            f"{terms.path} is empty and not used yet: the agent makes it its store at its start",
        )
    why = "is empty, and store.adopt is manual" if empty else "has no identity file, is not empty"
    return StoreRefused(
        StoreCode.NOT_ADOPTED, f"{terms.path} {why}: run `surveillance-agent adopt-store`"
    )


def is_empty(fd: int) -> bool:
    """True with nothing in it but what systems leave everywhere, and our own broken attempt."""
    names = os.listdir(fd)
    return all(is_litter(name) or name == part_name(IDENTITY) for name in names)


def _read_identity(fd: int) -> str | None:
    try:
        content = json.loads(read_whole(fd, IDENTITY, 4096))
        return str(uuid.UUID(str(content["uuid"])))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreRefused(StoreCode.WRONG, f"{IDENTITY} is damaged: {error}") from error


def _write_identity(fd: int, agent: str) -> str:
    identity = str(uuid.uuid4())
    created = SystemClock().utc().astimezone(UTC).isoformat(timespec="seconds")
    content = {"uuid": identity, "created": created, "agent": agent}
    write_new(fd, IDENTITY, json.dumps(content).encode() + b"\n")
    return identity
