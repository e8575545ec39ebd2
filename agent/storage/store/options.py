"""What the configuration says about the store, and what the child process gets of it."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from agent.storage.store.identity import Terms, remember, remembered

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What the configuration says about the store.

    Attributes:
        path: the store's folder; never created.
        agent: the agent's id, for the identity file.
        adopt: give an empty folder an identity when none is remembered (`adopt: auto`).
        require_mount: the folder has to be a mount point.
        retention_days: days after which recordings are deleted.
        keep_free: bytes that are to stay free.
        max_size: bytes that this agent's recordings may take; None: any.
        umask: rights that new files and folders do not get.
        cameras: those that the agent records at its start.
        anchor_key: signs anchors, see `anchor_keeper`; None: they are not signed.
    """

    path: Path
    agent: str
    adopt: bool = True
    require_mount: bool = False
    retention_days: int = 4
    keep_free: int = 0
    max_size: int | None = None
    umask: int = 0o027
    cameras: Collection[str] = ()
    anchor_key: bytes | None = field(default=None, repr=False)

    def terms(self, state_dir: Path, identity: str) -> Terms:
        """What the store has to be; which one it was is remembered in `state_dir`.

        Args:
            state_dir: the agent's.
            identity: the agent's uuid, see `agent.storage.store.claims`.
        """
        path = str(self.path)
        return Terms(
            path=path,
            agent=self.agent,
            expect=remembered(state_dir, path),
            adopt=self.adopt,
            require_mount=self.require_mount,
            keep_free=self.keep_free,
            max_size=self.max_size,
            identity=identity,
        )

    def opened(self, state_dir: Path, uuid: str, *, adopted: bool) -> None:
        """Remembers in `state_dir` which store it was; `adopted`: it has its identity from us."""
        path = str(self.path)
        if adopted:
            log.info("store %s: adopted as %s", path, uuid)
        if remembered(state_dir, path) != uuid:
            try:
                remember(state_dir, path, uuid)
            except OSError as error:
                words = "store: %s cannot be written, the store is not remembered: %s"
                log.warning(words, state_dir, error.strerror)
