"""Clips of the recording stream, and of the judged one while that does not come."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from agent.core.clips import PRE_ROLL_BYTES, ClipPlan, StreamRoll, always
from agent.core.frame import Frame
from agent.core.messages import MotionEnded, MotionStarted, Stream
from agent.vision.clips.clip_feed import ClipFeed, OpenClip, ToRecorder

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
        roomy: whether the camera has room for frames that are only kept in case.
    """

    def __init__(
        self,
        to_recorder: ToRecorder,
        pre_seconds: float,
        roomy: Callable[[], bool] = always,
    ) -> None:
        super().__init__(to_recorder)
        self._roomy = roomy
        self._roll = StreamRoll(pre_seconds, roomy=roomy)
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
        clip = self._clip
        if not self._roll.add(frame) or clip is None or clip.stream is not Stream.RECORD_SOURCE:
            return
        clip.meanwhile = [it for it in clip.meanwhile if it.at > frame.at]
        self._add(clip, frame, best=clip.peak)
        clip.peak = False

    def start(
        self,
        event: MotionStarted,
        plan: ClipPlan,
        delta: bytes = b"",
        stream: Stream = Stream.RECORD_SOURCE,
    ) -> bool:
        """Opens the event's clip, `delta` beside it; False when the recorder has no room."""
        lives = event.at - self._roll.newest_at < SILENCE
        if lives:
            return super().start(event, replace(plan, frames=self._roll.frames), delta, stream)
        started = super().start(event, plan, delta, Stream.SOURCE)
        if started:
            self._count(event.event_id, "is silent")
        return started

    def frame(self, event_id: str, frame: Frame) -> None:
        """A frame of the judged stream came: stands in for those that do not."""
        clip = self._of(event_id)
        if clip is None or clip.stream is not Stream.RECORD_SOURCE:
            super().frame(event_id, frame)
            return
        silent = frame.at - self._roll.newest_at
        if silent > 0:
            clip.meanwhile.append(frame)
            weight = sum(it.size for it in clip.meanwhile)
            if silent >= SILENCE or weight > PRE_ROLL_BYTES or not self._roomy():
                self._replace(clip)

    def peak(self, event_id: str) -> None:
        """The frame of now is the best so far: the next one of the recording stream is as well."""
        clip = self._of(event_id)
        if clip is not None:
            clip.peak = True

    def end(self, event: MotionEnded, best: Frame) -> None:
        """Closes the clip of that event, if it is open."""
        clip = self._of(event.event_id)
        if clip and clip.meanwhile and clip.meanwhile[-1].at - self._roll.newest_at >= _LATE:
            self._replace(clip)
        super().end(event, best)

    def _replace(self, clip: OpenClip) -> None:
        clip.stream = Stream.BOTH
        self._count(clip.event_id, "fell silent")
        for frame in clip.meanwhile:
            self._add(clip, frame)
        clip.meanwhile = []

    def _count(self, event_id: str, what: str) -> None:
        self._replaced += 1
        log.warning("clip %s: the recording stream %s: of `source` now", event_id, what)
