"""Zone names and scores, as the engine says them."""

import json
from datetime import UTC, datetime

from agent.core.engine import begin, step
from agent.core.messages import Detection, FrameScored, MotionSuppressed, Reason
from agent.core.reports import explanation
from agent.core.state import CameraSetup, Now, Setup, vision_settings
from schemas.messages import Publish
from schemas.settings import CameraSettings, StoredSettings
from schemas.topics import AgentTopics

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOW = Now(100.0, START)
FOUND = Detection(
    seq=7,
    at=100.0,
    motion=True,
    reason=Reason.MOTION,
    changed_pixels=400,
    score=1.23456789,
    pixel_threshold=50,
    min_changed=0.0814,
    max_changed=16.28,
    unmasked_pixels=30_000,
    profile="plain",
    zone="door",
)


def said(cause: FrameScored | MotionSuppressed) -> list[object]:
    topics = AgentTopics("surveillance", "pi")
    setup = Setup(topics, "Pi", "1", START, (CameraSetup("yard", CameraSettings()),))
    state, _ = begin(setup, StoredSettings(), {}, (), NOW)
    return list(step(state, cause, NOW)[1])


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
