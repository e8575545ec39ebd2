"""Anybody may write to the topic of a self test's message: only such a message counts."""

from __future__ import annotations

import pytest

from agent.core.messages import Received
from agent.core.orders import EchoCame
from agent.mqtt.echo import echo
from schemas.topics import AgentTopics

TOPICS = AgentTopics("surveillance", "pi")


@pytest.mark.parametrize(
    ("payload", "run"),
    [
        (b'{"v":1,"self_test":true,"id":"a"}', "a"),
        (b'{"v":1,"self_test":false,"id":"a"}', None),
        (b'{"id":"a","x":1}', None),
        (b'{"id":"' + b"a" * 65 + b'"}', None),
        (b"", None),
        (b"\xff", None),
        (b'{"id":"a"}' + b" " * 300, None),
        (b"[" * 200, None),
    ],
)
def test_only_a_self_tests_own_message_is_its_echo(payload: bytes, run: str | None) -> None:
    wanted = None if run is None else EchoCame(run)
    topic = TOPICS.self_test_echo
    assert echo(Received(topic, payload, retain=False, at=0.0), TOPICS) == wanted
    assert echo(Received(topic, payload, retain=True, at=0.0), TOPICS) is None
    assert echo(Received(f"{topic}/x", payload, retain=False, at=0.0), TOPICS) is None
