"""When a change is to be proposed, and what is said of it. Pure."""

from __future__ import annotations

from dataclasses import replace

from agent.core import absent_cameras, state_messages
from agent.core.effects import Effect, Say
from agent.core.messages import EventMarked
from agent.core.orders import Mark, ProposeChange
from agent.core.owner_answers import ProposalMade
from agent.core.responses import answer, fail
from agent.core.state import AgentNow, Now
from agent.core.store_code import StoreCode
from schemas.commands import Propose, ReplyTo

#: New marks that make a new proposal.
MARKS = 3

Step = tuple[AgentNow, list[Effect]]


def propose(now_state: AgentNow, command: Propose, reply: ReplyTo, now: Now) -> Step:
    """Begins to make a proposal; it comes on its own topic, minutes later."""
    if now_state.store is not None and now_state.store.code is StoreCode.NONE:
        return fail(now_state, reply, "storage_unavailable", "no store is configured", now)
    data = {"state": "started"}
    said = answer(now_state, reply, now, data=data)
    return now_state, [ProposeChange(command.camera), *said]


def marked(now_state: AgentNow, cause: EventMarked) -> Step:
    """An event was marked: after some false alarms a proposal is made unasked."""
    camera, event = now_state.cameras.get(cause.camera), cause.event
    if camera is None or event is None or cause.mark != Mark.FALSE_ALARM:
        return now_state, []
    marks = camera.marks | {event} if cause.value else camera.marks - {event}
    due = len(marks) >= MARKS
    camera = replace(camera, marks=frozenset() if due else marks)
    return now_state.with_camera(camera), [ProposeChange(cause.camera)] if due else []


def proposal_made(now_state: AgentNow, cause: ProposalMade) -> Step:
    """Says it, or that there is none."""
    camera = now_state.cameras.get(cause.camera)
    if camera is None and cause.proposal is not None:
        return absent_cameras.with_proposal(now_state, cause.camera, cause.proposal), []
    if camera is None:
        return now_state, []
    if cause.proposal is None:
        words = f"camera {cause.camera}: no proposal could be made: {cause.error}"
        return now_state, [Say("WARNING", words)]
    camera = replace(camera, proposal=cause.proposal)
    words = f"camera {cause.camera}: proposal: {cause.proposal.text or 'none'}"
    said: list[Effect] = [state_messages.proposal_state(camera), Say("INFO", words)]
    return now_state.with_camera(camera), said
