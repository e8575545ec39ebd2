"""When a self test begins, and what is said of it: by command, by night, after its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.core.engine import step
from agent.core.messages import BrokerDown, Parsed, StoreCode, StoreState
from agent.core.nightly import next_time
from agent.core.orders import BeginSelfTest, EchoCame
from agent.core.self_test_commands import LONGEST, SELF_TEST_EVERY
from agent.core.self_test_stages import CameraDiscarded, EchoWanted, SelfTestSaid, SelfTestWanted
from agent.core.state import AgentNow, CameraSetup, Gauges, Now, Tick
from agent.core.state_messages import everything
from schemas.commands import ReplyTo, RunSelfTest
from schemas.messages import Publish
from schemas.self_test import SelfTestResult, StageName
from schemas.settings import CameraSettings
from tests.support.engine import NOW, START, TOPICS, YARD, at, begun

GATE = CameraSetup("gate", CameraSettings())
PASSED = SelfTestResult(result="passed", at=START, seconds=21.0)


def ask(
    state: AgentNow, camera: str | None = None, now: Now = NOW
) -> tuple[AgentNow, dict[str, Any], list[object]]:
    """The command: what is answered, and the effects."""
    asked = Parsed(RunSelfTest(camera=camera), ReplyTo(noun="self_test"), 100.0)
    state, effects = step(state, asked, now)
    answers = [it for it in effects if isinstance(it, Publish) and "response" in it.topic]
    return state, json.loads(answers[0].payload), list(effects)


def shown(state: AgentNow) -> list[dict[str, Any]]:
    """What is said of the self test on every connect."""
    said = [it for it in everything(state, NOW) if isinstance(it, Publish)]
    return [json.loads(it.payload) for it in said if it.topic == TOPICS.self_test]


def test_a_command_begins_it_with_the_settings_of_the_first_camera_or_of_the_named_one() -> None:
    _, answer, effects = ask(begun(YARD, GATE))
    assert answer["data"] == {"state": "started"}
    assert BeginSelfTest("yard", START) in effects
    state, _, effects = ask(begun(YARD, GATE), "gate")
    assert BeginSelfTest("gate", START) in effects
    (said,) = shown(state)
    assert (said["result"], said["camera"]) == ("running", "gate")


def test_a_second_one_is_refused_until_the_first_is_over() -> None:
    state, _, _ = ask(begun())
    state, answer, effects = ask(state)
    assert answer["error"] == {"code": "busy", "message": "a self test is running"}
    assert not any(isinstance(it, BeginSelfTest) for it in effects)
    state, _ = step(state, SelfTestSaid(PASSED), NOW)
    state, answer, _ = ask(state, now=at(SELF_TEST_EVERY - 1))
    assert answer["error"]["code"] == "rate_limited"
    state, answer, effects = ask(state, now=at(SELF_TEST_EVERY))
    assert answer["ok"]
    assert any(isinstance(it, BeginSelfTest) for it in effects)


def test_a_wish_of_this_machine_begins_it_once_a_minute_has_passed() -> None:
    state, effects = step(begun(YARD, GATE), SelfTestWanted("gate"), NOW)
    assert BeginSelfTest("gate", START) in effects
    again = SelfTestWanted(None)
    assert step(state, again, at(1))[1] == []
    state, _ = step(state, SelfTestSaid(PASSED), at(30))
    assert step(state, again, at(SELF_TEST_EVERY - 1))[1] == []
    _, effects = step(state, again, at(SELF_TEST_EVERY))
    assert [it.camera for it in effects if isinstance(it, BeginSelfTest)] == ["yard"]


def test_a_wish_for_a_camera_that_is_not_there_begins_nothing() -> None:
    assert step(begun(), SelfTestWanted("nowhere"), NOW)[1] == []


def test_a_late_word_of_an_earlier_test_does_not_end_the_running_one() -> None:
    state, _, _ = ask(begun())  # before its thread has said what it knows
    earlier = SelfTestResult(result="failed", at=START - timedelta(days=1))
    for late in (SelfTestResult(), earlier):
        state, effects = step(state, SelfTestSaid(late), NOW)
        assert not [it for it in effects if isinstance(it, Publish)]
        assert shown(state)[-1]["result"] == "running"
    _, effects = step(state, EchoCame("run"), NOW)
    assert effects == [EchoCame("run")]
    state, _ = step(state, SelfTestSaid(PASSED), NOW)
    assert shown(state)[-1]["result"] == "passed"


def test_nothing_is_said_of_it_before_its_thread_has_said_what_it_knows() -> None:
    state = begun()
    assert shown(state) == []
    state, effects = step(state, SelfTestSaid(SelfTestResult()), NOW)
    assert any(isinstance(it, Publish) and it.topic == TOPICS.self_test for it in effects)
    assert shown(state)[0]["result"] == "never"


def test_a_test_that_never_ends_has_failed_one_day() -> None:
    state, _, _ = ask(begun())
    state, _ = step(state, Tick(Gauges()), at(LONGEST - 1))
    assert shown(state)[0]["result"] == "running"
    state, _ = step(state, Tick(Gauges()), at(LONGEST))
    (said,) = shown(state)
    assert (said["result"], said["reason"]) == ("failed", "no result within 600 s")
    assert said["camera"] == "yard"


def ticks(state: AgentNow, first: datetime, minutes: int) -> Iterator[BeginSelfTest]:
    """The tests that begin by themselves; each passes within the minute."""
    for minute in range(minutes):
        now = Now(1000.0 + 60 * minute, first + timedelta(minutes=minute))
        state, effects = step(state, Tick(Gauges()), now)
        yield from (it for it in effects if isinstance(it, BeginSelfTest))
        state, _ = step(state, SelfTestSaid(PASSED), now)


def test_it_begins_each_night_at_its_local_time() -> None:
    begins = list(ticks(begun(self_test_at="03:30"), START, 3 * 24 * 60))
    assert {it.utc.astimezone().strftime("%H:%M") for it in begins} == {"03:30"}
    assert len(begins) == 3
    assert {it.camera for it in begins} == {"yard"}


def test_at_night_none_begins_while_one_runs() -> None:
    planned = next_time("03:30", START)
    state = begun(self_test_at="03:30")
    state, _ = step(state, Tick(Gauges()), Now(200.0, planned - timedelta(seconds=90)))
    state, _, _ = ask(state, now=Now(260.0, planned - timedelta(seconds=30)))
    state, effects = step(state, Tick(Gauges()), Now(290.0, planned))
    assert not any(isinstance(it, BeginSelfTest) for it in effects)


def test_without_a_time_it_never_begins_by_itself() -> None:
    state = begun()
    for hour in range(48):
        now = Now(100.0 + 3600 * hour, START + timedelta(hours=hour))
        state, effects = step(state, Tick(Gauges()), now)
        assert not any(isinstance(it, BeginSelfTest) for it in effects)


@pytest.mark.parametrize(
    ("stage", "more"),
    [
        ("store", "late; store: absent: nothing is mounted"),
        ("playback", "late; store: absent: nothing is mounted"),
        ("mqtt", "late; broker: lost: gone"),
        ("motion", "late"),
    ],
)
def test_the_reason_has_what_is_known_of_store_and_broker(stage: StageName, more: str) -> None:
    state, _ = step(begun(), StoreState(StoreCode.ABSENT, "nothing is mounted", 100.0), NOW)
    state, _ = step(state, BrokerDown(100.0, "lost", "gone"), NOW)
    failed = SelfTestResult(result="failed", at=START, stage=stage, reason="late")
    state, _ = step(state, SelfTestSaid(failed), NOW)
    assert shown(state)[0]["reason"] == more


def test_its_message_goes_out_marked_and_unretained_and_comes_back_to_the_running_test() -> None:
    state, _, _ = ask(begun())
    _, effects = step(state, EchoWanted("self_test_1"), NOW)
    (sent,) = effects
    assert isinstance(sent, Publish)
    assert (sent.topic, sent.retain, sent.qos) == (TOPICS.self_test_echo, False, 1)
    assert json.loads(sent.payload) == {"v": 1, "self_test": True, "id": "self_test_1"}
    assert step(state, EchoCame("self_test_1"), NOW)[1] == [EchoCame("self_test_1")]
    over, _ = step(state, SelfTestSaid(PASSED), NOW)
    assert step(over, EchoCame("self_test_1"), NOW)[1] == []


def test_a_test_changes_nothing_that_is_said_of_the_cameras() -> None:
    before = begun(YARD, GATE)
    state, _, _ = ask(before)
    state, _ = step(state, EchoWanted("self_test_1"), NOW)
    state, _ = step(state, SelfTestSaid(PASSED), NOW)
    state, _ = step(state, CameraDiscarded("self_test_1"), NOW)
    assert state == replace(before, self_test=PASSED, self_test_begun_at=NOW.at)
