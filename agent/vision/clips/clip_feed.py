"""The open clip as the recorder is told about it; a full recorder never holds up the detector."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class OpenClip:
    """The clip that the recorder was told to open and not yet to close.

    Attributes:
        event_id: of the event, or of the clip on demand.
        stream: what it is made of.
        whole: False: the recorder had no room for a frame; no later one is added.
        peak: the next frame of the recording stream is the best so far.
        meanwhile: frames of the judged stream since the newest one of the recording stream.
    """

    event_id: str
    stream: Stream
    whole: bool = True
    peak: bool = True
    meanwhile: list[Frame] = field(default_factory=list)


class ClipFeed:
    """Sends the parts of one clip after another, in order, with every loss counted.

    Every call names the clip that it is about. A call about another clip than the open one does
    nothing: an event that is not recorded does not touch a clip that somebody asked for.

    ```
    state      call           next       sent
    idle       start          open       ClipStart; refused: idle, counted
    open       start          open       -, counted: it is another clip
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
        self._clip: OpenClip | None = None
        self._closing: ClipEnd | None = None
        self._truncated = 0

    @property
    def truncated(self) -> int:
        """Clips that the recorder got without their end, or not at all, since the start."""
        return self._truncated

    @property
    def open_id(self) -> str | None:
        """The id of the open clip."""
        return self._clip.event_id if self._clip else None

    def start(
        self,
        event: MotionStarted,
        plan: ClipPlan,
        delta: bytes = b"",
        stream: Stream = Stream.SOURCE,
    ) -> bool:
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
            stream=stream,
        )
        size = sum(frame.size for frame in plan.frames) + len(delta)
        busy = self._clip is not None or self._closing is not None
        if busy or not self._to_recorder(part, size):
            self._truncated += 1
            log.warning("camera %s: no room for clip %s: not recorded", event.camera, part.event_id)
            return False
        self._clip = OpenClip(event.event_id, stream)
        return True

    def frame(self, event_id: str, frame: Frame) -> None:
        """Adds the next frame to that clip, if it is open."""
        clip = self._of(event_id)
        if clip is not None:
            self._add(clip, frame)

    def peak(self, event_id: str) -> None:
        """The frame of now is the best so far of that clip; it is said again at the end."""

    def end(self, event: MotionEnded, best: Frame) -> None:
        """Closes the clip of that event, if it is open."""
        clip = self._of(event.event_id)
        if clip is None:
            return
        self._clip = None
        self._closing = ClipEnd(
            event_id=event.event_id,
            at=event.at,
            reason=event.reason,
            best=best,
            peak=event.peak,
            judged=event.judged,
            truncated=not clip.whole,
            stream=clip.stream,
        )
        self.retry()

    def retry(self) -> None:
        """Sends a `ClipEnd` that was refused once more; called again and again."""
        if self._closing is not None and self._to_recorder(self._closing, 0):
            self._closing = None

    def _of(self, event_id: str) -> OpenClip | None:
        clip = self._clip
        return clip if clip is not None and clip.event_id == event_id else None

    def _add(self, clip: OpenClip, frame: Frame, *, best: bool = False) -> None:
        if not clip.whole:
            return
        clip.whole = self._to_recorder(ClipFrame(clip.event_id, frame, best), frame.size)
        if not clip.whole:
            self._truncated += 1
            log.warning("clip %s: the recorder has no room: truncated", clip.event_id)
