"""The topic on which a requester wants its answer (MQTT 5): which ones we publish to. Pure.

The broker passes on any topic of the requester. It ends the connection of a client that publishes
to a topic that it does not accept. So this module checks each of its rules first, with the
strictest bounds of the usual brokers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from schemas.topics import AgentTopics

#: Bytes. MQTT allows 65,535; ours have less than 150, and each answer repeats it.
MAX_BYTES = 256
#: Mosquitto takes 200 levels, EMQX 128, VerneMQ 10.
MAX_LEVELS = 10
#: MQTT 5.0 section 1.5.4: a broker may end the connection for control characters (Cc), and has to
#: for surrogates (Cs).
_NO_TEXT = frozenset({"Cc", "Cs"})
_WILDCARDS = frozenset("+#")


def response_topic(
    topic: str | None, topics: AgentTopics, closed: Collection[str] = ()
) -> str | None:
    """The topic, or None where nobody may publish, or no requester may have us publish.

    Among our own topics only the answers' are open: who may not publish a state or an event must
    not have it published by us. The same holds for Home Assistant's topics.

    Args:
        topic: as the requester wrote it.
        topics: ours.
        closed: other topics that are closed, as what they begin with.
    """
    if not topic or topic.startswith(("$", *closed)) or not _is_plain(topic):
        return None
    ours = topic.startswith(f"{topics.root}/") and not topic.startswith(topics.response(""))
    return None if ours else topic


def _is_plain(topic: str) -> bool:
    """Every broker takes it."""
    if len(topic) > MAX_BYTES or topic.count("/") >= MAX_LEVELS:
        return False
    if any(c in _WILDCARDS or unicodedata.category(c) in _NO_TEXT or _is_none(c) for c in topic):
        return False
    return len(topic.encode()) <= MAX_BYTES


def _is_none(character: str) -> bool:
    """A non-character of Unicode."""
    code = ord(character)
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
