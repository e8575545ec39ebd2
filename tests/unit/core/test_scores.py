"""Zone names and scores, as the engine says them."""

import json

from agent.core.engine import step
from agent.core.event_payloads import explanation
from agent.core.messages import FrameScored, MotionSuppressed
from agent.core.state import vision_settings
from schemas.messages import Publish
from schemas.settings import CameraSettings
from tests.support.detections import detection
from tests.support.engine import NOW, START, begun

FOUND = detection(changed_pixels=400, score=1.23456789, unmasked_pixels=30_000, zone="door")


def said(cause: FrameScored | MotionSuppressed) -> list[object]:
    return list(step(begun(), cause, NOW)[1])


def test_a_score_is_published_at_once_and_not_kept() -> None:
    (message,) = said(FrameScored("yard", START, FOUND))
    assert isinstance(message, Publish)
    assert message.topic == "surveillance/pi/yard/score"
    assert (message.qos, message.retain) == (0, False)
    content = json.loads(message.payload)
    assert (content["frame"], content["score"], content["zone"]) == (7, 1.2346, "door")


def test_scores_are_said_only_when_the_setting_wants_them() -> None:
    assert not vision_settings(CameraSettings()).scores
    assert vision_settings(CameraSettings(publish_scores=True)).scores


def test_an_explanation_names_the_zone() -> None:
    assert explanation(FOUND).zone == "door"
    assert explanation(FOUND).text.startswith("zone door: 400 of 30000 pixels")
