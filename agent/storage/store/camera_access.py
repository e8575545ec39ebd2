"""Which cameras may be recorded into the store now; the records of all others wait in the spool."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from agent.core.store_code import StoreCode
from agent.storage.filesystem.error_causes import Cause, cause_of
from agent.storage.filesystem.files import folders_in, has_folders
from agent.storage.store.claims import Claims, Owner, Standing, Taken
from agent.storage.store.foreign_files import PLACES
from agent.storage.store.identity import StoreRefused


@dataclass(frozen=True, slots=True)
class _Block:
    """Why a camera's records wait; `folder`: the day's in which something is no folder."""

    code: StoreCode
    reason: str
    folder: str = ""


class Cameras:
    """The cameras of an open store, as the agent `me` sees them."""

    def __init__(self, store: int, me: Owner) -> None:
        self._store = store
        self._claims = Claims(store, me)
        self._claimed: set[str] = set()
        self._blocked: dict[str, _Block] = {}

    @property
    def blocked(self) -> list[tuple[StoreCode, str]]:
        """Why some cameras' records wait."""
        return [(block.code, block.reason) for block in self._blocked.values()]

    def claim(self, camera: str) -> bool:
        """True when the camera's folder is ours; False when its records have to wait."""
        if camera not in self._claimed and camera not in self._blocked:
            try:
                self._claims.claim(camera)
            except Taken as error:
                self._blocked[camera] = _Block(StoreCode.TAKEN, str(error))
            else:
                self._claimed.add(camera)
        return camera not in self._blocked

    def release(self, camera: str) -> None:
        """The camera's folder is nobody's again: nothing is recorded into it any more."""
        self._claimed.discard(camera)
        self._blocked.pop(camera, None)
        self._claims.release(camera)

    def claim_old(self, cameras: Iterable[str]) -> None:
        """Claims recordings of a version that made no claims; on a full disk it does so later."""
        for camera in set(cameras) & set(folders_in(self._store)):
            try:
                self._claims.claim(camera)
            except Taken:
                continue
            except OSError as error:
                if cause_of(error) is not Cause.NO_ROOM:
                    raise

    def block(self, camera: str, day: str, reason: str) -> None:
        """Something in the camera's day is no folder: its records wait."""
        self._blocked[camera] = _Block(StoreCode.FAILING, reason, f"{camera}/{day}")

    def look(self) -> None:
        """Looks whether other agents have taken a folder, or given one up.

        Raises:
            Taken: one that is recorded into is another agent's now.
            StoreRefused: a blocked camera can be recorded now: the child must start again.
        """
        for camera in self._claimed:
            self._claims.claim(camera)
        for camera, block in self._blocked.items():
            paths = ["/".join((block.folder, *inside)) for inside in PLACES if block.folder]
            mended = all(has_folders(self._store, path) for path in paths)
            if mended and self._claims.standing(camera) is not Standing.OTHERS:
                raise StoreRefused(StoreCode.STARTING, f"{camera} can be recorded again")

    def is_ours(self, camera: str) -> bool:
        """True when this agent has claimed the camera's folder."""
        return self._claims.standing(camera) is Standing.OURS

    def stranger(self, camera: str, configured: Collection[str]) -> str | None:
        """None when this agent may delete what is too old there; else the owner, "" for nobody."""
        return self._claims.stranger(camera, configured)
