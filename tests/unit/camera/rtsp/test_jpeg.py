from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from agent.camera.rtsp.jpeg import Jpeg, usual_tables
from agent.camera.rtsp.rtp import Packet
from agent.imaging.jpeg import decode_colour


def picture(quality: int) -> tuple[bytes, bytes, bytes]:
    """A JPEG, its tables, and what comes behind its header."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[10:30, 20:50] = (40, 160, 220)
    jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    tables = b""
    at = 2
    while jpeg[at + 1] != 0xDA:
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] == 0xDB:
            tables += jpeg[at + 5 : at + 2 + length]
        at += 2 + length
    return jpeg, tables, jpeg[at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big") :]


def packets(scan: bytes, quality: int, tables: bytes, most: int = 100) -> list[Packet]:
    found = []
    for at in range(0, len(scan), most):
        head = struct.pack(">B3sBBBB", 0, at.to_bytes(3, "big"), 1, quality, 8, 6)
        if at == 0 and quality >= 128:
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables
        found.append(Packet(head + scan[at : at + most], 7, at + most >= len(scan)))
    return found


@pytest.mark.parametrize("quality", [255, 130, 30, 50, 85])
def test_the_picture_is_the_one_that_was_sent(quality: int) -> None:
    jpeg, tables, scan = picture(min(quality, 90))
    if quality < 128:
        assert usual_tables(quality) == tables
    depacketizer = Jpeg(1 << 20)
    (found,) = [it for packet in packets(scan, quality, tables) for it in depacketizer.add(packet)]
    ours, theirs = decode_colour(found.data), decode_colour(jpeg)
    assert ours is not None
    assert theirs is not None
    assert np.array_equal(ours, theirs)


def test_tables_are_remembered_where_they_are_sent_once() -> None:
    _, tables, scan = picture(80)
    depacketizer = Jpeg(1 << 20)
    first = [it for packet in packets(scan, 130, tables) for it in depacketizer.add(packet)]
    later = [
        it
        for packet in packets(scan, 130, b"")
        for it in depacketizer.add(packet._replace(timestamp=8))
    ]
    assert [it.data for it in later] == [it.data for it in first]


@pytest.mark.parametrize("missing", [0, 1, -1])
def test_a_picture_with_a_hole_is_broken(missing: int) -> None:
    _, tables, scan = picture(95)
    sent = packets(scan, 255, tables)
    assert len(sent) > 2
    del sent[missing]
    whole = [it._replace(timestamp=8) for it in packets(scan, 255, tables)]
    depacketizer = Jpeg(1 << 20)
    found = [it.data for packet in [*sent, *whole] for it in depacketizer.add(packet)]
    assert found[0] == b""
    assert found[-1].startswith(b"\xff\xd8")
    assert len(found) == 2
