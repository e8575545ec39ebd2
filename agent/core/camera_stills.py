"""Still pictures of one camera: which are due, and the answers to requests. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from agent.core.frame import Frame
from agent.core.live_picture import LivePicture
from agent.core.messages import PictureReason, PictureRefused
from agent.core.orders import TakePicture
from agent.core.pipeline_messages import PipelineEffect, TakeStill

#: A request waits this long for a frame, a clip as well; a camera of 1 frame/s just makes it.
PATIENCE = 1.0
#: Without a fresh frame, the latest one will do up to this age: who asks wants to see now.
OLDEST = 5.0
#: Bounds what one client can make us keep.
MOST_WAITING = 8


class CameraStills:
    """Answers each `TakePicture` once, and takes the monitoring and the live pictures.

    Args:
        camera: the camera's id.
        do: takes what is to be done.
        utc: UTC of a frame's time.
        live: says which frames become live pictures.
    """

    def __init__(
        self,
        camera: str,
        do: Callable[[PipelineEffect], None],
        utc: Callable[[float], datetime],
        live: LivePicture | None = None,
    ) -> None:
        self.live = live or LivePicture()
        self._camera = camera
        self._do = do
        self._utc = utc
        self._waiting: deque[tuple[TakePicture, float]] = deque()  # at most MOST_WAITING
        self._interval_at: float | None = None  # frame time of the last monitoring picture
        self._interval_before: float | None = None
        self._soon = False  # the next frame becomes a picture, without any interval
        self._taken_soon = False  # so was the last one

    def ask(self, order: TakePicture, now: float) -> None:
        """Takes a request; the answer comes with the next frame, or with `tick`."""
        if len(self._waiting) >= MOST_WAITING:
            self._refuse(order, "too many pictures were asked for at once")
            return
        self._waiting.append((order, now + PATIENCE))

    def refuse_all(self, why: str) -> None:
        """Answers all who wait that there is no picture."""
        while self._waiting:
            self._refuse(self._waiting.popleft()[0], why)

    def soon(self) -> None:
        """The next frame becomes a monitoring picture: what is shown is a grey card."""
        self._soon = True

    def frame(self, frame: Frame, interval: float) -> None:
        """A frame came: takes what is due.

        Args:
            frame: any delivered frame; when it is damaged, the next one is tried.
            interval: seconds of frame time between monitoring pictures; 0: none.
        """
        last = self._interval_at
        if self._soon or (interval > 0 and (last is None or frame.at - last >= interval)):
            self._soon, self._taken_soon = False, self._soon
            self._interval_before, self._interval_at = last, frame.at
            self._do(TakeStill(frame, self._utc(frame.at), PictureReason.INTERVAL))
        while self._waiting:
            self._take(frame, *self._waiting.popleft(), last=False)

    def live_frame(self, frame: Frame, interval: float, *, moving: bool) -> None:
        """A frame came: is it a live picture? See `LivePicture.due`."""
        if self.live.due(frame.at, interval, moving=moving):
            self._do(TakeStill(frame, self._utc(frame.at), PictureReason.LIVE))

    def tick(self, latest: Frame | None, now: float) -> None:
        """Answers those whose patience is over with the latest frame, if it is young enough."""
        while self._waiting and now >= self._waiting[0][1]:
            order, until = self._waiting.popleft()
            if latest is None:
                self._refuse(order, "the camera has not sent a picture yet")
            elif now - latest.at > OLDEST:
                words = f"the camera's last picture is {now - latest.at:.0f} s old"
                self._refuse(order, words)
            else:
                self._take(latest, order, until, last=True)

    def failed(self, still: TakeStill) -> None:
        """The frame was damaged: the next one is tried, unless it was the last try."""
        if still.reason is PictureReason.LIVE:
            self.live.failed()
        elif still.order is None:
            self._interval_at, self._soon = self._interval_before, self._taken_soon
        elif still.last:
            self._refuse(still.order, "the camera's last picture is damaged")
        else:
            self._waiting.append((still.order, still.until))

    def _take(self, frame: Frame, order: TakePicture, until: float, *, last: bool) -> None:
        self._do(TakeStill(frame, self._utc(frame.at), order.reason, order, until, last))

    def _refuse(self, order: TakePicture, message: str) -> None:
        self._do(PictureRefused(self._camera, order.request, message))
