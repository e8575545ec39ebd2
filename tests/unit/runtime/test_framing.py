"""Messages on the pipe, however the bytes are cut."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runtime.framing import BadMessage, Message, Unpacker, pack

MESSAGES = st.lists(
    st.builds(Message, st.dictionaries(st.text(), st.integers()), st.binary(max_size=50)),
    max_size=5,
)


@given(MESSAGES, st.integers(1, 20))
def test_messages_arrive_as_sent_however_they_are_cut(messages: list[Message], piece: int) -> None:
    stream = b"".join(pack(message) for message in messages)
    unpacker = Unpacker()
    arrived = []
    for at in range(0, len(stream), piece):
        unpacker.feed(stream[at : at + piece])
        while (message := unpacker.next()) is not None:
            arrived.append(message)
    assert arrived == messages


def test_an_impossible_length_is_refused_before_anything_is_buffered() -> None:
    unpacker = Unpacker()
    unpacker.feed(struct.pack(">II", 1 << 31, 0))
    with pytest.raises(BadMessage):
        unpacker.next()


@pytest.mark.parametrize("text", [b"nonsense", b"[1]", b"\xff", b"[" * 99_999])
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    unpacker = Unpacker()
    unpacker.feed(struct.pack(">II", len(text), 0) + text)
    with pytest.raises(BadMessage):
        unpacker.next()
