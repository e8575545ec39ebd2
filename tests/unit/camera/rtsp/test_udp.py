"""The ports for packets over UDP: what comes while nobody takes it must find room."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from agent.camera.rtsp import session, udp
from agent.camera.rtsp.udp import Ports

#: Bytes of a packet, and those that a camera's link brings in a second.
PACKET, LINK = 1400, 100e6 / 8


@pytest.mark.parametrize("room", [udp._ROOM, 212_992, 65_536])  # `net.core.rmem_max` gives less
def test_what_comes_in_the_longest_pause_finds_room(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(udp, "_ROOM", room)
    ports = Ports((socket.AF_INET, ("127.0.0.1", 0)))
    with closing(ports), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
        camera.bind(("127.0.0.1", 0))
        pause = min(session._LONGEST_UDP, ports.bears)
        assert pause > 0
        count = int(pause * LINK / PACKET)
        for _ in range(count):
            camera.sendto(bytes(PACKET), ("127.0.0.1", ports.ports[0]))
        assert len(list(ports.take(1.0))) == count
