"""What a fuzzed promise is, and inputs that are cut into pieces."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.camera.hk import packets


@dataclass(frozen=True, slots=True)
class Target:
    """A promise and where to start looking for what breaks it."""

    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def pieces(data: bytes) -> Iterator[bytes]:
    """Cuts an input into datagrams: two bytes of length before each."""
    file = io.BytesIO(data)
    while len(head := file.read(2)) == 2:
        yield file.read(int.from_bytes(head, "big") % (packets.DATAGRAM_MAX + 2))


def joined(datagrams: list[bytes]) -> bytes:
    """The input that `pieces` cuts into these datagrams."""
    return b"".join(len(each).to_bytes(2, "big") + each for each in datagrams)
