"""Sends still pictures: to who asked, and into the store."""

from __future__ import annotations

from collections.abc import Callable

from ulid import ULID

from agent.core.engine_inputs import FromVision
from agent.core.frame import Frame
from agent.core.messages import PictureReason, PictureTaken, StorePicture
from agent.core.pipeline_messages import TakeStill
from agent.imaging.jpeg import dimensions
from agent.vision.clip_feed import ToRecorder
from agent.vision.viewer_pictures import Pictures


class Stills:
    """Carries out `TakeStill`.

    Args:
        camera: the camera's id.
        pictures: makes them.
        to_engine: gets `PictureTaken`.
        to_recorder: gets the monitoring pictures as `StorePicture`.
        overlay: draws the overlay over a frame, as a JPEG for publication; None: damaged.
    """

    def __init__(
        self,
        camera: str,
        pictures: Pictures,
        to_engine: Callable[[FromVision], object],
        to_recorder: ToRecorder,
        overlay: Callable[[Frame], bytes | None] = lambda _frame: None,
    ) -> None:
        self._camera = camera
        self._pictures = pictures
        self._overlay = overlay
        self._to_engine = to_engine
        self._to_recorder = to_recorder

    def take(self, still: TakeStill) -> bool:
        """Makes and sends one picture; False when the frame is damaged."""
        if still.reason is PictureReason.OVERLAY:
            stored = published = self._overlay(still.frame)
        elif still.reason is PictureReason.LIVE:
            stored = published = self._pictures.live(still.frame.image)
        else:
            stored, published = self._pictures.both(still.frame.image)
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
