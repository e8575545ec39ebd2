"""The way of clips to the recorder; a full recorder never holds up the detector."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from agent.core.messages import ClipEnd, ClipFrame, ClipPart, ClipStart

log = logging.getLogger(__name__)

ToRecorder = Callable[[ClipPart, int], bool]


class ClipFeed:
    """Hands over the parts of one clip after another, in order, with every loss counted.

    ```
    state      part           next       sent
    idle       ClipStart      open       ClipStart; refused: idle, counted
    open       ClipStart      open       -, counted: it is another clip
    open       ClipFrame      open       ClipFrame; refused: truncated, counted
    truncated  ClipFrame      truncated  -: a clip with a hole would lie about its times
    open       ClipEnd        idle       ClipEnd
    truncated  ClipEnd        idle       ClipEnd(truncated=True)
    any        ClipEnd refused closing   the same ClipEnd again with each call
    closing    ClipStart      closing    -, counted: the recorder still has the clip before
    any        of another id  the same   -
    ```

    Args:
        to_recorder: part and its weight in bytes; False when the recorder is full.
    """

    def __init__(self, to_recorder: ToRecorder) -> None:
        self._to_recorder = to_recorder
        self._open_id: str | None = None
        self._whole = True
        self._closing: ClipEnd | None = None
        self._truncated = 0

    @property
    def truncated(self) -> int:
        """Clips that the recorder got without their end, or not at all, since the start."""
        return self._truncated

    def start(self, part: ClipStart) -> bool:
        """Begins a clip; False when the recorder is full."""
        self.retry()
        size = sum(frame.size for frame in part.frames) + len(part.delta)
        busy = self._open_id is not None or self._closing is not None
        if busy or not self._to_recorder(part, size):
            self._truncated += 1
            log.warning("camera %s: no room for clip %s: not recorded", part.camera, part.event_id)
            return False
        self._open_id, self._whole = part.event_id, True
        return True

    def frame(self, part: ClipFrame) -> None:
        """Adds a frame to the open clip."""
        if part.event_id != self._open_id or not self._whole:
            return
        self._whole = self._to_recorder(part, part.frame.size)
        if not self._whole:
            self._truncated += 1
            log.warning("clip %s: the recorder has no room: truncated", part.event_id)

    def end(self, part: ClipEnd) -> None:
        """Closes the open clip."""
        if part.event_id == self._open_id:
            self._open_id = None
            self._closing = replace(part, truncated=not self._whole)
            self.retry()

    def retry(self) -> None:
        """Sends a `ClipEnd` that was refused once more; called again and again."""
        if self._closing is not None and self._to_recorder(self._closing, 0):
            self._closing = None
