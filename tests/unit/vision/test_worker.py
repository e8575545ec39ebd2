"""One camera's vision, frame by frame, without its thread."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pytest

from agent.core.frame import Frame
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipPart,
    ClipStart,
    EndReason,
    MotionEnded,
    MotionPicture,
    MotionStarted,
    MotionSuppressed,
    PictureTaken,
    StorePicture,
)
from agent.core.orders import (
    CameraWent,
    Configure,
    LimitPictures,
    StopJudging,
    TakePicture,
    VisionOrder,
    VisionSettings,
)
from agent.imaging.jpeg import encode
from agent.imaging.orientation import Orientation
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.vision.detector.masks import Mask
from agent.vision.worker import VisionOptions, VisionWorker
from agent.vision.zones import View
from schemas.zones import Zone
from tests.support.clock import FakeClock
from tests.support.scene import HEIGHT, WIDTH, frame, jpeg_of, places
from tests.support.vision import SETTINGS

OPTIONS = VisionOptions(analysis_fps=4.0)
Said = TypeVar("Said")


class Rig:
    """A vision worker whose thread is the test."""

    def __init__(
        self, settings: VisionSettings = SETTINGS, options: VisionOptions = OPTIONS
    ) -> None:
        self.clock = FakeClock()
        self.frames: Mailbox[Frame] = Mailbox("frames", 4, WhenFull.DROP_OLDEST)
        self.orders: Mailbox[VisionOrder] = Mailbox("orders", 4, WhenFull.REFUSE)
        self.said: list[object] = []
        self.parts: list[ClipPart] = []
        self.room = True
        self.vision = VisionWorker(
            "door",
            options,
            settings,
            self.frames,
            self.orders,
            self.said.append,
            self._record,
            self.clock,
        )

    def _record(self, part: ClipPart, _size: int) -> bool:
        if self.room:
            self.parts.append(part)
        return self.room

    def see(self, *frames: Frame) -> None:
        for it in frames:
            self.clock.advance(max(0.0, it.at - self.clock.monotonic()))
            self.vision.take_frame(it)

    def play(self, pattern: str, start: int = 0, session: int = 1) -> None:
        """`M` frames with motion, `q` without, `d` damaged ones."""
        for seq, letter in enumerate(pattern, start):
            torn = b"\xff\xd8 torn" if letter == "d" else None
            self.see(frame(seq, motion=letter == "M", session=session, jpeg=torn))

    def order(self, order: VisionOrder) -> None:
        self.orders.put(order)
        self.vision.take_orders()

    def heard(self, kind: type[Said]) -> list[Said]:
        return [it for it in self.said if isinstance(it, kind)]

    def recorded(self, kind: type[Said]) -> list[Said]:
        return [it for it in self.parts if isinstance(it, kind)]


# ---------------------------------------------------------------- an event, from start to end


def test_motion_starts_an_event_and_post_frames_end_it() -> None:
    rig = Rig()
    rig.play("qqqqqMqqqqqq")

    (started,), (ended,) = rig.heard(MotionStarted), rig.heard(MotionEnded)
    assert started.detection.seq == 5
    assert started.detection.changed_pixels == 256
    assert ended.event_id == started.event_id
    assert ended.reason is EndReason.CLEARED
    assert ended.detection.seq == 8
    assert (ended.at, ended.duration) == (1002.0, 0.75)
    assert (ended.judged, ended.frames) == (4, 4)
    assert rig.said.index(started) < rig.said.index(ended)


def test_the_event_carries_the_time_of_its_frame_as_id_and_utc() -> None:
    rig = Rig()
    rig.play("qqqqqM")

    (started,) = rig.heard(MotionStarted)
    assert (started.at, started.utc.isoformat()) == (1001.25, "2026-11-22T07:00:01.250000+00:00")
    assert len(started.event_id) == 26


def test_a_step_of_the_wall_clock_during_an_event_moves_nothing() -> None:
    rig = Rig()
    rig.play("qqqqqM")
    rig.clock.step_utc(-3600)
    rig.play("qqqq", start=6)

    (ended,) = rig.heard(MotionEnded)
    assert (ended.utc - ended.started_utc).total_seconds() == ended.duration == 0.75


def test_the_next_event_follows_the_stepped_wall_clock() -> None:
    rig = Rig()
    rig.clock.step_utc(3600)
    rig.play("qqqqqM")

    assert rig.heard(MotionStarted)[0].utc.hour == 8


def test_picture_and_delta_show_what_moved() -> None:
    rig = Rig()
    rig.play("qqqqqM")

    (started,), (shown,) = rig.heard(MotionStarted), rig.heard(MotionPicture)
    assert (shown.picture, shown.width, shown.height) == (frame(5, motion=True).jpeg, WIDTH, HEIGHT)
    assert (shown.event_id, shown.at, shown.utc) == (started.event_id, started.at, started.utc)
    delta = cv2.imdecode(np.frombuffer(shown.delta or b"", np.uint8), cv2.IMREAD_UNCHANGED)
    assert delta is not None
    row, column = places(5)
    assert np.count_nonzero(delta) == 256
    assert delta[row : row + 16, column : column + 16].all()
    x, y, width, height = started.detection.box or (0, 0, 0, 0)
    assert (x * WIDTH, y * HEIGHT, width * WIDTH, height * HEIGHT) == (column, row, 16, 16)


def test_a_turned_camera_is_published_in_stored_orientation_and_recorded_as_it_came() -> None:
    rig = Rig(options=replace(OPTIONS, view=View(orientation=Orientation(rotate=180))))
    rig.play("qqqqqM")

    (shown,), (clip,) = rig.heard(MotionPicture), rig.recorded(ClipStart)
    row, column = places(5)
    delta = cv2.imdecode(np.frombuffer(shown.delta or b"", np.uint8), cv2.IMREAD_UNCHANGED)
    picture = cv2.imdecode(np.frombuffer(shown.picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert delta is not None
    assert picture is not None
    turned = delta[::-1, ::-1][row : row + 16, column : column + 16]
    assert turned.all()
    assert picture[::-1, ::-1][row + 8, column + 8] > 200
    assert shown.detection.box == pytest.approx(
        (1 - (column + 16) / WIDTH, 1 - (row + 16) / HEIGHT, 16 / WIDTH, 16 / HEIGHT)
    )
    assert clip.triggers[2] == frame(5, motion=True)


def test_a_stronger_frame_brings_a_better_picture_at_most_once_a_second() -> None:
    rig = Rig(replace(SETTINGS, post_frames=10))
    rig.play("qqqqqM")
    wide = np.full((HEIGHT, WIDTH, 3), 16, np.uint8)
    wide[0:16, 0:24] = 216  # 384 pixels
    better = cv2.imencode(".jpg", wide, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    rig.see(frame(6, jpeg=better))
    rig.play("qqqqqqqqqqq", start=7)

    (first, improved), (ended,) = rig.heard(MotionPicture), rig.heard(MotionEnded)
    assert first.delta is not None
    assert improved.delta is None
    assert improved.detection.seq == 6
    assert improved.picture == better
    assert (improved.width, improved.height) == (WIDTH, HEIGHT)
    assert ended.peak == improved.detection
    assert [it.best.seq for it in rig.recorded(ClipEnd)] == [6]


def test_too_much_change_is_reported_as_suppressed_with_its_reason() -> None:
    rig = Rig()
    rig.play("qqqq")
    for seq, level in enumerate([200, 16, 120, 250], 4):
        rig.see(frame(seq, jpeg=jpeg_of(None, level=level)))

    (suppressed,) = rig.heard(MotionSuppressed)
    assert suppressed.detection.reason == "too_much_changed"
    assert suppressed.detection.score == 100.0
    assert suppressed.count == 1
    assert rig.vision.stats.suppressed == 3  # 16 again is what it was two frames before
    assert rig.heard(MotionStarted) == []


# ---------------------------------------------------------------- the clip


def test_the_clip_has_the_pre_roll_every_frame_and_the_end() -> None:
    rig = Rig()
    rig.play("q" * 10 + "Mqqqqq")

    start, *middle, end = rig.parts
    assert isinstance(start, ClipStart)
    assert [it.seq for it in start.frames] == [6, 7, 8, 9, 10]
    assert [it.seq for it in start.triggers] == [8, 9, 10]
    assert [it.frame.seq for it in middle if isinstance(it, ClipFrame)] == [11, 12, 13]
    assert isinstance(end, ClipEnd)
    assert (end.best.seq, end.judged, end.truncated) == (10, 4, False)
    assert {start.event_id, end.event_id} == {rig.heard(MotionStarted)[0].event_id}


def test_frames_that_are_not_judged_are_recorded_all_the_same() -> None:
    rig = Rig(options=replace(OPTIONS, analysis_fps=2.0, pre_seconds=0.0))
    rig.play("qqqqqqqq" + "MMMM" + "q" * 12)

    recorded = [it.frame.seq for it in rig.recorded(ClipFrame)]
    (start,) = rig.recorded(ClipStart)
    assert recorded == list(range(start.frames[-1].seq + 1, recorded[-1] + 1))
    assert rig.vision.stats.judged == pytest.approx(9, abs=1)  # three warm up
    assert rig.heard(MotionEnded)[0].frames == len(recorded) + 1


def test_without_recording_there_is_an_event_but_no_clip() -> None:
    rig = Rig(replace(SETTINGS, record=False))
    rig.play("qqqqqMqqqqq")

    assert len(rig.heard(MotionEnded)) == 1
    assert rig.parts == []


def test_a_full_recorder_costs_the_clip_and_not_the_event() -> None:
    rig = Rig()
    rig.play("qqqqqM")
    rig.room = False
    rig.play("q", start=6)
    rig.room = True
    rig.play("qqqq", start=7)

    (end,) = rig.recorded(ClipEnd)
    assert end.truncated
    assert rig.vision.stats.clips_truncated == 1
    assert len(rig.heard(MotionEnded)) == 1


# ---------------------------------------------------------------- judging pauses


def test_disarmed_nothing_is_judged_and_pictures_go_on() -> None:
    rig = Rig(replace(SETTINGS, armed=False, monitoring_interval=1.0))
    rig.play("qqqqMMMM")

    assert rig.vision.stats.judged == 0
    assert [type(it) for it in rig.said] == [PictureTaken, PictureTaken]
    assert [type(it) for it in rig.parts] == [StorePicture, StorePicture]


def test_pictures_are_made_as_small_as_the_broker_wants_them() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    rig = Rig(replace(SETTINGS, armed=False, monitoring_interval=0.1))
    sizes = []
    for seq, limit in enumerate((None, 9000, None)):
        rig.order(LimitPictures(limit))
        rig.see(frame(seq, jpeg=encode(noise)))
        sizes.append(len(rig.heard(PictureTaken)[-1].jpeg))
    assert sizes[0] == sizes[2] > 9000 >= sizes[1]


def test_disarming_ends_the_running_event() -> None:
    rig = Rig()
    rig.play("qqqqqMq")
    rig.order(Configure(replace(SETTINGS, armed=False)))
    rig.play("MMMM", start=7)

    (ended,) = rig.heard(MotionEnded)
    assert (ended.reason, ended.at) == (EndReason.DISARMED, 1001.5)
    assert [it.reason for it in rig.recorded(ClipEnd)] == [EndReason.DISARMED]


def test_what_changed_while_disarmed_is_no_motion_after_arming() -> None:
    rig = Rig()
    rig.play("qqqqq")
    rig.order(Configure(replace(SETTINGS, armed=False)))
    rig.play("q", start=5)
    rig.order(Configure(SETTINGS))
    for seq in range(6, 12):
        rig.see(frame(seq, jpeg=jpeg_of((8, 8))))

    assert rig.heard(MotionStarted) == []


def test_new_limits_hold_from_the_next_frame_on() -> None:
    rig = Rig()
    rig.play("qqqqq")
    rig.order(Configure(replace(SETTINGS, min_changed=10.0)))
    rig.play("Mqq", start=5)
    rig.order(Configure(SETTINGS))
    rig.play("M", start=8)

    assert [it.detection.seq for it in rig.heard(MotionStarted)] == [8]


def test_the_loss_of_the_camera_ends_the_event_with_its_last_frame() -> None:
    rig = Rig()
    rig.play("qqqqqMq")
    rig.clock.advance(30.0)
    rig.order(CameraWent(1))

    (ended,) = rig.heard(MotionEnded)
    assert (ended.reason, ended.at) == (EndReason.CAMERA_LOST, 1001.5)


def test_frames_still_on_their_way_when_the_session_went_start_nothing() -> None:
    rig = Rig()
    rig.play("qqqqq")
    rig.order(CameraWent(1))
    rig.play("qqqqMM", start=5)

    assert rig.heard(MotionStarted) == []
    assert rig.vision.stats.frames == 11


def test_no_event_begins_once_the_end_is_near_and_a_running_one_gets_its_frames() -> None:
    rig = Rig()
    rig.play("qqqqq")
    rig.order(StopJudging())
    rig.play("MMMM", start=5)
    assert rig.heard(MotionStarted) == []

    rig = Rig()
    rig.play("qqqqqM")
    rig.order(StopJudging())
    rig.play("qqqqqq", start=6)
    assert rig.heard(MotionEnded) == []
    assert [part.frame.seq for part in rig.recorded(ClipFrame)][-1] == 11


def test_a_new_session_ends_the_event_and_is_not_compared_with_the_old_one() -> None:
    rig = Rig()
    rig.play("qqqqqMq")
    for seq in range(7, 13):
        rig.see(frame(seq, session=2, jpeg=jpeg_of((8, 8))))
    rig.play("M", start=13, session=2)

    assert [it.reason for it in rig.heard(MotionEnded)] == [EndReason.CAMERA_LOST]
    assert [it.detection.seq for it in rig.heard(MotionStarted)] == [5, 13]
    second = rig.recorded(ClipStart)[1]
    assert all(it.session == 2 for it in second.frames)


def test_old_news_of_a_lost_session_do_not_touch_the_new_one() -> None:
    rig = Rig()
    rig.play("qqqqq")
    rig.play("qqqqqM", start=5, session=2)
    rig.order(CameraWent(1))

    assert rig.heard(MotionEnded) == []


def test_damaged_frames_are_counted_and_end_an_event_like_quiet_ones() -> None:
    rig = Rig()
    rig.play("qqdqqqMddd")

    assert rig.vision.stats.damaged == 4
    assert [it.reason for it in rig.heard(MotionEnded)] == [EndReason.CLEARED]


def test_frames_of_another_size_within_a_session_are_not_compared() -> None:
    rig = Rig()
    rig.play("qqqqq")
    for seq in range(5, 10):
        rig.see(frame(seq, jpeg=jpeg_of((8, 8), size=(96, 128))))

    assert rig.heard(MotionStarted) == []
    assert (rig.vision.stats.height, rig.vision.stats.width) == (96, 128)
    assert rig.vision.stats.damaged == 0


# ---------------------------------------------------------------- privacy and zones


def test_no_picture_of_vision_shows_what_a_privacy_polygon_covers() -> None:
    right = (((0.75, 0.0), (1.0, 0.0), (1.0, 1.0), (0.75, 1.0)),)
    rig = Rig(
        replace(SETTINGS, monitoring_interval=900.0),
        replace(OPTIONS, view=View(privacy=right)),
    )
    bright = [jpeg_of((8 * (n % 3), 16), level=120) for n in range(12)]
    for seq, jpeg in enumerate(bright):
        rig.see(frame(seq, jpeg=bright[0] if seq < 5 else jpeg))
        rig.order(TakePicture(request="1"))

    (first,), taken = rig.heard(MotionPicture), rig.heard(PictureTaken)
    stored = rig.recorded(StorePicture)
    assert taken
    assert stored
    shown = [first.picture, *(it.jpeg for it in taken), *(it.jpeg for it in stored)]
    for data in shown:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        assert picture[:, 49:].max() < 12
        assert picture[:, :44].min() > 90


def test_an_event_names_the_zone_that_decided() -> None:
    zone = Zone(polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    rig = Rig(options=replace(OPTIONS, view=View(zones={"door": zone})))
    rig.play("qqqqqM")

    (started,) = rig.heard(MotionStarted)
    assert started.detection.zone == "door"


# ---------------------------------------------------------------- the mask


def masked(height: int, width: int) -> VisionOptions:
    return replace(OPTIONS, view=View(Mask(Path("m.png"), np.full((height, width), 255, np.uint8))))


def test_a_mask_that_does_not_fit_stops_judging_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(replace(SETTINGS, monitoring_interval=900.0), masked(10, 20))
    rig.play("qqqqqMMM")

    problem = rig.vision.stats.problem
    assert "m.png: is 20x10, but the camera's pictures are 64x48" in problem
    assert rig.vision.stats.judged == 0
    assert len(caplog.records) == 1
    assert rig.heard(MotionStarted) == []
    assert len(rig.heard(PictureTaken)) == 1


def test_judging_goes_on_when_frames_fit_the_mask_again() -> None:
    rig = Rig(options=masked(HEIGHT, WIDTH))
    rig.play("qqqqqM")
    rig.see(frame(6, jpeg=jpeg_of(None, size=(96, 192))))
    assert [it.reason for it in rig.heard(MotionEnded)] == [EndReason.INTERRUPTED]
    assert rig.vision.stats.problem

    rig.play("qqqqM", start=7)

    assert [it.detection.seq for it in rig.heard(MotionStarted)] == [5, 11]
    assert rig.vision.stats.problem == ""


# ---------------------------------------------------------------- pictures, counters, rate


def test_a_rate_above_the_cameras_judges_each_frame_once_at_its_own_time() -> None:
    rig = Rig(options=replace(OPTIONS, analysis_fps=60.0))
    rig.play("qqqqqMqq")
    assert rig.vision.stats.judged == 8 - 3  # the first three are learnt
    (started,) = rig.heard(MotionStarted)
    assert (started.detection.seq, started.detection.at) == (5, frame(5).at)


def test_a_picture_asked_for_is_the_next_frame() -> None:
    rig = Rig()
    rig.order(TakePicture("r1"))
    rig.play("q")

    assert [it.request for it in rig.heard(PictureTaken)] == ["r1"]


def test_a_camera_faster_than_the_limit_is_judged_at_the_limit() -> None:
    rig = Rig(options=replace(OPTIONS, analysis_fps=3.0))
    for seq in range(300):
        rig.see(frame(seq, at=1000.0 + seq / 30))

    assert rig.vision.stats.frames == 300
    assert rig.vision.stats.judged == pytest.approx(27, abs=1)  # three warm up


def test_the_counters_tell_what_was_judged() -> None:
    rig = Rig()
    rig.play("qqqqqMq")

    stats = rig.vision.stats
    assert (stats.frames, stats.judged, stats.detections) == (7, 4, 1)  # three warm up
    assert (stats.height, stats.width) == (HEIGHT, WIDTH)
    assert stats.cpu_per_judged > 0
    assert stats.last_score == 0.0


# ---------------------------------------------------------------- privacy


def test_privacy_mode_that_was_off_for_a_moment_has_its_card_again() -> None:
    """Off and on again is one order, where vision looks late; the engine forgot the card."""
    private = replace(SETTINGS, private=True)
    rig = Rig(settings=private)
    rig.orders.put(Configure(private))
    rig.vision.take_orders()
    (card,) = [it for it in rig.said if isinstance(it, PictureTaken)]
    assert card.reason == "privacy"


# ---------------------------------------------------------------- how well it sees


def test_how_well_the_camera_sees_is_told_also_while_disarmed() -> None:
    rig = Rig(settings=replace(SETTINGS, armed=False))
    for seq in range(140):  # 35 s
        rig.see(frame(seq, jpeg=jpeg_of((8, 8))))
    assert rig.vision.stats.judged == 0
    sight = rig.vision.stats.sight
    assert sight.night is True, "a grey picture"
    assert sight.problems == ("picture_frozen",)


def test_a_change_of_light_has_its_time() -> None:
    rig = Rig()
    for seq in range(100):
        rig.see(frame(seq, jpeg=jpeg_of(None, level=16 if seq < 50 else 90)))
    changed = rig.vision.stats.light_changed
    assert changed is not None
    assert 12 <= (changed - rig.clock.utc()).total_seconds() + 24.75 <= 23
