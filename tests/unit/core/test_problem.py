"""Problems are told apart by their kind, whatever a camera is called."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import engine
from agent.core.effects import Say
from agent.core.health import agent_status, camera_health
from agent.core.last_error import cured, fault
from agent.core.messages import AudioState, CameraCode, CameraState, RecordingLink
from agent.core.problem import Kind, Problem, by_id
from agent.core.problems import HELP, agent_problems
from agent.core.state import AgentNow, CameraSetup
from schemas.base import ID_PATTERN
from schemas.settings import CameraSettings
from tests.support.engine import NOW, at, begun

#: Begin or end like codes of the agent, or are the beginning of one another.
HOSTILE = [
    "audio_x",
    "audio_failed",
    "store",
    "store_x",
    "mqtt_x",
    "broker",
    "agent",
    "x",
    "x_camera_connecting",
    "x_recording_stream",
    "recording_stream_connecting",
    "picture_dark",
]
CODES = sorted(HELP)


def among(*names: str) -> AgentNow:
    """Cameras of these names, and one that is live."""
    state = begun(*(CameraSetup(name, CameraSettings()) for name in ("well", *names)))
    return hear(state, "well", CameraCode.LIVE)


def hear(state: AgentNow, name: str, code: CameraCode) -> AgentNow:
    return engine.step(state, CameraState(name, code, "why", 100.0, 1), NOW)[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_camera_that_is_off_is_a_problem_whatever_it_is_called(name: str) -> None:
    state = hear(among(name), name, CameraCode.UNREACHABLE)
    assert list(by_id(state.problems)) == [f"{name}_camera_unreachable"]
    assert agent_status(state, state.problems) == "degraded"


@pytest.mark.parametrize("name", HOSTILE)
def test_what_goes_wrong_is_a_warning_whatever_the_camera_is_called(name: str) -> None:
    state = hear(among(name), name, CameraCode.LIVE)
    lost = RecordingLink(CameraState(name, CameraCode.REFUSED, "401", 100.0, 1))
    _, effects = engine.step(state, lost, at(1))
    words = f"agent: problems: {name}_recording_stream_refused"
    assert Say("WARNING", words) in effects


def test_a_speaker_that_is_missing_alone_leaves_the_agent_ok() -> None:
    state = among()
    audio = AudioState(ok=False, code="no_device", reason="none", at=100.0)
    state, _ = engine.step(state, audio, NOW)
    assert agent_status(state, state.problems) == "ok"


def test_a_recording_stream_alone_is_bearable_whatever_the_camera_is_called() -> None:
    name = "x_recording_stream"
    state = hear(among(name), name, CameraCode.UNREACHABLE)
    camera = camera_health(state, state.cameras[name], NOW)
    assert (camera.status, camera.problems) == ("error", ["camera_unreachable"])


@given(st.lists(st.from_regex(ID_PATTERN, fullmatch=True), min_size=2, max_size=2, unique=True))
def test_two_problems_of_cameras_never_share_an_id(names: list[str]) -> None:
    """An id says whose problem it is only if no code ends like a part of a name and a code."""
    ids = [Problem(Kind.CAMERA, code, "", name).id for name in names for code in CODES]
    assert len(set(ids)) == len(ids)


def test_no_code_is_the_end_of_another_one() -> None:
    pairs = itertools.permutations(CODES, 2)
    assert [pair for pair in pairs if pair[0].endswith(f"_{pair[1]}")] == []


def test_a_thread_that_is_silent_is_no_camera() -> None:
    """Threads of cameras have a dot in their names; ids of cameras cannot have one."""
    assert re.fullmatch(ID_PATTERN, "yard.camera") is None
    assert agent_problems(among(), 100.0) == ()


def test_one_camera_that_comes_back_does_not_cure_the_error_of_another() -> None:
    state, _ = fault(begun(), "camera", "camera_refused", "busy", NOW, "audio_x")
    state, said = cured(state, "camera", NOW, "well")
    assert said == []
    state, said = cured(state, "camera", NOW, "audio_x")
    assert state.error is not None
    assert (len(said), state.error.code) == (1, "ok")


def test_the_same_code_of_another_camera_is_another_error() -> None:
    state, _ = fault(begun(), "camera", "camera_refused", "busy", NOW, "a")
    state, _ = fault(state, "camera", "camera_refused", "busy", NOW, "a")
    assert state.error is not None
    assert state.error.count == 2
    state, _ = fault(state, "camera", "camera_refused", "busy", NOW, "b")
    assert state.error is not None
    assert state.error.count == 1
