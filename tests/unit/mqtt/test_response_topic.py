from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.response_topic import MAX_BYTES, MAX_LEVELS, response_topic
from schemas.topics import AgentTopics

TOPICS = AgentTopics("surveillance", "pi")


@pytest.mark.parametrize(
    "topic",
    ["my/answer", "/", "a//b", "\u00e9\u4e2d\U0001f600", "a" * MAX_BYTES, "a/" * 9 + "b", "a b"],
)
def test_what_every_broker_takes_is_taken(topic: str) -> None:
    assert response_topic(topic, TOPICS) == topic


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "$SYS/x",
        "$share/g/x",
        "a/+/b",
        "a#",
        "a/" * MAX_LEVELS + "b",
        "/" * 200,
        "a" * (MAX_BYTES + 1),
        "\u00e9" * 129,  # 258 bytes
        *(f"a{c}b" for c in "\0\x01\n\x1f\x7f\x80\x9f\ud800\udfff\ufdd0\ufdef\ufffe\uffff"),
        "a\U0001fffe",
        "a\U0010ffff",
        "homeassistant/status",
        "homeassistant/device/surveillance__pi/config",
        TOPICS.restart,
    ],
)
def test_what_some_broker_does_not_take_or_nobody_may_ask_for_is_left_out(topic: str) -> None:
    assert response_topic(topic, TOPICS, ("homeassistant/",)) is None


@given(st.text(max_size=300))
def test_what_is_taken_is_text_of_bounded_length(topic: str) -> None:
    taken = response_topic(topic, TOPICS)
    assert taken in {None, topic}
    assert taken is None or len(taken.encode()) <= MAX_BYTES
