"""Records as they are sent late, and as the answer to `request/events`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from agent.mqtt.journal import Journal
from schemas.commands import Response
from schemas.messages import EventsQuery, Publish

#: One answer to request/events: well below the limit of every broker.
EVENTS_PER_ANSWER = 100
EVENTS_BYTES = 128 * 1024
#: Of that for all but the events: topic, properties and the answer around them.
_AROUND = 1024


def answers_to(
    query: EventsQuery, journal: Journal, now: datetime, most: int | None = None
) -> list[Publish]:
    """The journalled events that were asked for, on each topic where the answer is expected.

    As many as fit into a packet of `most` bytes; `more` says that there are others.
    """
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
    response = Response(
        ok=True,
        command="events",
        data={"camera": query.camera, "since": query.since, "events": events, "more": more},
        transaction=query.transaction,
        ts=now,
    )
    answer = Publish("", response.to_json(), correlation=query.correlation)
    return [replace(answer, topic=topic) for topic in query.topics]


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
