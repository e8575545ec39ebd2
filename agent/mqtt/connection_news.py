"""What a connection tells the mqtt thread, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.mqtt.connection_errors import Why


@dataclass(frozen=True, slots=True)
class Opened:
    """The socket is open, TLS included; CONNECT is on its way."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """CONNACK said yes. `max_packet` is None where the broker names no limit."""

    max_packet: int | None
    receive_maximum: int


@dataclass(frozen=True, slots=True)
class Subscribed:
    """SUBACK came; `refused` are the filters that the broker did not accept."""

    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message is acknowledged (QoS 1) or written (QoS 0); `error` is the broker's refusal.

    `heard` is False where the broker says that nobody subscribes to it (MQTT 5).
    """

    mid: int
    error: str | None
    heard: bool = True


@dataclass(frozen=True, slots=True)
class HomeSaid:
    """Home Assistant's birth or will; `retained`: of some earlier day, maybe."""

    online: bool
    retained: bool


@dataclass(frozen=True, slots=True)
class BrokerAge:
    """The broker's uptime in seconds; `retained`: of up to ten seconds ago."""

    seconds: float
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """There is no connection. `answered` is False when the broker never said anything."""

    why: Why
    answered: bool


Signal = Opened | Accepted | Subscribed | Sent | HomeSaid | BrokerAge | Ended


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the broker, as it came."""

    topic: str
    payload: bytes = field(repr=False)
    retain: bool
    response_topic: str | None
    correlation: bytes | None
