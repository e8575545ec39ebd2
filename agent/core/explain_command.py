"""The command that asks why there was, or was not, an event at some moment. Pure."""

from __future__ import annotations

from agent.core.effects import Effect
from agent.core.moments import moments
from agent.core.orders import ExplainMoment
from agent.core.owner_answers import MomentExplained
from agent.core.responses import fail, finish, remember
from agent.core.state import AgentNow, Now
from schemas.commands import Explain, ReplyTo

Step = tuple[AgentNow, list[Effect]]


def explain(now_state: AgentNow, command: Explain, reply: ReplyTo, now: Now) -> Step:
    """Asks the log of verdicts why there was, or was not, an event at some moment."""
    try:
        asked = moments(command.at, now.utc)
    except ValueError as error:
        return fail(now_state, reply, "invalid_payload", str(error), now)
    now_state, token = remember(now_state, reply, now, "busy")
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    return now_state, [ExplainMoment(command.camera, asked, token)]


def moment_explained(now_state: AgentNow, cause: MomentExplained, now: Now) -> Step:
    """Answers who asked for a moment."""
    sentences = [words for moment in cause.moments for words in moment["sentences"]]
    data = {"camera": cause.camera, "text": " ".join(sentences), "moments": list(cause.moments)}
    return finish(now_state, cause.request, now, data=data)
