"""Clips of the recording stream, and of the judged one while that does not come."""

from __future__ import annotations

import logging
from dataclasses import replace

from agent.core.clips import PRE_ROLL_BYTES, ClipPlan, StreamRoll
from agent.core.frame import Frame
from agent.core.messages import MotionEnded, MotionStarted, Stream
from agent.vision.clip_feed import ClipFeed, ToRecorder

log = logging.getLogger(__name__)

#: A recording stream without a frame for so many seconds is replaced in the clip. Cameras send one
#: each second at least; the two streams of one camera are half a second apart at most.
SILENCE = 3.0
#: What may be missing at the end of a clip, in seconds.
_LATE = 1.0


class StreamFeed(ClipFeed):
    """A `ClipFeed` whose clips are made of the frames given to `record`.

    ```
    clip of        call                                           clip of
    -              start, recording stream younger than SILENCE   record_source
    -              start, else                                    source, counted
    record_source  frame, recording stream silent for SILENCE     both, counted
    ```

    The frames of the judged stream since the other fell silent are added first. There is no way
    back within a clip: it has the size of its first picture, and a player sees one change, not
    many.

    Args:
        to_recorder: as of `ClipFeed`.
        pre_seconds: of clip before the event's first frame, at least.
    """

    def __init__(self, to_recorder: ToRecorder, pre_seconds: float) -> None:
        super().__init__(to_recorder)
        self._roll = StreamRoll(pre_seconds)
        self._event_id = ""
        self._meanwhile: list[Frame] = []  # judged stream's, since the newest of the other
        self._weight = 0
        self._peak = False
        self._replaced = 0

    @property
    def replaced(self) -> int:
        """Clips made of the judged stream, in part at least, since the start."""
        return self._replaced

    @property
    def dropped(self) -> int:
        """Frames of the recording stream that could not be kept, since the start."""
        return self._roll.dropped

    def record(self, frame: Frame) -> None:
        """A frame of the recording stream came."""
        if not self._roll.add(frame) or self._stream is not Stream.RECORD_SOURCE:
            return
        self._keep_meanwhile([it for it in self._meanwhile if it.at > frame.at])
        self._add(self._event_id, frame, best=self._peak)
        self._peak = False

    def start(self, event: MotionStarted, plan: ClipPlan, delta: bytes = b"") -> bool:
        """Opens the event's clip, `delta` beside it; False when the recorder has no room."""
        lives = event.at - self._roll.newest_at < SILENCE
        self._stream = Stream.RECORD_SOURCE if lives else Stream.SOURCE
        self._event_id = event.event_id
        self._peak = True
        self._keep_meanwhile([])
        plan = replace(plan, frames=self._roll.frames) if lives else plan
        started = super().start(event, plan, delta)
        if started and not lives:
            self._count("is silent")
        return started

    def frame(self, event_id: str, frame: Frame) -> None:
        """A frame of the judged stream came: stands in for those that do not."""
        if self._stream is not Stream.RECORD_SOURCE:
            super().frame(event_id, frame)
            return
        silent = frame.at - self._roll.newest_at
        if self._open and silent > 0:
            self._keep_meanwhile([*self._meanwhile, frame])
            if silent >= SILENCE or self._weight > PRE_ROLL_BYTES:
                self._replace()

    def peak(self) -> None:
        """The frame of now is the best so far: the next one of the recording stream is as well."""
        self._peak = True

    def end(self, event: MotionEnded, best: Frame) -> None:
        """Closes the open clip, if there is one."""
        meanwhile = self._meanwhile
        if self._open and meanwhile and meanwhile[-1].at - self._roll.newest_at >= _LATE:
            self._replace()
        super().end(event, best)
        self._stream = Stream.SOURCE
        self._keep_meanwhile([])

    def _replace(self) -> None:
        self._stream = Stream.BOTH
        self._count("fell silent")
        for frame in self._meanwhile:
            self._add(self._event_id, frame)
        self._keep_meanwhile([])

    def _keep_meanwhile(self, frames: list[Frame]) -> None:
        self._meanwhile = frames
        self._weight = sum(frame.size for frame in frames)

    def _count(self, what: str) -> None:
        self._replaced += 1
        log.warning("clip %s: the recording stream %s: of `source` now", self._event_id, what)
