"""Questions that the journal answers. Pure."""

from __future__ import annotations

from agent.core.responses import reply_topics
from agent.core.state import AgentNow
from schemas.commands import GetDigest, GetEvents, ReplyTo
from schemas.messages import DigestQuery, EventsQuery


def events_query(now_state: AgentNow, command: GetEvents, reply: ReplyTo) -> EventsQuery:
    """A camera's motion events after a number."""
    return EventsQuery(
        camera=command.camera,
        since=command.since,
        topics=reply_topics(now_state, reply),
        transaction=reply.transaction,
        correlation=reply.correlation,
    )


def digest_query(now_state: AgentNow, command: GetDigest, reply: ReplyTo) -> DigestQuery:
    """What happened in the last hours, of one camera or of all."""
    return DigestQuery(
        cameras=tuple(now_state.cameras) if command.camera is None else (command.camera,),
        hours=command.hours,
        topics=reply_topics(now_state, reply),
        transaction=reply.transaction,
        correlation=reply.correlation,
    )
