"""A broker that does not keep to the protocol: the agent stays up, and small."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agent.core.messages import BrokerDown
from agent.runtime.host import memory_mib
from tests.support.agent_mqtt import RunningMqtt, options
from tests.support.waiting import PATIENCE

CONNACK = b"\x20\x03\x00\x00\x00"
#: SUBACK of packet 1 with two codes, no properties.
SUBACK = b"\x90\x05\x00\x01\x00\x01\x01"
#: A publish of 256 MB: the largest length that four bytes can say.
HUGE = b"\x30\xff\xff\xff\x7f\x00\x01a\x00"


@contextmanager
def liar(lie: bytes, size: int = 0) -> Iterator[int]:
    """A port where one client after the other is welcomed, then told `lie` and so many bytes."""

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                with client, suppress(OSError):
                    client.settimeout(1)
                    client.recv(4096)
                    client.sendall(CONNACK)
                    client.recv(65536)
                    client.sendall(SUBACK + lie)
                    for _ in range(size >> 20):
                        client.sendall(bytes(1 << 20))
                    client.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE)


def test_a_packet_of_256_mb_ends_the_connection_before_it_is_read(tmp_path: Path) -> None:
    with liar(HUGE, 64 << 20) as port, RunningMqtt(options(port), tmp_path) as agent:
        before = memory_mib() or 0.0
        down = agent.wait_for(BrokerDown)
        assert "announced a packet of" in down.reason
        assert (memory_mib() or 0.0) - before < 20


@pytest.mark.parametrize(
    "lie",
    [
        b"\xff" * 50,
        b"\x30\x06\x00\x02\xff\xfe\x00x",  # a topic that is no UTF-8
        b"\x30\x08\x00\x01a\x03\xff\xff\xffx",  # properties that do not exist
        b"\x30\x01\x00",  # a publish that ends in its topic's length
        b"\x40\x03\x00\x01\x77",  # an acknowledgement with an unknown reason
        b"\x40\x02\x00\x63",  # an acknowledgement of nothing
        b"\x62\x02\x00\x09" * 1000,  # releases of nothing
        b"\xe0\x03\x00\x05\x1f",  # a farewell with broken properties
        b"\x90\x00",
        b"\x10\x02\x00\x00",  # the broker as a client
    ],
    ids=bytes.hex,
)
def test_what_is_no_mqtt_costs_at_most_the_connection(tmp_path: Path, lie: bytes) -> None:
    with liar(lie) as port, RunningMqtt(options(port), tmp_path) as agent:
        assert agent.wait_for(BrokerDown).code in {"lost", "protocol"}
