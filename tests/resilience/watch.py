"""The subscriber that keeps everything, and asks the agent how it is."""

from __future__ import annotations

import json
import threading
from typing import Any

from tests.support.agent_process import TOPICS
from tests.support.observer import Observer


class Watch(Observer):
    """An `Observer` with memory for what is retained, and questions that do not wait."""

    def __init__(self, port: int, **login: str) -> None:
        self._asked = 0
        self._lock = threading.Lock()
        super().__init__(port, **login)

    def last(self, topic: str) -> str:
        """The last payload, "" before the first."""
        heard = self.of(topic)
        return heard[-1].payload.decode() if heard else ""

    def told_since(self, topic: str, at: float) -> bool:
        """True when something came on it later."""
        return any(heard.at > at for heard in self.of(topic))

    def retained(self) -> dict[str, bytes]:
        """Topic -> what a newcomer would be told now, pictures left out."""
        kept = {h.topic: h.payload for h in list(self.heard) if h.retain}
        return {topic: payload for topic, payload in kept.items() if len(payload) < 20_000}

    def events(self, topic: str, kind: str = "") -> list[tuple[float, dict[str, Any]]]:
        """(when it came, what it said) of each event message of one topic."""
        told = [(heard.at, json.loads(heard.payload)) for heard in self.of(topic)]
        return [(at, what) for at, what in told if what["event_type"].startswith(kind)]

    def tell(self, topic: str, payload: str) -> None:
        """A command; it gets there once the broker is there."""
        self._client.publish(topic, payload, 1)

    def ask(self, operation: str, **about: object) -> str:
        """Sends a request; the transaction that its answer will carry."""
        with self._lock:
            self._asked += 1
            transaction = f"lab{self._asked}"
        payload = json.dumps({**about, "transaction": transaction})
        self._client.publish(TOPICS.request(operation), payload, 1)
        return transaction

    def answer(self, operation: str, transactions: set[str]) -> dict[str, Any] | None:
        """The answer to one of them, the latest."""
        for heard in reversed(self.of(TOPICS.response(operation))):
            answer: dict[str, Any] = json.loads(heard.payload)
            if answer.get("transaction") in transactions:
                return answer
        return None
