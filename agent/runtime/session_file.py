"""Failed sessions' packets in the state folder, for agents without an image store."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from agent.runtime.atomic import write_atomic

log = logging.getLogger(__name__)

FOLDER = "sessions"

#: Files kept, newest first: the state folder is often on an SD card.
KEPT = 20


def save_session(state_dir: Path, camera: str, local: datetime, lines: bytes) -> str | None:
    """Writes the lines to a file of their own and forgets the oldest; its path, or None."""
    folder = state_dir / FOLDER
    path = folder / f"{local:%Y-%m-%d_%H%M%S}_{camera}.jsonl"
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        write_atomic(path, lines, sync=False)
        for old in sorted(folder.glob("*.jsonl"), reverse=True)[KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("camera %s: the session's packets are not kept: %s", camera, error)
        return None
    return str(path)
