"""What goes out over the connection of the moment: states, answers, records, pictures."""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import replace
from typing import Any, Protocol

from agent.mqtt.connection import Accepted
from agent.mqtt.journal import Entry, Journal
from agent.mqtt.outbox import Outbox
from agent.runtime.clock import Clock
from schemas.commands import Response
from schemas.messages import EventsQuery, Publish

log = logging.getLogger(__name__)

#: Unacknowledged messages at a time; paho's own default for what may be in flight. What is not in
#: flight stays here, where a newer state still replaces it.
WINDOW = 20
#: Pictures handed to paho and not yet written to the socket: bounds its memory on a slow network.
PICTURES = 2
#: A message is `late` when it is sent more than 5 s after it came to be.
LATE = 5.0
#: Records wait so long for `online`: Home Assistant ignores events of an unavailable device.
ONLINE_WAIT = 2.0
#: Bounds what we remember about our own records; older ones are judged by the wall clock.
MAX_REMEMBERED = 1024
#: Header, packet id, property lengths and our properties: below 64 bytes without correlation data.
OVERHEAD = 64
#: One answer to request/events: well below the limit of every broker.
EVENTS_PER_ANSWER = 100
EVENTS_BYTES = 128 * 1024


class Link(Protocol):
    """What a sender needs of a connection."""

    def publish(self, message: Publish) -> int | None:
        """The id of the message, or None when there is no connection."""
        ...


