"""Live means that frames are judged; where that is not so, health says it."""

from __future__ import annotations

from dataclasses import replace

from agent.core import engine
from agent.core.effects import Say
from agent.core.liveness import UNJUDGED_AFTER
from agent.core.messages import CameraCode, CameraState
from agent.core.problem import by_id
from agent.core.state import AgentNow, CameraSetup, Gauges, Tick
from agent.core.stats import CameraStats, VisionStats
from schemas.settings import CameraSettings
from tests.support.engine import at, begun


class Rig:
    """One live camera; the test says what its source and its detector have counted."""

    def __init__(self, setup: CameraSetup | None = None) -> None:
        self.state: AgentNow = begun(*([setup] if setup else []))
        self.second = 0.0
        self.frames = self.judged = 0
        self.said: list[str] = []
        self.vision = VisionStats()
        self.hear(CameraCode.LIVE)

    def hear(self, code: CameraCode) -> None:
        link = CameraState("yard", code, "why", 100.0 + self.second, 1)
        self.state, _ = engine.step(self.state, link, at(self.second))

    def armed(self, *, armed: bool) -> None:
        camera = self.state.cameras["yard"]
        settings = camera.settings.model_copy(update={"armed": armed})
        self.state = self.state.with_camera(replace(camera, settings=settings))

    def run(self, seconds: int, frames: float = 4, judged: float = 0) -> list[str]:
        """So many seconds with so many frames and verdicts in each; the problems then."""
        start = self.frames, self.judged
        for n in range(1, seconds + 1):
            self.second += 1
            self.frames = start[0] + int(n * frames)
            self.judged = start[1] + int(n * judged)
            vision = replace(self.vision, judged=self.judged)
            gauges = Gauges({"yard": CameraStats(frames=self.frames)}, vision={"yard": vision})
            self.state, effects = engine.step(self.state, Tick(gauges), at(self.second))
            self.said += [it.text for it in effects if isinstance(it, Say)]
        return list(by_id(self.state.problems))


def test_frames_that_nobody_judges_are_a_problem_until_one_is_judged() -> None:
    rig = Rig()
    assert rig.run(60, judged=3) == []
    rig.vision = VisionStats(undecided="they are damaged")
    assert rig.run(int(UNJUDGED_AFTER) - 2) == []
    assert rig.run(3) == ["yard_not_judged"]
    (problem,) = rig.state.problems
    assert "they are damaged; restart" in problem.words
    assert rig.said.count("agent: problems: yard_not_judged") == 1
    assert rig.run(100) == ["yard_not_judged"]
    assert rig.run(1, judged=1) == []


def test_frames_that_never_reach_the_detector_are_told_too() -> None:
    rig = Rig()
    assert rig.run(32) == ["yard_not_judged"]
    assert "none reaches the detector" in rig.state.problems[0].words


def test_disarmed_or_away_nothing_has_to_be_judged() -> None:
    rig = Rig()
    rig.armed(armed=False)
    assert rig.run(100) == []
    rig.armed(armed=True)
    assert rig.run(int(UNJUDGED_AFTER) - 1) == []
    rig.hear(CameraCode.STALLED)
    assert rig.run(100) == ["yard_camera_stalled"]


def test_a_camera_of_one_picture_a_minute_has_all_the_time_it_needs() -> None:
    rig = Rig()
    assert rig.run(8 * 60, frames=1 / 60) == [], "the detector learns from the first pictures"
    assert rig.run(10 * 60, frames=1 / 60, judged=1 / 60) == []


def test_a_camera_that_is_judged_once_a_minute_is_judged() -> None:
    rig = Rig(CameraSetup("yard", CameraSettings(), analysis_fps=1 / 60))
    assert rig.run(10 * 60, judged=1 / 60) == []
    assert rig.run(6 * 60) == ["yard_not_judged"]


def test_a_mask_that_does_not_fit_has_its_own_problem() -> None:
    rig = Rig()
    rig.vision = VisionStats(problem="mask 2x2, picture 4x4")
    assert rig.run(100) == ["yard_blind"]
