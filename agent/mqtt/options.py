"""Where and how to connect to the broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.mqtt.attempts import ProtocolChoice
from schemas.config import TlsConfig
from schemas.messages import Publish


def _no_password() -> None:
    return None


@dataclass(frozen=True, slots=True)
class MqttOptions:
    """Where and how to connect; secrets are not shown in its repr.

    `filters` are subscribed to; `slips`, too, and nobody misses them where the broker refuses.
    `echo` likewise: what we say there ourselves comes back to us.
    `password` is asked for at each attempt: its file may have a new one.
    `status_topic` is Home Assistant's and `devices` where its discovery topics begin; None: nothing
    is said to it.
    """

    host: str
    port: int
    client_id: str
    will: Publish
    filters: tuple[str, ...]
    slips: tuple[str, ...] = ()
    echo: str | None = None
    status_topic: str | None = None
    devices: str | None = None
    username: str | None = None
    password: Callable[[], str | None] = field(default=_no_password, repr=False)
    tls: TlsConfig | None = None
    keepalive: int = 30
    protocol: ProtocolChoice = "auto"

    @property
    def where(self) -> str:
        """The broker's address for people."""
        return f"{self.host}:{self.port}"
