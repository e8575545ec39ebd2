"""Where the packets of failed sessions go: to the recorder, or to files in the state folder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from agent.core.errors import ConfigError
from agent.core.messages import ClipPart, SessionLog
from agent.core.store_names import SESSIONS, day_name, session_file
from agent.runtime.atomic import write_atomic
from agent.runtime.mailbox import Mailbox

log = logging.getLogger(__name__)

#: Files kept in the state folder, newest first: it is often on an SD card.
KEPT = 20


def session_keeper(
    parts: Mailbox[ClipPart] | None, state_dir: Callable[[], Path]
) -> Callable[[SessionLog], str | None]:
    """Takes a failed session's packets and says where they can be read; None: nowhere.

    Args:
        parts: leads to the image store, in which the place is named; None: there is no store.
        state_dir: asked for only without a store, when there is something to write.
    """

    def keep(session: SessionLog) -> str | None:
        """Where it can be read; None: nowhere."""
        local = session.utc.astimezone()
        if parts is not None:
            name = f"{session.camera}/{day_name(local)}/{SESSIONS}/{session_file(local)}"
            return name if parts.put(session, len(session.lines)) else None
        try:
            return save_session(state_dir(), session.camera, local, session.lines)
        except ConfigError as error:  # the folder is gone, or no longer ours
            log.warning("camera %s: the session's packets are not kept: %s", session.camera, error)
            return None

    return keep


def save_session(state_dir: Path, camera: str, local: datetime, lines: bytes) -> str | None:
    """Writes the lines to a file of their own and forgets the oldest; its path, or None."""
    folder = state_dir / SESSIONS
    path = folder / f"{local:%Y-%m-%d_%H%M%S}_{camera}.jsonl"
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        write_atomic(path, lines, sync=False)
        # what is named after a later time than now was written before the clock was set back
        files = folder.glob("*.jsonl")
        for old in sorted(files, key=lambda f: (f.name <= path.name, f.name))[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("camera %s: the session's packets are not kept: %s", camera, error)
        return None
    return str(path)
