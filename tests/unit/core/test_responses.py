"""Every command is answered, once, in time, and where it is expected."""

from __future__ import annotations

import json

import pytest

from agent.core.effects import Effect, Say
from agent.core.engine import step
from agent.core.messages import Parsed, Refused
from agent.core.responses import (
    ANSWER_WITHIN,
    MAX_LINES,
    MAX_PENDING,
    answer,
    expire,
    finish,
    remember,
)
from agent.core.state import Gauges, Stopped
from schemas.commands import CommandError, ReplyTo, TakeSnapshot
from schemas.messages import Publish
from tests.support.engine import NOW, TOPICS, at, begun

SNAPSHOT = ReplyTo(noun="snapshot", camera="yard", transaction="t1")
NO = CommandError(code="out_of_range", message="no")


def said(effects: list[Effect]) -> dict[str, bytes]:
    return {effect.topic: effect.payload for effect in effects if isinstance(effect, Publish)}


def test_an_owner_has_its_time_to_answer_and_not_more() -> None:
    state, token = remember(begun(), SNAPSHOT, NOW, "camera_unavailable")
    assert token is not None
    state, effects = expire(state, at(ANSWER_WITHIN - 0.01))
    assert effects == []
    state, effects = expire(state, at(ANSWER_WITHIN))
    (payload,) = said(effects).values()
    told = json.loads(payload)
    assert told["error"] == {"code": "camera_unavailable", "message": "no answer within 8 s"}
    assert (told["ok"], told["transaction"]) == (False, "t1")
    assert finish(state, token, at(9.0)) == (state, [])


def test_commands_beyond_the_bound_are_not_remembered() -> None:
    state = begun()
    tokens = set()
    for _ in range(MAX_PENDING):
        state, token = remember(state, SNAPSHOT, NOW, "camera_unavailable")
        tokens.add(token)
    assert len(tokens) == MAX_PENDING
    assert remember(state, SNAPSHOT, NOW, "camera_unavailable") == (state, None)


def test_who_still_waits_when_the_agent_ends_is_told_so() -> None:
    state, token = remember(begun(), SNAPSHOT, NOW, "camera_unavailable")
    state, effects = step(state, Stopped(Gauges()), at(1.0))
    told = json.loads(said(effects)[f"{TOPICS.root}/yard/response/snapshot"])
    assert told["error"]["message"] == "the agent ended meanwhile"
    assert finish(state, token, at(1.0)) == (state, [])


def test_an_order_of_the_page_for_a_camera_that_has_just_gone_is_refused() -> None:
    late = Parsed(TakeSnapshot(camera="lane"), ReplyTo(noun="snapshot", camera="lane"), 100.0)
    state, effects = step(begun(), late, NOW)
    told = json.loads(said(effects)[f"{TOPICS.root}/response/snapshot"])
    assert told["error"] == {"code": "invalid_payload", "message": "there is no camera lane"}
    assert state.pending == {}


def test_an_answer_that_nobody_waits_for_is_not_given() -> None:
    state = begun()
    assert finish(state, None, NOW) == (state, [])
    assert finish(state, "7", NOW) == (state, [])


def test_an_answer_goes_to_the_plain_topic_and_to_the_one_asked_for() -> None:
    reply = SNAPSHOT.model_copy(update={"response_topic": "my/answer", "correlation": b"\x01"})
    effects = answer(begun(), reply, NOW)
    assert list(said(effects)) == [TOPICS.camera("yard").response("snapshot"), "my/answer"]
    assert {e.correlation for e in effects if isinstance(e, Publish)} == {b"\x01"}


@pytest.mark.parametrize(
    ("camera", "setting", "shown"),
    [
        ("yard", "pixel_threshold", {"pixel_threshold/state": b"50"}),
        (None, "beep_enabled", {"beep_enabled/state": b"ON"}),
        (None, "pixel_threshold", {}),
        ("yard", "beep_enabled", {}),
        ("gone", "pixel_threshold", {}),
    ],
)
def test_a_refusal_shows_the_value_in_force_of_its_own_setting_only(
    camera: str | None, setting: str, shown: dict[str, bytes]
) -> None:
    reply = ReplyTo(noun=setting, camera=camera)
    state, effects = step(begun(), Refused(NO, reply, NOW.at, setting=setting), NOW)
    root = TOPICS.camera("yard").root if camera else TOPICS.root
    states = {t.removeprefix(f"{root}/"): p for t, p in said(effects).items() if "/state" in t}
    assert states == shown
    assert state.refused == 1


def test_a_flood_of_nonsense_is_answered_and_counted_and_does_not_fill_the_log() -> None:
    state, lines, answers = begun(), 0, 0
    for number in range(1000):
        state, effects = step(state, Refused(NO, SNAPSHOT, number / 1000), at(number / 1000))
        lines += sum(isinstance(effect, Say) for effect in effects)
        answers += TOPICS.camera("yard").response("snapshot") in said(effects)
    assert (lines, answers, state.refused) == (MAX_LINES + 1, 1000, 1000)
    _, effects = step(state, Refused(NO, SNAPSHOT, 61.0), at(61.0))
    assert any(isinstance(effect, Say) and "refused: no" in effect.text for effect in effects)
