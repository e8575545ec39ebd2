"""The message of a self test that comes back from the broker. Pure."""

from __future__ import annotations

from pydantic import ValidationError

from agent.core.messages import Received
from agent.core.orders import EchoCame
from schemas.self_test import SelfTestEcho
from schemas.topics import AgentTopics

#: Bytes of such a message, at most.
_MOST = 256


def echo(received: Received, topics: AgentTopics) -> EchoCame | None:
    """The run that the message belongs to; None: it is no such message, or the broker kept it."""
    if received.topic != topics.self_test_echo or received.retain:
        return None
    if len(received.payload) > _MOST:
        return None
    try:
        return EchoCame(SelfTestEcho.model_validate_json(received.payload).id)
    except ValidationError:
        return None
