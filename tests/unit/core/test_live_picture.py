"""The live picture: which frames it is made of, and how the broker gets it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agent.core.cameras import change_cameras
from agent.core.live_picture import LivePicture
from agent.core.live_view_command import expire
from agent.core.messages import BrokerUp, CameraCode, PictureReason, PictureTaken
from agent.core.orders import ShowLively
from schemas.commands import SetSetting, ShowLive
from schemas.messages import Publish
from tests.support.engine_rig import START, YARD, Rig, camera


def made(live: LivePicture, times: Iterable[float], interval: float, *, moving: bool) -> int:
    return sum(live.due(at, interval, moving=moving) for at in times)


def seconds(first: float, last: float, fps: float) -> list[float]:
    return [first + n / fps for n in range(int((last - first) * fps))]


def test_at_rest_there_is_one_each_interval_and_the_first_at_once() -> None:
    live = LivePicture(lambda: True)
    assert live.due(100.0, 10.0, moving=False)
    assert made(live, seconds(100.2, 131, 5), 10.0, moving=False) == 3


@pytest.mark.parametrize("fps", [3, 5, 15])
def test_while_something_moves_there_are_two_a_second(fps: float) -> None:
    live = LivePicture(lambda: True)
    assert made(live, seconds(0, 20, fps), 10.0, moving=True) == pytest.approx(40, abs=2)


def test_where_it_is_off_only_who_looks_gets_it() -> None:
    live = LivePicture(lambda: True)
    assert made(live, seconds(0, 20, 5), 0.0, moving=True) == 0
    live.until = 30.0
    assert made(live, seconds(20, 40, 5), 0.0, moving=False) == pytest.approx(20, abs=1)


def test_while_the_broker_takes_none_there_is_none_and_then_one_at_once() -> None:
    ready = [False]
    live = LivePicture(lambda: ready[0])
    assert made(live, seconds(0, 20, 5), 10.0, moving=True) == 0
    ready[0] = True
    assert live.due(20.0, 10.0, moving=False)
    assert not live.due(20.2, 10.0, moving=False)


def test_nobody_is_asked_for_a_picture_that_is_not_due() -> None:
    asked: list[bool] = []

    def ready() -> bool:
        asked.append(True)
        return True

    made(LivePicture(ready), seconds(0, 20, 5), 10.0, moving=False)
    assert len(asked) == 2


def test_of_a_damaged_frame_the_next_one_is_tried() -> None:
    live = LivePicture(lambda: True)
    assert live.due(0.0, 10.0, moving=False)
    live.failed()
    assert live.due(0.2, 10.0, moving=False)


def test_a_clock_that_went_back_does_not_stop_it() -> None:
    live = LivePicture(lambda: True)
    assert live.due(5000.0, 10.0, moving=False)
    assert live.due(1.0, 10.0, moving=False)


# ------------------------------------------------------------------ the engine


def taken() -> PictureTaken:
    return PictureTaken("yard", "01P", 100.0, START, PictureReason.LIVE, 640, 480, b"jpeg")


def test_it_goes_out_with_its_description_behind_it_and_does_not_stay() -> None:
    rig = Rig()
    rig.live()
    (sent,) = [e for e in rig.do(taken()) if isinstance(e, Publish)]
    assert (sent.topic, sent.qos, sent.retain) == (f"{YARD}/live/image", 0, True)
    assert sent.expiry == 90
    assert sent.description is not None
    assert (sent.description.topic, sent.description.qos) == (f"{YARD}/live/meta", 1)
    assert b'"captured_at"' in sent.description.payload
    assert not rig.published(f"{YARD}/snapshot/image")


def test_a_camera_that_went_does_not_look_live() -> None:
    rig = Rig()
    rig.live()
    rig.do(camera(CameraCode.STALLED))
    assert rig.published(f"{YARD}/live/image") == [b""]
    assert rig.published(f"{YARD}/live/meta") == [b""]
    assert rig.do(taken()) == []  # it was under way


def test_a_camera_that_is_not_there_yet_does_not_look_live() -> None:
    rig = Rig()
    rig.do(BrokerUp(rig.at, "5", 0))  # the broker may have a picture of an earlier process
    assert rig.published(f"{YARD}/live/image") == [b""]
    rig.live()
    rig.do(BrokerUp(rig.at, "5", 1))
    assert rig.published(f"{YARD}/live/image") == []


def test_a_camera_that_restarts_does_not_look_live_nor_says_that_somebody_looks() -> None:
    rig = Rig()
    rig.live()
    rig.command(ShowLive(camera="yard"), "live_view")
    rig.state, rig.effects = change_cameras(rig.state, rig.setup.cameras, ("yard",), {}, rig.now)
    assert rig.published(f"{YARD}/live/image") == [b""]
    assert rig.published(f"{YARD}/live/meta") == [b""]
    assert rig.published(f"{YARD}/live_view/state") == [b"OFF"]


def test_without_an_interval_the_last_picture_goes_with_the_live_view() -> None:
    rig = Rig()
    rig.live()
    rig.command(SetSetting(camera="yard", name="live_interval", value=0), "live_interval")
    assert rig.published(f"{YARD}/live/image") == [b""]
    rig.command(ShowLive(camera="yard"), "live_view")
    rig.do(taken())
    assert rig.published(f"{YARD}/live/image") == [b"jpeg"]
    rig.command(ShowLive(camera="yard", seconds=0.0), "live_view")
    assert rig.published(f"{YARD}/live/image") == [b""]
    assert rig.do(taken()) == []  # it was under way


def test_the_live_view_ends_by_itself() -> None:
    rig = Rig()
    rig.live()
    effects = rig.command(ShowLive(camera="yard", seconds=60.0), "live_view")
    assert rig.published(f"{YARD}/live_view/state") == [b"ON"]
    assert rig.answer("live_view")["ok"] is True
    (order,) = [e.order for e in effects if hasattr(e, "order")]
    assert order == ShowLively(rig.at + 60.0)
    rig.at += 59.0
    assert expire(rig.state, rig.now)[1] == []
    rig.at += 1.0
    rig.state, rig.effects = expire(rig.state, rig.now)
    assert rig.published(f"{YARD}/live_view/state") == [b"OFF"]
    assert expire(rig.state, rig.now)[1] == []


def test_the_live_view_is_ended_by_command_and_by_a_camera_that_goes() -> None:
    rig = Rig()
    rig.live()
    rig.command(ShowLive(camera="yard"), "live_view")
    rig.command(ShowLive(camera="yard", seconds=0.0), "live_view")
    assert rig.published(f"{YARD}/live_view/state") == [b"OFF"]
    rig.command(ShowLive(camera="yard"), "live_view")
    rig.do(camera(CameraCode.STALLED))
    rig.state, rig.effects = expire(rig.state, rig.now)
    assert rig.published(f"{YARD}/live_view/state") == [b"OFF"]


def test_a_camera_without_pictures_has_no_live_view() -> None:
    rig = Rig()
    rig.command(ShowLive(camera="yard"), "live_view")
    assert rig.published(f"{YARD}/live_view/state") == [b"OFF"]
    error = rig.answer("live_view")["error"]
    assert isinstance(error, dict)
    assert error["code"] == "camera_unavailable"
