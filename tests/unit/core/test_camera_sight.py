"""A camera's sight in its health."""

import json

import pytest

from agent.core.engine import step
from agent.core.image_quality import Sight
from agent.core.messages import CameraCode, CameraState
from agent.core.state import Gauges, Tick
from agent.core.stats import VisionStats
from schemas.messages import Publish
from tests.support.engine import NOW, START, at, begun


def health(sight: Sight, code: CameraCode = CameraCode.LIVE) -> dict[str, object]:
    state, _ = step(begun(), CameraState("yard", code, "why", 100.0, 1), NOW)
    vision = VisionStats(sight=sight, light_changed=START)
    tick = Tick(Gauges(vision={"yard": vision}))
    _, effects = step(state, tick, at(70))
    (message,) = [
        e for e in effects if isinstance(e, Publish) and e.topic == "surveillance/pi/yard/health"
    ]
    content: dict[str, object] = json.loads(message.payload)
    return content


def test_a_camera_that_sees_is_well() -> None:
    content = health(Sight(night=False, brightness=47.0))
    assert (content["status"], content["problems"]) == ("ok", [])
    assert content["sight"] == {
        "light": "day",
        "brightness_pct": 47.0,
        "light_changed": "2026-11-22T08:00:00.000+00:00",
        "frozen": False,
        "dark": False,
        "blurred": False,
        "shifted": False,
        "shift_pct": [0.0, 0.0],
    }


def test_before_the_first_look_light_is_not_known() -> None:
    sight = health(Sight())["sight"]
    assert isinstance(sight, dict)
    assert sight["light"] is None


@pytest.mark.parametrize(
    ("sight", "code"),
    [
        (Sight(frozen=True), "picture_frozen"),
        (Sight(dark=True), "picture_dark"),
        (Sight(blurred=True), "picture_blurred"),
        (Sight(shifted=True, shift=(4.0, 1.0)), "view_shifted"),
    ],
)
def test_a_blind_camera_is_degraded_and_the_problem_named(sight: Sight, code: str) -> None:
    content = health(sight)
    assert (content["status"], content["problems"]) == ("degraded", [code])


def test_of_a_camera_without_frames_only_that_is_said() -> None:
    content = health(Sight(dark=True), CameraCode.UNREACHABLE)
    assert (content["status"], content["problems"]) == ("error", ["camera_unreachable"])
