"""Overlay and heat map, as the engine says them."""

from datetime import UTC, datetime

import pytest

from agent.core import announce
from agent.core.effects import ToVision
from agent.core.engine import Input, begin, step
from agent.core.messages import (
    CameraCode,
    CameraState,
    Parsed,
    PictureReason,
    PictureTaken,
    TakePicture,
)
from agent.core.state import AgentNow, CameraSetup, Now, Setup
from schemas.commands import ReplyTo, TakeOverlay
from schemas.messages import Publish
from schemas.settings import CameraSettings, StoredSettings
from schemas.topics import AgentTopics

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOW = Now(100.0, START)


def live() -> AgentNow:
    setup = Setup(
        AgentTopics("b", "pi"), "Pi", "1", START, (CameraSetup("yard", CameraSettings()),)
    )
    state, _ = begin(setup, StoredSettings(), {}, (), NOW)
    state, _ = step(state, CameraState("yard", CameraCode.LIVE, "", 100.0, 1), NOW)
    return state


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
        "b/pi/yard/overlay/meta",
        "b/pi/yard/overlay/image",
        "b/pi/yard/response/overlay",
    ]


@pytest.mark.parametrize("reason", [PictureReason.OVERLAY, PictureReason.HEATMAP])
def test_each_picture_has_its_topic_and_is_said_again_on_connect(reason: PictureReason) -> None:
    state, effects = step(live(), taken(reason), NOW)
    wanted = [f"b/pi/yard/{reason.value}/meta", f"b/pi/yard/{reason.value}/image"]
    assert [e.topic for e in effects if isinstance(e, Publish)] == wanted
    again = announce.pictures(state, state.cameras["yard"])
    assert [e.topic for e in again if isinstance(e, Publish)] == wanted
    assert state.cameras["yard"].snapshot is None
