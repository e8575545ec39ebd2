"""Records as they are sent late, and as the answers to `request/events` and `request/digest`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agent.mqtt.digest import MOST, digest
from agent.mqtt.journal import Journal
from schemas.commands import Response
from schemas.messages import DigestQuery, EventsQuery, Publish, Query

#: One answer to request/events: well below the limit of every broker.
EVENTS_PER_ANSWER = 100
EVENTS_BYTES = 128 * 1024
#: Of that for all but the events: topic, properties and the answer around them.
_AROUND = 1024


def answers_to(
    query: Query, journal: Journal, now: datetime, most: int | None = None
) -> list[Publish]:
    """What the journal says to a question, on each topic where the answer is expected.

    Args:
        query: the question.
        journal: it is asked.
        now: in UTC.
        most: bytes of a packet; None: the broker has no limit.
    """
    response = Response(
        ok=True,
        command="events" if isinstance(query, EventsQuery) else "digest",
        data=_events(query, journal, most)
        if isinstance(query, EventsQuery)
        else _digest(query, journal, now),
        transaction=query.transaction,
        ts=now,
    )
    answer = Publish("", response.to_json(), correlation=query.correlation)
    return [replace(answer, topic=topic) for topic in query.topics]


def _digest(query: DigestQuery, journal: Journal, now: datetime) -> dict[str, Any]:
    """The newest messages of each camera, counted."""

    def newest(camera: str, stream: str) -> list[Any]:
        """The contents of the last messages of a stream."""
        after = max(0, journal.last_seq(camera, stream) - MOST)
        return [_content(entry.payload) for entry in journal.since(camera, stream, after, MOST)]

    said = {name: (newest(name, "motion"), newest(name, "recording")) for name in query.cameras}
    return digest(said, now - timedelta(hours=query.hours), query.hours)


def _events(query: EventsQuery, journal: Journal, most: int | None) -> dict[str, Any]:
    """As many events as fit into a packet of `most` bytes; `more` says that there are others."""
    room = EVENTS_BYTES if most is None else min(EVENTS_BYTES, most - _AROUND)
    entries = journal.since(query.camera, "motion", query.since, EVENTS_PER_ANSWER + 1)
    events: list[Any] = []
    size = 0
    for entry in entries[:EVENTS_PER_ANSWER]:
        size += len(entry.payload)
        if size > room:
            break
        events.append(_content(entry.payload))
    more = len(events) < len(entries)
    return {"camera": query.camera, "since": query.since, "events": events, "more": more}


def marked_late(payload: bytes) -> bytes:
    """The event with `"late": true`."""
    content = _content(payload)
    if not isinstance(content, dict):
        return payload
    return json.dumps({**content, "late": True}, separators=(",", ":"), ensure_ascii=False).encode()


def _content(payload: bytes) -> Any:  # noqa: ANN401  whatever JSON says; None where it is none
    try:
        return json.loads(payload)
    except ValueError:
        return None
