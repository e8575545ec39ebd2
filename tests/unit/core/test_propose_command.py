"""When a proposal is made, and what is said of it."""

from __future__ import annotations

import json

from agent.core.engine import step
from agent.core.messages import EventMarked, Parsed, StoreCode, StoreState
from agent.core.orders import ProposeChange
from agent.core.owner_answers import ProposalMade
from agent.core.propose_command import MARKS
from agent.core.state import AgentNow
from agent.core.state_messages import everything
from schemas.commands import Propose, ReplyTo
from schemas.messages import Publish
from schemas.proposal import Proposal
from tests.support.engine import NOW, START, TOPICS, begun

YARD = TOPICS.camera("yard")


def mark(
    state: AgentNow, mark: str = "false_alarm", *, value: bool = True, event: str = "01A"
) -> tuple[AgentNow, int]:
    """How many proposals a mark asks for."""
    done = EventMarked("yard", event, "", True, None, mark, value)
    state, effects = step(state, done, NOW)
    return state, sum(isinstance(it, ProposeChange) for it in effects)


def test_some_new_false_alarms_make_a_proposal_unasked_and_then_some_more() -> None:
    state, asked = begun(), []
    for number in range(2 * MARKS):
        state, count = mark(state, event=f"01{number}")
        asked.append(count)
    assert asked == [*[0] * (MARKS - 1), 1] * 2
    for _ in range(2 * MARKS):
        state, count = mark(state, "keep")
        assert count == 0
        state, count = mark(state, value=False)
        assert count == 0


def test_an_event_that_is_marked_again_or_no_longer_is_no_further_false_alarm() -> None:
    state = begun()
    for _ in range(2 * MARKS):
        state, count = mark(state)
        assert count == 0
    for _ in range(MARKS):
        state, _ = mark(state, event="01B")
        state, _ = mark(state, event="01B", value=False)
    state, count = mark(state, event="01C")
    assert count == 0
    state, count = mark(state, event="01B")
    assert count == 1


def test_who_asks_is_answered_at_once() -> None:
    asked = Parsed(Propose(camera="yard"), ReplyTo(noun="propose"), 100.0)
    state, effects = step(begun(), asked, NOW)
    assert ProposeChange("yard") in effects
    (said,) = [e for e in effects if isinstance(e, Publish)]
    assert json.loads(said.payload)["data"] == {"state": "started"}
    state, _ = step(state, StoreState(StoreCode.NONE, "", 0.0), NOW)
    _, effects = step(state, asked, NOW)
    assert ProposeChange("yard") not in effects


def said_of(effects: list[object]) -> list[dict[str, object]]:
    return [
        json.loads(it.payload)
        for it in effects
        if isinstance(it, Publish) and it.topic == YARD.proposal
    ]


def test_the_newest_proposal_is_said_and_said_again() -> None:
    made = Proposal(camera="yard", kind="zone", text="x", yaml="zones: {}", ts=START)
    state, effects = step(begun(), ProposalMade("yard", made), NOW)
    (said,) = said_of(list(effects))
    assert (said["kind"], said["yaml"]) == ("zone", "zones: {}")
    assert said_of(list(everything(state, NOW))) == [said]
    state, effects = step(state, ProposalMade("yard", None, "no store"), NOW)
    assert said_of(list(effects)) == []
    assert state.cameras["yard"].proposal == made
    assert said_of(list(everything(begun(), NOW)))[0]["kind"] == "nothing"
    assert step(state, ProposalMade("gone", made), NOW)[1] == []
