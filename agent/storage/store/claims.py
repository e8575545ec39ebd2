"""Whose a camera's folder in the store is: an agent touches only what it recorded itself.

`<store>/.surveillance-cameras/<camera>` says which agent records into the folder of that name. It
does not lie in the folder, so no agent owns a copy or a renamed folder. A uuid in the state folder
distinguishes agents. The agent's id shows that an agent was installed again, or renamed.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from agent.core.errors import StoreUnavailable
from agent.core.store_names import CLAIMS, is_camera
from agent.runtime.atomic import write_atomic
from agent.runtime.small_files import read_small
from agent.storage.day.manifest import parse, sealed
from agent.storage.filesystem.files import (
    NotAFile,
    exists,
    make_folders,
    open_folder,
    read_whole,
    replace_file,
)

log = logging.getLogger(__name__)

#: On the local disk: who this agent is, in any store.
_MEMORY = "identity.json"
#: Agents that are remembered as earlier owners of a folder.
_EARLIER = 16
_LIMIT = 1 << 14


class Taken(StoreUnavailable):
    """Another agent records into this camera's folder."""


class Standing(StrEnum):
    """Whose a camera's folder is; FREE: nobody's, or this agent's by a former name or uuid."""

    OURS = "ours"
    FREE = "free"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Owner:
    """An agent: the uuid in its state folder, and its id."""

    uuid: str
    agent: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim's file says; `earlier`: the uuids of those that had the folder before."""

    owner: Owner
    earlier: tuple[str, ...] = ()


class Claims:
    """The claims in an open store, as `me` sees them."""

    def __init__(self, store: int, me: Owner) -> None:
        self._store = store
        self._me = me

    def standing(self, camera: str) -> Standing:
        """Whose the folder is now."""
        return self._standing(self._read(camera))

    def claim(self, camera: str) -> None:
        """Makes sure that the folder is ours; what is nobody's, or was ours, becomes it.

        Raises:
            Taken: it is another agent's.
        """
        claim = self._read(camera)
        standing = self._standing(claim)
        if standing is Standing.OTHERS:
            raise Taken(f"{camera} is recorded into this store by {self.owner(camera)} already")
        if standing is Standing.FREE:
            self._write(camera, claim)

    def take(self, camera: str) -> None:
        """Makes the folder ours, whosever it is: the operator says so."""
        self._write(camera, self._read(camera))

    def release(self, camera: str) -> None:
        """Takes our claim away; another agent's stays."""
        if self.standing(camera) is not Standing.OURS:
            return
        folder = open_folder(self._store, CLAIMS)
        try:
            os.unlink(camera, dir_fd=folder)
        finally:
            os.close(folder)

    def stranger(self, camera: str, configured: Collection[str]) -> str | None:
        """None when this agent may delete what is too old there; else the owner, "" for nobody.

        A folder without a claim is ours if the configuration has that camera: a version that made
        no claims has recorded it.
        """
        standing = self.standing(camera)
        if standing is Standing.OURS or (standing is Standing.FREE and camera in configured):
            return None
        return "" if standing is Standing.FREE else self.owner(camera)

    def owner(self, camera: str) -> str:
        """The owner in words."""
        claim = self._read(camera)
        if claim is None or not claim.owner.agent:
            return f"somebody whose {CLAIMS}/{camera} cannot be read"
        return f"agent {claim.owner.agent}"

    def _standing(self, claim: Claim | None) -> Standing:
        me = self._me
        if claim is None:
            return Standing.FREE
        if claim.owner == me:
            return Standing.OURS
        if claim.owner.uuid == me.uuid:
            return Standing.FREE  # renamed
        again = claim.owner.agent == me.agent and me.uuid not in claim.earlier
        return Standing.FREE if again else Standing.OTHERS  # installed again, or another one

    def _read(self, camera: str) -> Claim | None:
        """The claim on a folder, None when there is none; one that is damaged is somebody's."""
        try:
            folder = open_folder(self._store, CLAIMS)
        except FileNotFoundError:
            return None
        try:
            if not exists(folder, camera):
                return None
            return claim_in(read_whole(folder, camera, _LIMIT))
        except (NotAFile, PermissionError, ValueError, KeyError, TypeError, RecursionError):
            return Claim(Owner("", ""))
        finally:
            os.close(folder)

    def _write(self, camera: str, before: Claim | None) -> None:
        earlier = before.earlier if before else ()
        if before is not None and before.owner.uuid not in {self._me.uuid, ""}:
            earlier = (*earlier, before.owner.uuid)
        kept = [uid for uid in earlier if uid != self._me.uuid][-_EARLIER:]
        content = {**asdict(self._me), "camera": camera, "earlier": kept}
        new = not exists(self._store, CLAIMS)
        folder = make_folders(self._store, CLAIMS)
        try:
            mode = os.fstat(self._store).st_mode & 0o7777
            if new and mode & 0o022 and mode != os.fstat(folder).st_mode & 0o7777:
                os.fchmod(folder, mode)  # users who may make a camera's folder may claim it
            replace_file(folder, camera, sealed(content) + b"\n")
        finally:
            os.close(folder)


def identity_of(state_dir: Path) -> str:
    """The uuid of the agent with this state folder; made at its first start.

    Where it cannot be kept it is another one after each start, which is said.
    """
    found = known_identity(state_dir)
    if found is None:
        found = str(uuid.uuid4())
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            write_atomic(state_dir / _MEMORY, json.dumps({"uuid": found}).encode() + b"\n")
        except OSError as error:
            log.warning("store: %s cannot be written: %s", state_dir / _MEMORY, error)
    return found


def known_identity(state_dir: Path) -> str | None:
    """That uuid, None before its first start."""
    try:
        known = json.loads(read_small(state_dir / _MEMORY))
        return str(uuid.UUID(str(known["uuid"])))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def claim_in(data: bytes) -> Claim:
    """What a claim's file says.

    Raises:
        ValueError, KeyError, TypeError: it is not what was written.
    """
    (line,) = parse(data)
    if line.entry is None or not line.sound:
        raise ValueError("its checksum is wrong")
    said = line.entry
    owner = Owner(str(uuid.UUID(str(said["uuid"]))), str(said["agent"]))
    if not is_camera(owner.agent):
        raise ValueError("no id of an agent")
    return Claim(owner, tuple(str(uid) for uid in said["earlier"]))
