"""The cutter as an attacker sees it: how much work a few bytes can ask for."""

from __future__ import annotations

import struct

from agent.camera.hk.jpeg_splitter import BROKEN_MOST, HEADER, AssemblerCounts, FrameCutter
from agent.camera.jpeg_header import SEGMENTS_MOST
from tests.support.jpegs import jpeg, segment

#: Starts of pictures whose first segments all end where the same long chain of segments begins.
STARTS = 9000


def converging_headers() -> bytes:
    starts = bytearray()
    end = 6 * STARTS
    for at in range(0, end, 6):
        starts += b"\xff\xd8\xff\xe1" + struct.pack(">H", end - at - 4)
    return bytes(starts) + segment(0xE1, b"") * (SEGMENTS_MOST - 2) + bytes(4)


def test_headers_that_share_one_broken_tail_are_not_walked_thousands_of_times() -> None:
    """61 s for 200 kB it was, in one datagram: longer than the watchdog waits."""
    counts = AssemblerCounts()
    cutter = FrameCutter(counts)
    good = jpeg()
    assert cutter.take(bytes(15) + good) == [good]

    attack = converging_headers()
    for at in range(0, len(attack), 1000):
        cutter.take(bytes(HEADER) + attack[at : at + 1000])
        assert counts.damaged <= BROKEN_MOST + 1

    assert cutter.take(bytes(15) + good) == [good]


def test_a_header_of_endless_segments_is_given_up_long_before_the_buffer_is_full() -> None:
    cutter = FrameCutter(AssemblerCounts())
    cutter.take(bytes(15) + b"\xff\xd8" + segment(0xE1, b"") * 100)

    assert cutter.buffered < 500
