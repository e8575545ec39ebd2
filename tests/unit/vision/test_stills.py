"""Pictures on demand and by the interval."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from agent.core.camera_stills import MOST_WAITING, CameraStills
from agent.core.frame import Frame
from agent.core.messages import ClipPart, PictureReason, PictureRefused, PictureTaken, StorePicture
from agent.core.orders import TakePicture
from agent.core.pipeline_messages import PipelineEffect, TakeStill
from agent.core.time_allowance import Boundless
from agent.imaging.orientation import Orientation
from agent.vision.stills import Stills
from agent.vision.viewer_pictures import Pictures
from agent.vision.zones import View
from tests.support.scene import HEIGHT, WIDTH, frame

START = datetime(2026, 11, 22, 7, tzinfo=UTC)
DAMAGED = b"\xff\xd8 torn"


class Requests:
    """Requests and the pictures that are made for them, with both ears open."""

    def __init__(self, orientation: Orientation | None = None, limit: int = 500_000) -> None:
        self.said: list[object] = []
        self.stored: list[ClipPart] = []
        self.stills = CameraStills(
            "door", self._do, lambda at: START + timedelta(seconds=at - 1000.0)
        )
        self._due: list[TakeStill] = []
        self._maker = Stills(
            "door",
            Pictures(View(orientation=orientation or Orientation()), limit, Boundless()),
            self.said.append,
            self._store,
        )

    def _do(self, effect: PipelineEffect) -> None:
        if isinstance(effect, TakeStill):
            self._due.append(effect)
        else:
            self.said.append(effect)

    def _make(self) -> None:
        due, self._due = self._due, []
        for still in due:
            if not self._maker.take(still):
                self.stills.failed(still)

    def frame(self, frame: Frame, interval: float) -> None:
        self.stills.frame(frame, interval)
        self._make()

    def tick(self, latest: Frame | None, now: float) -> None:
        self.stills.tick(latest, now)
        self._make()

    def _store(self, part: ClipPart, size: int) -> bool:
        assert size > 0
        self.stored.append(part)
        return True

    @property
    def taken(self) -> list[PictureTaken]:
        return [it for it in self.said if isinstance(it, PictureTaken)]

    @property
    def refusals(self) -> list[PictureRefused]:
        return [it for it in self.said if isinstance(it, PictureRefused)]


def test_a_request_is_answered_with_the_next_frame() -> None:
    requests = Requests()
    requests.stills.ask(TakePicture("r1"), 1000.0)
    requests.tick(frame(0), 1000.5)
    assert requests.said == []

    requests.frame(frame(3), 0.0)
    requests.tick(frame(3), 1005.0)

    (picture,) = requests.taken
    assert (picture.camera, picture.request, picture.reason) == (
        "door",
        "r1",
        PictureReason.MANUAL,
    )
    assert picture.jpeg == frame(3).jpeg
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert (picture.at, picture.utc) == (1000.75, START + timedelta(seconds=0.75))
    assert len(picture.picture_id) == 26
    assert requests.stored == []


def test_without_a_fresh_frame_the_latest_is_sent_after_a_second() -> None:
    requests = Requests()
    requests.stills.ask(TakePicture("r1"), 1004.0)
    requests.tick(frame(0), 1004.875)
    assert requests.said == []

    requests.tick(frame(0), 1005.0)

    assert [it.at for it in requests.taken] == [1000.0]


def test_a_latest_frame_older_than_five_seconds_is_refused_with_its_age() -> None:
    requests = Requests()
    requests.stills.ask(TakePicture("r1"), 1060.0)

    requests.tick(frame(0), 1062.0)

    assert requests.refusals == [
        PictureRefused("door", "r1", "the camera's last picture is 62 s old")
    ]


def test_without_any_frame_the_refusal_says_so() -> None:
    requests = Requests()
    requests.stills.ask(TakePicture(None), 1000.0)

    requests.tick(None, 1001.0)

    assert requests.refusals == [
        PictureRefused("door", None, "the camera has not sent a picture yet")
    ]


def test_a_damaged_frame_is_passed_over_for_the_next() -> None:
    requests = Requests()
    requests.stills.ask(TakePicture("r1"), 1000.0)

    requests.frame(frame(0, jpeg=DAMAGED), 900.0)
    requests.frame(frame(1), 900.0)

    assert [(it.at, it.reason) for it in requests.taken] == [
        (1000.25, PictureReason.INTERVAL),
        (1000.25, PictureReason.MANUAL),
    ]


def test_when_the_latest_frame_is_damaged_too_the_request_is_refused() -> None:
    requests = Requests()
    requests.stills.ask(TakePicture("r1"), 1000.0)

    requests.tick(frame(0, jpeg=DAMAGED), 1001.0)

    assert [it.message for it in requests.refusals] == ["the camera's last picture is damaged"]


def test_every_request_gets_its_own_answer_and_too_many_are_refused_at_once() -> None:
    requests = Requests()
    for number in range(MOST_WAITING + 1):
        requests.stills.ask(TakePicture(f"r{number}"), 1000.0)
    assert [it.request for it in requests.refusals] == [f"r{MOST_WAITING}"]

    requests.frame(frame(0), 0.0)

    assert [it.request for it in requests.taken] == [f"r{number}" for number in range(MOST_WAITING)]


def test_the_first_frame_is_a_monitoring_picture_and_then_one_each_interval() -> None:
    requests = Requests()

    for seq in range(25):
        requests.frame(frame(seq), 2.0)

    assert [it.at for it in requests.taken] == [1000.0, 1002.0, 1004.0, 1006.0]
    assert {it.reason for it in requests.taken} == {PictureReason.INTERVAL}
    assert requests.stored == [StorePicture("door", it.utc, it.jpeg) for it in requests.taken]


def test_an_interval_of_zero_takes_none_and_a_new_one_counts_from_the_last_picture() -> None:
    requests = Requests()
    requests.frame(frame(0), 10.0)
    for seq in range(1, 80):
        requests.frame(frame(seq), 0.0)

    requests.frame(frame(80), 10.0)

    assert [it.at for it in requests.taken] == [1000.0, 1020.0]


def test_what_is_published_is_capped_and_what_is_stored_is_not() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    data = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    requests = Requests(limit=20_000)

    requests.frame(frame(0, jpeg=data), 900.0)

    (picture,) = requests.taken
    assert len(picture.jpeg) <= 20_000
    assert requests.stored == [StorePicture("door", START, data)]


def test_pictures_are_in_stored_orientation() -> None:
    requests = Requests(Orientation(rotate=180))

    requests.frame(frame(0, motion=True), 900.0)  # the square is in the upper left corner

    (picture,) = requests.taken
    luma = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert luma is not None
    assert luma[-4, -4] > 200
    assert luma[4, 4] < 40
