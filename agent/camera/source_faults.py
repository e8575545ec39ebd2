"""What a source raises and should not: it ends that source's session, never the agent."""

from __future__ import annotations

import logging
import traceback

from agent.core.errors import SourceFault
from agent.runtime.redaction import excerpt
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

#: Characters of the error's own text that health shows; the log has all.
_MOST = 200


class Faults:
    """Takes the errors of one source that are no `CameraError`.

    Each is counted with the restarts of the source's thread. The traceback is logged once for each
    place in the code that an error comes from.
    """

    def __init__(self, camera_id: str) -> None:
        self._camera = camera_id
        self._logged: set[tuple[str, str, int | None]] = set()

    def take(self, error: Exception, worker: Worker) -> SourceFault:
        """Logs and counts the error; returns what the camera's state is to say."""
        worker.restarts += 1
        kind = type(error).__name__
        last = traceback.extract_tb(error.__traceback__)[-1:]
        place = (kind, last[0].filename if last else "", last[0].lineno if last else None)
        if place not in self._logged:
            self._logged.add(place)
            words = "camera %s: unexpected %s, the other cameras go on; please report this line"
            log.error(words, self._camera, kind, exc_info=error)
        text = excerpt(" ".join(str(error).split()), _MOST)
        said = f"{kind}: {text}" if text else kind
        return SourceFault(f"a fault in the agent, see its log: {said}")
