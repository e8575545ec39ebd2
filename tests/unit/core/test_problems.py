"""Every problem says why and what helps."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from agent.camera.source import SCHEMES
from agent.core.health import agent_health, camera_health
from agent.core.image_quality import Sight
from agent.core.messages import (
    AudioState,
    BrokerDown,
    CameraCode,
    CameraState,
    RecordingLink,
    StoreCode,
    StoreState,
)
from agent.core.problem import by_id
from agent.core.problems import HELP, agent_problems
from agent.core.state import AgentNow, Gauges, HostFigures
from agent.core.stats import MqttStats, VisionStats
from tests.support.engine import NOW, begun

#: Codes of a session that is a problem.
AWAY = sorted({*CameraCode} - {CameraCode.LIVE, CameraCode.DISABLED, CameraCode.PRIVATE})
PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "troubleshooting.md"
#: Their owners' reasons say what helps.
BY_REASON = {
    "store_not_adopted",
    "store_repaired",
    "audio_no_library",
    "broker_refused",
    "broker_tls",
    "broker_taken_over",
}
LIVE = CameraState("yard", CameraCode.LIVE, "frames come", 100.0, 1)


def now_with(link: CameraState = LIVE, **changes: object) -> AgentNow:
    """The agent with one camera, in that state, and `changes` of the agent's state."""
    state = begun()
    camera = replace(state.cameras["yard"], link=link)
    return replace(state.with_camera(camera), connected=True, **changes)  # type: ignore[arg-type]


def test_nothing_wrong_is_no_problem() -> None:
    assert by_id(agent_problems(now_with(), 100.0)) == {}


def test_every_documented_problem_has_its_help_and_the_other_way_round() -> None:
    table = PAGE.read_text().partition("## Problems in health")[2].partition("## ")[0]
    codes = {code.removeprefix("…_") for code in re.findall(r"^\| `(.+?)` ", table, re.MULTILINE)}
    assert codes == set(HELP) | BY_REASON


@pytest.mark.parametrize("code", AWAY)
def test_a_camera_that_is_away_says_why_and_what_helps(code: CameraCode) -> None:
    found = by_id(agent_problems(now_with(replace(LIVE, code=code, reason="no answer")), 100.0))
    assert found == {f"yard_camera_{code.value}": f"no answer; {HELP[f'camera_{code.value}']}"}


def test_a_recording_stream_gets_the_help_of_its_own_kind_of_camera() -> None:
    yard = now_with().cameras["yard"]
    gone = RecordingLink(replace(LIVE, code=CameraCode.REFUSED, reason="401")).state
    for scheme, words in (("hk", f"401; {HELP['camera_refused']}"), ("rtsp", "401")):
        setup = replace(yard.setup, record_scheme=scheme)
        state = now_with().with_camera(replace(yard, link=LIVE, setup=setup, recording_link=gone))
        assert by_id(agent_problems(state, 100.0)) == {"yard_recording_stream_refused": words}


@pytest.mark.parametrize("scheme", sorted(SCHEMES - {"hk"}))
@pytest.mark.parametrize("code", AWAY)
def test_help_for_the_udp_family_is_for_no_other_camera(code: CameraCode, scheme: str) -> None:
    yard = now_with(replace(LIVE, code=code, reason="why")).cameras["yard"]
    setup = replace(yard.setup, scheme=scheme)
    (words,) = by_id(
        agent_problems(now_with().with_camera(replace(yard, setup=setup)), 1.0)
    ).values()
    assert words.startswith("why")
    assert HELP[f"camera_{code.value}"] not in words
    assert "fragments" not in words


def test_a_name_that_does_not_resolve_is_not_answered_with_the_power_switch() -> None:
    state = now_with(replace(LIVE, code=CameraCode.UNREACHABLE, reason="not found", found=False))
    assert by_id(agent_problems(state, 100.0)) == {"yard_camera_unreachable": "not found"}


def test_what_a_camera_sees_is_a_problem_with_words_only_while_it_is_live() -> None:
    sight = Sight(frozen=True, dark=True, blurred=True, shifted=True)
    gauges = Gauges(vision={"yard": VisionStats(problem="mask 2x2, picture 4x4", sight=sight)})
    found = by_id(agent_problems(now_with(gauges=gauges), 100.0))
    assert found["yard_blind"] == f"mask 2x2, picture 4x4; {HELP['blind']}"
    assert len(found) == 5
    for code in ("picture_frozen", "picture_dark", "picture_blurred", "view_shifted"):
        assert found[f"yard_{code}"].endswith(f"; {HELP[code]}")
    away = now_with(replace(LIVE, code=CameraCode.STALLED), gauges=gauges)
    assert set(by_id(agent_problems(away, 100.0))) == {"yard_blind", "yard_camera_stalled"}


def test_where_the_store_knows_what_helps_the_usual_advice_is_not_given() -> None:
    state = now_with(store=StoreState(StoreCode.FULL, "no room", 1.0, helps="set the clock"))
    assert by_id(agent_problems(state, 2.0)) == {"store_full": "no room; set the clock"}


def test_the_agents_own_problems_say_why_and_what_helps() -> None:
    state = now_with(
        store=StoreState(StoreCode.FULL, "no room", 1.0),
        audio=AudioState(ok=False, code="no_library", reason="apt install it", at=1.0),
        trouble=BrokerDown(1.0, "taken_over", "stop the other agent"),
        gauges=Gauges(silent=("store",), mqtt=MqttStats(journal_failed=3, journal_failing=True)),
    )
    assert by_id(agent_problems(state, 2.0)) == {
        "store_full": f"no room; {HELP['store_full']}",
        "audio_no_library": "apt install it",
        "store_silent": f"store gave no sign of life for 10 s; {HELP['silent']}",
        "broker_taken_over": "stop the other agent",
        "journal_failing": f"3 events were sent without being on disk; {HELP['journal_failing']}",
    }


@pytest.mark.parametrize(("used", "low"), [(None, False), (819, False), (820, True)])
def test_descriptors_that_run_out_are_named(used: int | None, low: bool) -> None:  # noqa: FBT001
    host = HostFigures(descriptors=used, most_descriptors=1024)
    state = now_with(gauges=Gauges(host=host))
    told = by_id(agent_problems(state, 2.0)).get("descriptors_low", "")
    assert told.startswith("820 of 1024 files and connections" if low else "")
    assert bool(told) is low
    assert agent_health(state, NOW).descriptors.open == used


def test_the_payloads_carry_a_reason_for_each_problem() -> None:
    state = now_with(replace(LIVE, code=CameraCode.REFUSED, reason="busy"))
    camera = json.loads(camera_health(state, state.cameras["yard"], NOW).to_json())
    agent = json.loads(agent_health(state, NOW).to_json())
    assert camera["problems"] == list(camera["reasons"]) == ["camera_refused"]
    assert agent["problems"] == list(agent["reasons"]) == ["yard_camera_refused"]
    assert agent["reasons"]["yard_camera_refused"] == camera["reasons"]["camera_refused"]
