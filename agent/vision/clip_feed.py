"""The open clip as the recorder is told about it; a full recorder never holds up the detector."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent.core.clips import ClipPlan
from agent.core.frame import Frame
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipPart,
    ClipStart,
    MotionEnded,
    MotionStarted,
    Stream,
)

log = logging.getLogger(__name__)

ToRecorder = Callable[[ClipPart, int], bool]


class ClipFeed:
    """Sends the parts of one clip after another, in order, with every loss counted.

    ```
    state      call           next       sent
    idle       start          open       ClipStart; refused: idle, counted
    open       frame          open       ClipFrame; refused: truncated, counted
    truncated  frame          truncated  -: a clip with a hole would lie about its times
    open       end            idle       ClipEnd
    truncated  end            idle       ClipEnd(truncated=True)
    any        ClipEnd refused closing   the same ClipEnd again with each call
    closing    start          closing    -, counted: the recorder still has the clip before
    ```

    Args:
        to_recorder: part and its weight in bytes; False when the recorder has no room.
    """

    def __init__(self, to_recorder: ToRecorder) -> None:
        self._to_recorder = to_recorder
        self._open = False
        self._whole = True
        self._closing: ClipEnd | None = None
        self._truncated = 0
        self._stream = Stream.SOURCE

    @property
    def truncated(self) -> int:
        """Clips that the recorder got without their end, or not at all, since the start."""
        return self._truncated

    def start(self, event: MotionStarted, plan: ClipPlan, delta: bytes = b"") -> bool:
        """Opens the event's clip, `delta` beside it; False when the recorder has no room."""
        self.retry()
        part = ClipStart(
            camera=event.camera,
            event_id=event.event_id,
            at=event.at,
            utc=event.utc,
            frames=plan.frames,
            triggers=plan.triggers,
            delta=delta,
            detection=event.detection,
            stream=self._stream,
        )
        size = sum(frame.size for frame in plan.frames) + len(delta)
        if self._closing is not None or not self._to_recorder(part, size):
            self._truncated += 1
            log.warning("camera %s: no room for clip %s: not recorded", event.camera, part.event_id)
            return False
        self._open = self._whole = True
        return True

    def frame(self, event_id: str, frame: Frame) -> None:
        """Adds the next frame to the open clip, if there is one."""
        self._add(event_id, frame)

    def peak(self) -> None:
        """The frame of now is the best so far; it is said again at the end."""

    def _add(self, event_id: str, frame: Frame, *, best: bool = False) -> None:
        if not self._open or not self._whole:
            return
        self._whole = self._to_recorder(ClipFrame(event_id, frame, best), frame.size)
        if not self._whole:
            self._truncated += 1
            log.warning("clip %s: the recorder has no room: truncated", event_id)

    def end(self, event: MotionEnded, best: Frame) -> None:
        """Closes the open clip, if there is one."""
        if not self._open:
            return
        self._open = False
        self._closing = ClipEnd(
            event_id=event.event_id,
            at=event.at,
            reason=event.reason,
            best=best,
            peak=event.peak,
            judged=event.judged,
            truncated=not self._whole,
            stream=self._stream,
        )
        self.retry()

    def retry(self) -> None:
        """Sends a `ClipEnd` that was refused once more; called again and again."""
        if self._closing is not None and self._to_recorder(self._closing, 0):
            self._closing = None