class Sender:
    """Keeps at most `WINDOW` messages in flight; records go in order, pictures when there is time.

    Attributes:
        oversize: messages larger than the broker takes: skipped.
        refused: messages that the broker did not accept.
    """

    def __init__(self, outbox: Outbox, journal: Journal, clock: Clock, online_topic: str) -> None:
        self._outbox = outbox
        self._journal = journal
        self._clock = clock
        self._online_topic = online_topic
        self.oversize = 0
        self.refused = 0
        self._link: Link | None = None
        self._window = WINDOW
        self._max_packet: int | None = None
        self._broken_by: int | None = None
        self._taken_at: dict[int, float] = {}
        self._said: set[str] = set()
        self._forget()

    def _forget(self) -> None:
        self._flying: dict[int, tuple[str, int | None]] = {}
        self._pictures: set[int] = set()
        self._ready: deque[Entry] = deque()
        self._cursor = 0
        self._caught_up = False
        self._online = False
        self._largest = 0

    # -------------------------------------------------------------- the connection

    def connected(self, link: Link, limits: Accepted) -> None:
        """A connection is there: everything unacknowledged is sent again, from the oldest on."""
        self._forget()
        self._link = link
        self._window = max(1, min(WINDOW, limits.receive_maximum))
        self._max_packet = limits.max_packet
        self._online_until = self._clock.monotonic() + ONLINE_WAIT
        self._outbox.open()

    def disconnected(self, *, too_large: bool = False) -> None:
        """The connection is gone; `too_large`: the broker said that a packet was."""
        if too_large and self._largest:
            self._broken_by = min(self._largest, self._broken_by or self._largest)
        self._link = None
        self._outbox.close()
        self._forget()

    def sent(self, mid: int, error: str | None) -> None:
        """A message was acknowledged or written; a record leaves the journal."""
        self._pictures.discard(mid)
        topic, entry_id = self._flying.pop(mid, ("", None))
        if error is not None:
            self.refused += 1
            words = "mqtt: the broker did not accept a message to %s: %s; check its ACL"
            self._say(topic, words, topic, error)
        elif entry_id is not None:
            self._journal.acknowledge(entry_id)
            self._taken_at.pop(entry_id, None)

    # -------------------------------------------------------------- the work

    def journal_records(self) -> None:
        """Puts new records into the journal, with or without a connection."""
        for entry in self._journal.append(self._outbox.records()):
            self._taken_at[entry.id] = self._clock.monotonic()
            if len(self._taken_at) > MAX_REMEMBERED:
                del self._taken_at[next(iter(self._taken_at))]
            if self._caught_up and len(self._ready) < WINDOW:
                self._ready.append(entry)
            else:
                self._caught_up = False

    def send(self) -> None:
        """Hands on as much as there is room for: what just happened, states, backlog, pictures."""
        if self._caught_up:
            self._send_records()
        self._send_messages()
        self._send_records()
        while self._room_for_picture and (picture := self._outbox.next_picture()):
            self._publish(picture)
        self._send_messages()  # answers that waited for one of these pictures

    def _send_messages(self) -> None:
        while self._room and (message := self._outbox.next_message()) is not None:
            for publish in (
                self._answers(message) if isinstance(message, EventsQuery) else [message]
            ):
                self._publish(publish)

    def _send_records(self) -> None:
        while self._room and self._is_online and (entry := self._next_entry()) is not None:
            self._publish(self._as_message(entry), entry)

    @property
    def idle(self) -> bool:
        """Nothing is in flight and nothing more could be sent now."""
        return not self._flying and not self._pictures and not self._ready and self._caught_up

    @property
    def _room(self) -> bool:
        return self._link is not None and len(self._flying) < self._window

    @property
    def _room_for_picture(self) -> bool:
        return self._room and len(self._pictures) < PICTURES

    @property
    def _is_online(self) -> bool:
        return self._online or self._clock.monotonic() >= self._online_until

    def _next_entry(self) -> Entry | None:
        if not self._ready and not self._caught_up:
            self._ready.extend(self._journal.waiting(WINDOW, after=self._cursor))
            self._caught_up = len(self._ready) < WINDOW
        if not self._ready:
            return None
        entry = self._ready.popleft()
        self._cursor = entry.id
        return entry

    def _publish(self, message: Publish, entry: Entry | None = None) -> None:
        size = len(message.payload) + len(message.topic.encode()) + OVERHEAD
        size += len(message.correlation or b"")
        if self._link is None or self._is_oversize(message.topic, size):
            return
        mid = self._link.publish(message)
        if mid is None:  # the end of the connection is on its way to us
            self._link = None
            if entry is None and not message.retain:
                self._outbox.put(message)  # states are said again by themselves, answers are not
            return
        self._largest = max(self._largest, size)
        self._online = self._online or message.topic == self._online_topic
        if message.qos == 0:
            self._pictures.add(mid)
        else:
            self._flying[mid] = message.topic, None if entry is None else entry.id
        if message.description is not None:  # at once: nothing else may come between the two
            self._publish(message.description)

    def _is_oversize(self, topic: str, size: int) -> bool:
        fits = self._max_packet is None or size <= self._max_packet
        if fits and (self._broken_by is None or size < self._broken_by):
            return False
        self.oversize += 1
        limit = self._broken_by if fits else self._max_packet
        self._say(
            topic, "mqtt: %s: %d bytes are more than the broker takes (%s)", topic, size, limit
        )
        return True

    def _say(self, key: str, text: str, *values: object) -> None:
        """A warning the first time, a debug line then: one line per fact."""
        level = logging.DEBUG if key in self._said else logging.WARNING
        if len(self._said) < MAX_REMEMBERED:
            self._said.add(key)
        log.log(level, text, *values)

    # -------------------------------------------------------------- records

    def _as_message(self, entry: Entry) -> Publish:
        payload = _marked_late(entry.payload) if self._is_late(entry) else entry.payload
        return Publish(entry.topic, payload, qos=1, content_type="application/json")

    def _is_late(self, entry: Entry) -> bool:
        """By monotonic age for our own; a record of an earlier process only has the wall clock."""
        taken_at = self._taken_at.get(entry.id)
        if taken_at is not None:
            return self._clock.monotonic() - taken_at > LATE
        return abs(self._clock.utc().timestamp() - entry.at) > LATE

    def _answers(self, query: EventsQuery) -> list[Publish]:
        entries = self._journal.since(query.camera, "motion", query.since, EVENTS_PER_ANSWER + 1)
        events: list[Any] = []
        size = 0
        for entry in entries[:EVENTS_PER_ANSWER]:
            size += len(entry.payload)
            if size > EVENTS_BYTES:
                break
            events.append(_content(entry.payload))
        more = len(events) < len(entries)
        response = Response(
            ok=True,
            command="events",
            data={"camera": query.camera, "since": query.since, "events": events, "more": more},
            transaction=query.transaction,
            ts=self._clock.utc(),
        )
        answer = Publish("", response.to_json(), correlation=query.correlation)
        return [replace(answer, topic=topic) for topic in query.topics]


def _content(payload: bytes) -> Any:  # noqa: ANN401  whatever JSON says; None where it is none
    try:
        return json.loads(payload)
    except ValueError:
        return None


def _marked_late(payload: bytes) -> bytes:
    content = _content(payload)
    if not isinstance(content, dict):
        return payload
    return json.dumps({**content, "late": True}, separators=(",", ":"), ensure_ascii=False).encode()
