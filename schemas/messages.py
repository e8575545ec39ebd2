"""Messages as values: what is to be published."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Publish:
    """One message to the broker.

    Attributes:
        topic: from `schemas.topics`.
        payload: bytes as they travel.
        qos: 0 for pictures (never queued), 1 for everything else.
        retain: True for state, never for events and answers.
        content_type: MQTT 5 property; None leaves it out.
        expiry: MQTT 5 message expiry in seconds; None leaves it out.
        correlation: MQTT 5 correlation data of the request that this answers.
        after: the topic of a picture that goes out before this answer.
        description: what describes this picture. It goes out right behind it, or not at all.
        at_once: it is empty and clears a topic whose entity stays in Home Assistant.
    """

    topic: str
    payload: bytes = field(repr=False)
    qos: int = 1
    retain: bool = False
    content_type: str | None = None
    expiry: int | None = None
    correlation: bytes | None = field(default=None, repr=False)
    after: str | None = None
    description: Publish | None = None
    at_once: bool = False


def state(topic: str, payload: str | bytes) -> Publish:
    """A retained state message, QoS 1."""
    raw = payload.encode() if isinstance(payload, str) else payload
    return Publish(topic, raw, qos=1, retain=True)


@dataclass(frozen=True, slots=True)
class Record:
    """A message that must not be lost: in the journal before it is sent, until acknowledged.

    `stream` is "motion", "recording" or "sound"; `seq` counts per camera and stream, for ever. On
    the topic `offer` Home Assistant gets it once more, as soon as it is there to hear it; None: it
    does not.
    """

    camera: str
    stream: str
    seq: int
    publish: Publish
    offer: str | None = None


@dataclass(frozen=True, slots=True)
class EventsQuery:
    """Answer on `topics` with the journalled messages of a camera's motion stream after `since`."""

    camera: str
    since: int
    topics: tuple[str, ...]
    transaction: str | int | None
    correlation: bytes | None


@dataclass(frozen=True, slots=True)
class DigestQuery:
    """Answer on `topics` with what the journal says of these cameras in the last `hours`."""

    cameras: tuple[str, ...]
    hours: float
    topics: tuple[str, ...]
    transaction: str | int | None
    correlation: bytes | None


#: What is answered from the journal.
Query = EventsQuery | DigestQuery

#: What the engine hands to the mqtt thread.
Outgoing = Publish | Record | Query
