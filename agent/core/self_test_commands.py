"""When a self test begins, what is said of it, and its message through the broker. Pure."""

from __future__ import annotations

from dataclasses import replace

from agent.core import nightly
from agent.core.effects import Effect, Say
from agent.core.orders import BeginSelfTest, EchoCame
from agent.core.responses import answer, fail
from agent.core.self_test_stages import (
    CameraDiscarded,
    EchoWanted,
    SelfTestSaid,
    SelfTestWanted,
    Stage,
)
from agent.core.state import AgentNow, Now
from agent.core.state_messages import self_test_state
from agent.core.store_code import StoreCode
from schemas.commands import ReplyTo, RunSelfTest
from schemas.messages import Publish
from schemas.self_test import SelfTestEcho, SelfTestResult

Step = tuple[AgentNow, list[Effect]]

#: Seconds between the beginnings of two tests: a stuck automation must not keep the agent busy.
SELF_TEST_EVERY = 60.0
#: Seconds after which a test that has said no result has failed: twice what all stages may take.
LONGEST = 600.0
#: Seconds for which the broker keeps a test's message.
_EXPIRY = 60
_NEED_STORE = {Stage.STORE.value, Stage.PLAYBACK.value}
_WELL = {StoreCode.OK, StoreCode.NONE, StoreCode.STARTING}


def command(now_state: AgentNow, wanted: RunSelfTest, reply: ReplyTo, now: Now) -> Step:
    """Begins a test; the result comes on its own topic, a minute later."""
    if _runs(now_state):
        return fail(now_state, reply, "busy", "a self test is running", now)
    if now.at - now_state.self_test_begun_at < SELF_TEST_EVERY:
        words = f"at most one self test every {SELF_TEST_EVERY:g} s"
        return fail(now_state, reply, "rate_limited", words, now)
    now_state, effects = _begin(now_state, wanted.camera, now)
    return now_state, [*effects, *answer(now_state, reply, now, data={"state": "started"})]


def wanted(now_state: AgentNow, cause: SelfTestWanted, now: Now) -> Step:
    """Begins a test, as soon as one may begin."""
    soon = now.at - now_state.self_test_begun_at < SELF_TEST_EVERY
    known = cause.camera is None or cause.camera in now_state.cameras
    if soon or not known or _runs(now_state):
        return now_state, []
    return _begin(now_state, cause.camera, now)


def tick(now_state: AgentNow, now: Now) -> Step:
    """Begins the test of the night, when it is time; gives up one that says nothing any more."""
    running = now_state.self_test
    if _runs(now_state) and running and now.at - now_state.self_test_begun_at >= LONGEST:
        words = f"no result within {LONGEST:g} s"
        lost = running.model_copy(update={"result": "failed", "reason": words})
        return said(now_state, SelfTestSaid(lost))
    at = now_state.setup.self_test_at
    if at is None:
        return now_state, []
    due, planned = nightly.due(at, now_state.self_test_at, now.utc)
    now_state = replace(now_state, self_test_at=planned)
    return _begin(now_state, None, now) if due and not _runs(now_state) else (now_state, [])


def _runs(now_state: AgentNow) -> bool:
    return now_state.self_test is not None and now_state.self_test.result == "running"


def _begin(now_state: AgentNow, like: str | None, now: Now) -> Step:
    camera = like or next(iter(now_state.cameras))
    running = SelfTestResult(result="running", at=now.utc, camera=camera)
    now_state = replace(now_state, self_test=running, self_test_begun_at=now.at)
    begin = BeginSelfTest(camera, now.utc)
    words = f"self test: begun, with the detection settings of camera {camera}"
    return now_state, [begin, *self_test_state(now_state), Say("INFO", words)]


def step(
    now_state: AgentNow,
    cause: SelfTestSaid | EchoWanted | EchoCame | CameraDiscarded | SelfTestWanted,
    now: Now,
) -> Step:
    """What the test's thread, the broker and the store say."""
    match cause:
        case SelfTestSaid():
            return said(now_state, cause)
        case EchoWanted():
            return echo_wanted(now_state, cause)
        case EchoCame():
            return echo_came(now_state, cause)
        case SelfTestWanted():
            return wanted(now_state, cause, now)
        case CameraDiscarded():  # for the test's thread
            return now_state, []


def said(now_state: AgentNow, cause: SelfTestSaid) -> Step:
    """What came of a test; the reason has what is known of the store or the broker.

    While a test runs, a result of an earlier one comes too late: the running one would have ended.
    """
    running = now_state.self_test if _runs(now_state) else None
    if running is not None and cause.result.at != running.at:
        return now_state, []
    result, more = cause.result, _known(now_state, cause.result)
    if more:
        result = result.model_copy(update={"reason": f"{result.reason}; {more}"})
    now_state = replace(now_state, self_test=result)
    effects = self_test_state(now_state)
    if result.result == "failed":
        words = f"self test: failed at stage {result.stage or 'none'}: {result.reason}"
        effects.append(Say("WARNING", words))
    elif result.result == "passed":
        effects.append(Say("INFO", f"self test: passed in {result.seconds or 0.0:.1f} s"))
    return now_state, effects


def _known(now_state: AgentNow, result: SelfTestResult) -> str:
    if result.result != "failed":
        return ""
    store, trouble = now_state.store, now_state.trouble
    if result.stage in _NEED_STORE and store and store.code not in _WELL:
        return f"store: {store.code}: {store.reason}"
    if result.stage == Stage.MQTT.value and not now_state.connected:
        return f"broker: {trouble.code}: {trouble.reason}" if trouble else "broker: not connected"
    return ""


def echo_wanted(now_state: AgentNow, cause: EchoWanted) -> Step:
    """Sends the test's message: not retained, marked as a test."""
    topic = now_state.setup.topics.self_test_echo
    payload = SelfTestEcho(id=cause.run).to_json()
    return now_state, [Publish(topic, payload, qos=1, expiry=_EXPIRY)]


def echo_came(now_state: AgentNow, cause: EchoCame) -> Step:
    """Tells the test that runs; anything else on its topic is nobody's."""
    return now_state, [cause] if _runs(now_state) else []
