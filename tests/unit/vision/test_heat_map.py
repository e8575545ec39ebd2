"""The heat map of a day: published now and then, stored when the day is over."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from agent.core.frame import Frame
from agent.core.messages import ClipPart, PictureReason, PictureTaken, StorePicture
from agent.imaging.orientation import Orientation
from agent.vision.heat_map import PUBLISH_EVERY, HeatMap
from agent.vision.zones import View
from tests.support.scene import HEIGHT, WIDTH, jpeg_of

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BINARY = np.zeros((HEIGHT, WIDTH), np.uint8)
BINARY[4:12, 4:12] = 255


class Rig:
    """A heat map with the time of its frames."""

    def __init__(self, view: View | None = None) -> None:
        self.said: list[PictureTaken] = []
        self.stored: list[StorePicture] = []
        self.heat = HeatMap("yard", view or View(), 100_000, self._say, self._store)
        self.at = 0.0
        self.room = True

    def _say(self, message: object) -> None:
        assert isinstance(message, PictureTaken)
        self.said.append(message)

    def _store(self, part: ClipPart, size: int) -> bool:
        assert isinstance(part, StorePicture)
        assert size == len(part.jpeg)
        if self.room:
            self.stored.append(part)
        return self.room

    @property
    def utc(self) -> datetime:
        return NOON + timedelta(seconds=self.at)

    def frame(self) -> Frame:
        return Frame(jpeg_of(None, level=100), self.at, 0, 1)

    def motion(self, after: float = 0.0) -> None:
        self.at += after
        self.heat.motion(BINARY, self.utc, self.frame())

    def tick(self, after: float = 0.0) -> None:
        self.at += after
        self.heat.tick(self.frame(), self.utc)


def picture(data: bytes) -> np.ndarray:
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded)


def test_a_changed_map_is_published_at_most_every_few_minutes() -> None:
    rig = Rig()
    rig.motion()
    rig.tick()
    rig.motion(1.0)
    rig.tick(1.0)
    assert len(rig.said) == 1
    rig.tick(PUBLISH_EVERY)
    rig.tick(PUBLISH_EVERY)
    assert len(rig.said) == 2, "nothing new, nothing to say"
    message = rig.said[0]
    assert (message.reason, message.width, message.height) == (PictureReason.HEATMAP, WIDTH, HEIGHT)
    assert picture(message.jpeg).shape == (HEIGHT, WIDTH, 3)


def test_the_map_goes_to_the_store_when_the_day_is_over() -> None:
    rig = Rig()
    rig.motion()
    rig.tick(24 * 3600)
    (stored,) = rig.stored
    assert stored.heatmap
    assert stored.utc == NOON
    assert stored.jpeg.startswith(b"\x89PNG")
    rig.tick(24 * 3600)
    assert len(rig.stored) == 1, "a day without motion has no map"


def test_a_map_that_the_recorder_refuses_is_stored_once_it_has_room() -> None:
    rig = Rig()
    rig.motion()
    rig.room = False
    rig.tick(24 * 3600)
    rig.motion()
    rig.room = True
    rig.tick(1.0)
    rig.tick(1.0)
    assert [it.utc - NOON for it in rig.stored] == [timedelta(0)]


def test_motion_on_a_new_day_is_counted_for_that_day() -> None:
    rig = Rig()
    rig.motion()
    rig.motion(24 * 3600)
    rig.heat.store(rig.frame())
    assert [it.utc - NOON for it in rig.stored] == [timedelta(0), timedelta(days=1)]


def test_without_motion_nothing_is_said_or_stored() -> None:
    rig = Rig()
    rig.tick()
    rig.heat.store(rig.frame())
    rig.heat.tick(None, NOON)
    assert (rig.said, rig.stored) == ([], [])


def test_the_map_is_turned_as_the_stored_picture_and_keeps_what_is_private() -> None:
    left = (((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0)),)
    rig = Rig(View(privacy=left, orientation=Orientation(rotate=180)))
    rig.motion()
    rig.heat.store(rig.frame())
    shown = picture(rig.stored[0].jpeg)
    assert shown[-8, -8].max() > 80, "upper left in the camera's picture, lower right in the stored"
    assert not shown[:30, :16].any()
