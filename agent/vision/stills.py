"""Makes still pictures: as they are stored, and as they are published."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ulid import ULID

from agent.core.camera_effects import TakeStill
from agent.core.costs import Boundless, Room
from agent.core.frame import Frame
from agent.core.inbox import FromVision
from agent.core.messages import PictureReason, PictureTaken, StorePicture
from agent.imaging.jpeg import SHRUNK, colour_work, dimensions, stored_jpeg
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons
from agent.vision.clip_feed import ToRecorder

_NO_LIMIT = sys.maxsize


class Stills:
    """Carries out `TakeStill`.

    Args:
        camera: the camera's id.
        orientation: of the stored picture.
        limit: bytes; what is published is made to fit, what is stored is not.
        to_engine: gets `PictureTaken`.
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
        self._to_engine = to_engine
        self._to_recorder = to_recorder

    def take(self, still: TakeStill) -> bool:
        """Makes and sends one picture; False when the frame is damaged."""
        if still.reason is PictureReason.OVERLAY:
            stored = published = self._overlay(still.frame)
        else:
            stored, published = self._made(still.frame.jpeg)
        size = None if published is None else dimensions(published)
        if stored is None or published is None or size is None:
            return False
        self._to_engine(
            PictureTaken(
                camera=self._camera,
                picture_id=str(ULID.from_datetime(still.utc)),
                at=still.frame.at,
                utc=still.utc,
                reason=still.reason,
                width=size[1],
                height=size[0],
                jpeg=published,
                request=still.order.request if still.order else None,
            )
        )
        if still.reason is PictureReason.INTERVAL:
            self._to_recorder(StorePicture(self._camera, still.utc, stored), len(stored))
        return True

    def _made(self, jpeg: bytes) -> tuple[bytes | None, bytes | None]:
        """As it is stored, and as it is published."""
        with self.room.work(colour_work(jpeg)) as whole:
            scale = 1 if whole else SHRUNK
            stored = stored_jpeg(jpeg, self._orientation, _NO_LIMIT, self._privacy, scale)
            if stored is None:
                return None, None
            return stored, stored_jpeg(stored, Orientation(), self.limit, (), scale)
