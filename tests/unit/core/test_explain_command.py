"""The command that asks for a moment, and its answer."""

from __future__ import annotations

import json

import pytest

from agent.core.engine import step
from agent.core.messages import Parsed
from agent.core.orders import ExplainMoment
from agent.core.owner_answers import MomentExplained
from agent.core.responses import MAX_PENDING
from schemas.commands import Explain, ReplyTo
from schemas.messages import Publish
from tests.support.engine import NOW, START, TOPICS, at, begun

ASKED = Parsed(Explain(camera="yard", at="2026-11-22T07:59Z"), ReplyTo(noun="explain"), 100.0)


def answer_of(effects: list[object]) -> dict[str, object]:
    (said,) = [
        json.loads(e.payload)
        for e in effects
        if isinstance(e, Publish) and e.topic == TOPICS.response("explain")
    ]
    return dict(said)


def test_a_moment_is_asked_for_and_told() -> None:
    state, effects = step(begun(), ASKED, NOW)
    (order,) = effects
    assert isinstance(order, ExplainMoment)
    assert order.moments[0].at == START.replace(hour=7, minute=59)
    moment = {"sentences": ["Nothing.", "Really."]}
    _, effects = step(state, MomentExplained("yard", (moment,), order.request), at(1))
    said = answer_of(list(effects))
    assert said["data"] == {"camera": "yard", "text": "Nothing. Really.", "moments": [moment]}


def test_who_is_not_answered_in_time_is_told_so() -> None:
    state, _ = step(begun(), ASKED, NOW)
    assert len(state.pending) == 1
    for _ in range(MAX_PENDING):
        state, effects = step(state, ASKED, NOW)
    assert answer_of(list(effects))["ok"] is False


@pytest.mark.parametrize("text", ["soon", "25:99", "2026-11-22"])
def test_what_is_no_time_is_refused(text: str) -> None:
    asked = Parsed(Explain(camera="yard", at=text), ReplyTo(noun="explain"), 100.0)
    _, effects = step(begun(), asked, NOW)
    error = answer_of(list(effects))["error"]
    assert isinstance(error, dict)
    assert error["code"] == "invalid_payload"
    assert "14:03" in error["message"]
