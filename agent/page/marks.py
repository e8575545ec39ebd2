"""False alarms, as people marked them: event ids in one small file of the state folder."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from agent.runtime.atomic import write_atomic

log = logging.getLogger(__name__)

NAME = "false_alarms.json"
#: Events that are remembered; the oldest mark goes.
MOST_MARKS = 5000


class Marks:
    """Belongs to the page's loop."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._marked: dict[str, None] = {}
        try:
            kept = json.loads(self._path.read_bytes())
            self._marked = dict.fromkeys(str(event) for event in list(kept)[-MOST_MARKS:])
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, RecursionError) as error:
            log.warning("page: %s: unreadable, begun anew: %s", self._path, error)

    def __contains__(self, event: object) -> bool:
        return event in self._marked

    def mark(self, event: str, *, value: bool) -> str | None:
        """Marks an event, or takes the mark away; why it could not be kept, or None."""
        self._marked.pop(event, None)
        if value:
            self._marked[event] = None
        while len(self._marked) > MOST_MARKS:
            del self._marked[next(iter(self._marked))]
        try:
            write_atomic(self._path, json.dumps(list(self._marked)).encode())
        except OSError as error:
            return f"{self._path.name}: {error.strerror}"
        return None
