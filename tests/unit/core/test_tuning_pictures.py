"""Overlay and heat map, as the engine says them."""

import pytest

from agent.core import state_messages
from agent.core.effects import ToVision
from agent.core.engine import Input, step
from agent.core.messages import CameraCode, CameraState, Parsed, PictureReason, PictureTaken
from agent.core.orders import TakePicture
from agent.core.state import AgentNow
from schemas.commands import ReplyTo, TakeOverlay
from schemas.messages import Publish
from tests.support.engine import NOW, START, begun


def live() -> AgentNow:
    return step(begun(), CameraState("yard", CameraCode.LIVE, "", 100.0, 1), NOW)[0]


def taken(reason: PictureReason, request: str | None = None) -> PictureTaken:
    return PictureTaken("yard", "p1", 100.0, START, reason, 640, 480, b"jpg", request)


def topics_of(state: AgentNow, cause: Input) -> list[str]:
    return [e.topic for e in step(state, cause, NOW)[1] if isinstance(e, Publish)]


def test_the_command_asks_vision_and_is_answered_with_the_picture() -> None:
    reply = ReplyTo(noun="overlay", camera="yard")
    state, effects = step(live(), Parsed(TakeOverlay(camera="yard"), reply, 100.0), NOW)
    (order,) = [e.order for e in effects if isinstance(e, ToVision)]
    assert isinstance(order, TakePicture)
    assert order.reason is PictureReason.OVERLAY
    told = topics_of(state, taken(PictureReason.OVERLAY, order.request))
    assert told == [
        "surveillance/pi/yard/overlay/image",
        "surveillance/pi/yard/response/overlay",
    ]


@pytest.mark.parametrize("reason", [PictureReason.OVERLAY, PictureReason.HEATMAP])
def test_each_picture_has_its_topic_and_is_said_again_on_connect(reason: PictureReason) -> None:
    state, effects = step(live(), taken(reason), NOW)
    (image,) = [e for e in effects if isinstance(e, Publish)]
    assert image.topic == f"surveillance/pi/yard/{reason.value}/image"
    assert image.description is not None
    assert image.description.topic == f"surveillance/pi/yard/{reason.value}/meta"
    assert state_messages.pictures(state, state.cameras["yard"]) == [image]
    assert state.cameras["yard"].snapshot is None
