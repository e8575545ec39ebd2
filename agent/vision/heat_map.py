"""Where motion was, day by day: counts of one camera, and the picture of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import cv2
import numpy as np
from ulid import ULID

from agent.core.engine_inputs import FromVision
from agent.core.frame import Frame
from agent.core.messages import PictureReason, PictureTaken, StorePicture
from agent.core.time_allowance import Boundless, Room
from agent.imaging.heatmap import Counts, Picture, cells, draw, no_counts
from agent.imaging.jpeg import SHRUNK, colour_work, decode_colour, encode_within
from agent.imaging.privacy_mask import blacken
from agent.vision.clip_feed import ToRecorder
from agent.vision.zones import View

#: A map that has changed is published at most this often, in seconds.
PUBLISH_EVERY = 300.0


@dataclass(frozen=True, slots=True)
class _Day:
    """The local day that is being counted, and a moment of it for its name."""

    day: date
    utc: datetime


class HeatMap:
    """Counts in which cells motion was, publishes the map now and then, stores it for each day.

    The map of a day goes to the store when the day is over or the agent stops. After a restart the
    rest of the day gets another map. A map that the recorder refuses is offered again.

    Args:
        camera: the camera's id.
        view: for the orientation and the privacy polygons of the picture.
        limit: bytes of the published picture.
        to_engine: gets it as `PictureTaken`.
        to_recorder: gets the day's map as `StorePicture`.

    Attributes:
        room: what the camera may take.
    """

    def __init__(
        self,
        camera: str,
        view: View,
        limit: int,
        to_engine: Callable[[FromVision], object],
        to_recorder: ToRecorder,
    ) -> None:
        self.room: Room = Boundless()
        self._camera = camera
        self._view = view
        self.limit = limit
        self._to_engine = to_engine
        self._to_recorder = to_recorder
        self._counts: Counts = no_counts()
        self._today: _Day | None = None
        self._published_at = float("-inf")
        self._new = False
        self._waiting: StorePicture | None = None

    def motion(self, binary: Picture, utc: datetime, latest: Frame) -> None:
        """Counts a frame with motion.

        Args:
            binary: uint8 (H, W), the changed pixels, in the camera's orientation and of any size.
            utc: of that frame.
            latest: the scene that is shown below the counts.
        """
        day = utc.astimezone().date()
        if self._today is not None and self._today.day != day:
            self.store(latest)
        self._today = _Day(day, utc)
        self._counts += cells(binary)
        self._new = True

    def tick(self, latest: Frame | None, utc: datetime) -> None:
        """Publishes and stores what is due."""
        self._hand_over()
        if self._today is None or latest is None:
            return
        if utc.astimezone().date() > self._today.day:
            self.store(latest)
        elif self._new and latest.at - self._published_at >= PUBLISH_EVERY:
            self._published_at = latest.at
            self._new = False
            self._publish(latest, utc)

    def store(self, latest: Frame | None) -> None:
        """The day is over, or the agent stops: its map goes to the store, the next one is empty."""
        today, self._today = self._today, None
        if today is None or latest is None:
            return
        _, png = cv2.imencode(".png", self._drawn(latest))
        self._waiting = StorePicture(self._camera, today.utc, png.tobytes(), heatmap=True)
        self._hand_over()
        self._counts = no_counts()
        self._new = False

    def _hand_over(self) -> None:
        """Offers the map that waits for the store; a full recorder gets it with a later tick."""
        waiting = self._waiting
        if waiting is not None and self._to_recorder(waiting, len(waiting.jpeg)):
            self._waiting = None

    def _publish(self, latest: Frame, utc: datetime) -> None:
        picture = self._drawn(latest)
        self._to_engine(
            PictureTaken(
                camera=self._camera,
                picture_id=str(ULID.from_datetime(utc)),
                at=latest.at,
                utc=utc,
                reason=PictureReason.HEATMAP,
                width=picture.shape[1],
                height=picture.shape[0],
                jpeg=encode_within(picture, self.limit),
            )
        )

    def _drawn(self, latest: Frame) -> Picture:
        """The map over the scene, in stored orientation."""
        turn = self._view.orientation
        with self.room.work(colour_work(latest.image)) as whole:
            scene = decode_colour(latest.image, 1 if whole else SHRUNK)
            if scene is not None:
                scene = blacken(turn.picture(scene), self._view.privacy)
            return draw(np.ascontiguousarray(turn.picture(self._counts)), scene)
