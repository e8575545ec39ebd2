"""Still pictures: on demand, and unconditionally every so often."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ulid import ULID

from agent.core.costs import Boundless, Room
from agent.core.frame import Frame
from agent.core.inbox import FromVision
from agent.core.messages import PictureReason, PictureRefused, PictureTaken, StorePicture
from agent.core.orders import TakePicture
from agent.imaging.jpeg import SHRUNK, colour_work, dimensions, stored_jpeg
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons
from agent.vision.clip_feed import ToRecorder

#: A request waits this long for a fresh frame; a camera of 1 frame/s just makes it.
PATIENCE = 1.0
#: Without a fresh frame, the latest one will do up to this age: who asks wants to see now.
OLDEST = 5.0
#: Bounds what one client can make us keep.
MOST_WAITING = 8

_NO_LIMIT = sys.maxsize


@dataclass(frozen=True, slots=True)
class _Waiting:
    order: TakePicture
    until: float


class Stills:
    """Answers each `TakePicture` once, and takes the monitoring pictures.

    Args:
        camera: the camera's id.
        orientation: of the stored picture.
        limit: bytes; what is published is made to fit, what is stored is not.
        utc: UTC of a frame's time.
        to_engine: gets `PictureTaken` and `PictureRefused`.
        to_recorder: gets the monitoring pictures as `StorePicture`.
        privacy: polygons that are black in all of them.
        overlay: draws the overlay over a frame, as a JPEG for publication; None: damaged.

    Attributes:
        room: what the camera may take.
    """

    def __init__(
        self,
        camera: str,
        orientation: Orientation,
        limit: int,
        utc: Callable[[float], datetime],
        to_engine: Callable[[FromVision], object],
        to_recorder: ToRecorder,
        privacy: Polygons = (),
        overlay: Callable[[Frame], bytes | None] = lambda _frame: None,
    ) -> None:
        self.room: Room = Boundless()
        self._camera = camera
        self._orientation = orientation
        self._privacy = privacy
        self._overlay = overlay
        self.limit = limit
        self._utc = utc
        self._to_engine = to_engine
        self._to_recorder = to_recorder
        self._waiting: deque[_Waiting] = deque()  # bounded by MOST_WAITING
        self._last_interval: float | None = None

    def ask(self, order: TakePicture, now: float) -> None:
        """Takes a request; the answer comes with the next frame, or with `tick`."""
        if len(self._waiting) >= MOST_WAITING:
            self._refuse(order, "too many pictures were asked for at once")
            return
        self._waiting.append(_Waiting(order, now + PATIENCE))

    def frame(self, frame: Frame, interval: float) -> None:
        """A frame came: takes what is due.

        Args:
            frame: any delivered frame; when it is damaged, the next one is tried.
            interval: seconds of frame time between monitoring pictures; 0: none.
        """
        due = interval > 0 and (
            self._last_interval is None or frame.at - self._last_interval >= interval
        )
        if due and self._take(frame, PictureReason.INTERVAL, None):
            self._last_interval = frame.at
        while self._waiting:
            order = self._waiting[0].order
            if not self._take(frame, order.reason, order.request):
                return
            self._waiting.popleft()

    def tick(self, latest: Frame | None, now: float) -> None:
        """Answers those whose patience is over with the latest frame, if it is young enough."""
        while self._waiting and now >= self._waiting[0].until:
            order = self._waiting.popleft().order
            if latest is None:
                self._refuse(order, "the camera has not sent a picture yet")
            elif now - latest.at > OLDEST:
                self._refuse(order, f"the camera's last picture is {now - latest.at:.0f} s old")
            elif not self._take(latest, order.reason, order.request):
                self._refuse(order, "the camera's last picture is damaged")

    def _take(self, frame: Frame, reason: PictureReason, request: str | None) -> bool:
        """Sends one picture; False when the frame is damaged."""
        if reason is PictureReason.OVERLAY:
            stored = published = self._overlay(frame)
        else:
            stored, published = self._made(frame.jpeg)
        size = None if published is None else dimensions(published)
        if stored is None or published is None or size is None:
            return False
        utc = self._utc(frame.at)
        self._to_engine(
            PictureTaken(
                camera=self._camera,
                picture_id=str(ULID.from_datetime(utc)),
                at=frame.at,
                utc=utc,
                reason=reason,
                width=size[1],
                height=size[0],
                jpeg=published,
                request=request,
            )
        )
        if reason is PictureReason.INTERVAL:
            self._to_recorder(StorePicture(self._camera, utc, stored), len(stored))
        return True

    def _made(self, jpeg: bytes) -> tuple[bytes | None, bytes | None]:
        """As it is stored, and as it is published."""
        with self.room.work(colour_work(jpeg)) as whole:
            scale = 1 if whole else SHRUNK
            stored = stored_jpeg(jpeg, self._orientation, _NO_LIMIT, self._privacy, scale)
            if stored is None:
                return None, None
            return stored, stored_jpeg(stored, Orientation(), self.limit, (), scale)

    def _refuse(self, order: TakePicture, message: str) -> None:
        self._to_engine(PictureRefused(self._camera, order.request, message))
