"""An MQTT 5 client that writes packets byte by byte: what no library would let it say."""

from __future__ import annotations

import socket
import struct
from typing import Self

from tests.support.waiting import PATIENCE

#: Property identifiers, MQTT 5.0 section 2.2.2.2.
PAYLOAD_FORMAT, EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION = 0x01, 0x02, 0x03, 0x08, 0x09
SUBSCRIPTION_ID, TOPIC_ALIAS, USER_PROPERTY = 0x0B, 0x23, 0x26


def text(value: bytes | str) -> bytes:
    """Two bytes of length and the bytes."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(data)) + data


def _length(number: int) -> bytes:
    coded = b""
    while True:
        number, digit = divmod(number, 128)
        coded += bytes([digit | (0x80 if number else 0)])
        if not number:
            return coded


def packet(first: int, body: bytes) -> bytes:
    """A whole control packet."""
    return bytes([first]) + _length(len(body)) + body


class RawMqtt:
    """Connected, with a clean start."""

    def __init__(self, port: int, client_id: str, **login: str) -> None:
        flags = 0x02 | (0xC0 if login else 0)
        body = text("MQTT") + bytes([5, flags]) + struct.pack(">H", 60) + b"\x00" + text(client_id)
        if login:
            body += text(login["username"]) + text(login["password"])
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.sendall(packet(0x10, body))
        answer = self._socket.recv(1024)
        assert answer[:1] == b"\x20", answer
        assert answer[3] == 0, answer

    def publish(self, topic: str | bytes, payload: bytes, properties: bytes = b"") -> bool:
        """At QoS 1; whether the broker took it, or hung up."""
        body = text(topic) + b"\x00\x07" + _length(len(properties)) + properties + payload
        try:
            self._socket.sendall(packet(0x32, body))
            return self._socket.recv(1024)[:1] == b"\x40"
        except OSError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
