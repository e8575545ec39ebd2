"""The messages between the agent and its child processes: JSON and a body.

Pure but for `messages`, which reads a connection.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

_HEAD = struct.Struct(">II")
#: Bounds what a broken peer can make us buffer; the largest real body is one spool record.
LIMIT = 80 << 20
#: Bytes taken from a connection at a time.
_PIECE = 1 << 16


class BadMessage(ValueError):
    """The other side speaks another language: the connection is of no use any more."""


class Message(NamedTuple):
    """What is said, and the bytes it is about."""

    says: dict[str, Any]
    body: bytes = b""


def pack(message: Message) -> bytes:
    """The message as bytes."""
    text = json.dumps(message.says, separators=(",", ":")).encode()
    return _HEAD.pack(len(text), len(message.body)) + text + message.body


class Unpacker:
    """Cuts a stream of bytes into messages of `limit` bytes at most."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Takes what has arrived."""
        self._buffer += data

    def next(self) -> Message | None:
        """The next whole message, or None.

        Raises:
            BadMessage: the bytes are none of ours.
        """
        if len(self._buffer) < _HEAD.size:
            return None
        text, body = _HEAD.unpack_from(self._buffer)
        if text + body > self._limit:
            raise BadMessage(f"a message of {text + body} bytes")
        end = _HEAD.size + text + body
        if len(self._buffer) < end:
            return None
        with memoryview(self._buffer) as view:  # a body is large: it is copied once
            raw, content = bytes(view[_HEAD.size : end - body]), bytes(view[end - body : end])
        del self._buffer[:end]
        try:
            says = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise BadMessage(str(error)) from error
        if not isinstance(says, dict):
            raise BadMessage("not an object")
        return Message(says, content)


def messages(connection: socket.socket) -> Iterator[Message]:
    """What comes over a connection, until it ends; waits for each.

    Raises:
        BadMessage: the bytes are none of ours.
        OSError: the connection broke.
    """
    unpacker = Unpacker()
    while data := connection.recv(_PIECE):
        unpacker.feed(data)
        while (message := unpacker.next()) is not None:
            yield message
