"""The recording stream in health: a problem of its own that takes nothing from the camera."""

from __future__ import annotations

from dataclasses import replace

from agent.core import engine
from agent.core.effects import Effect, Say
from agent.core.messages import CameraCode, CameraState, RecordingLink
from agent.core.state import AgentNow, Gauges
from agent.core.stats import CameraStats, VisionStats
from tests.support.engine import YARD, at, begun
from tests.unit.core.test_camera_truth import change, health, hear


def link(state: AgentNow, code: CameraCode, second: float) -> tuple[AgentNow, list[Effect]]:
    cause = RecordingLink(CameraState("yard", code, "why", 100.0 + second, 1))
    return engine.step(state, cause, at(second))


def test_a_camera_without_one_says_so() -> None:
    assert health(begun(YARD), 1)["recording_stream"] is None


def test_without_it_the_camera_is_degraded_and_says_since_when() -> None:
    state = hear(begun(YARD), CameraCode.LIVE, 1)
    state, effects = link(state, CameraCode.UNREACHABLE, 2)
    assert any("recording stream: unreachable" in it.text for it in effects if isinstance(it, Say))
    state, effects = link(state, CameraCode.UNREACHABLE, 9)
    assert not [it for it in effects if isinstance(it, Say)], "said once"
    told = health(state, 9)
    assert (told["status"], told["state"]) == ("degraded", "live")
    assert told["problems"] == ["recording_stream_unreachable"]
    assert told["recording_stream"]["state_since"].startswith("2026-11-22T08:00:02")
    assert state.cameras["yard"].live
    state, _ = link(state, CameraCode.LIVE, 12)
    assert health(state, 12)["problems"] == []


def test_its_figures_are_those_of_its_own_session() -> None:
    state, _ = link(hear(begun(YARD), CameraCode.LIVE, 1), CameraCode.LIVE, 1)
    gauges = Gauges(
        cameras={"yard": CameraStats(frames=30, fps=3.0)},
        recording={"yard": CameraStats(frames=250, fps=25.0, reconnects=2)},
        vision={"yard": VisionStats(clips_replaced=4)},
    )
    told = health(replace(state, gauges=gauges), 5)
    stream = told["recording_stream"]
    assert (told["fps"], stream["fps"]) == (3.0, 25.0)
    assert (stream["frames"], stream["reconnects"], stream["clips_without"]) == (250, 2, 4)


def test_a_camera_that_begins_anew_forgets_it() -> None:
    state, _ = link(begun(YARD), CameraCode.UNREACHABLE, 1)
    state, _ = change(state, (YARD,), {"yard"})
    assert health(state, 20)["recording_stream"] is None
