from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from agent.camera.rtsp.jpeg import Jpeg, usual_tables
from agent.camera.rtsp.rtp import Order, Packet
from agent.camera.rtsp.sdp import parse
from agent.imaging.jpeg import decode_colour
from tests.support.rtp import rtp


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


def alike(one: bytes, other: bytes) -> bool:
    """Whether both show the same."""
    ours, theirs = decode_colour(one), decode_colour(other)
    return ours is not None and theirs is not None and np.array_equal(ours, theirs)


@pytest.mark.parametrize("quality", [255, 130, 30, 50, 85])
def test_the_picture_is_the_one_that_was_sent(quality: int) -> None:
    jpeg, tables, scan = picture(min(quality, 90))
    if quality < 128:
        assert usual_tables(quality) == tables
    depacketizer = Jpeg(1 << 20)
    (found,) = [it for packet in packets(scan, quality, tables) for it in depacketizer.add(packet)]
    assert alike(found.data, jpeg)


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


def test_tables_of_16_bits_are_taken() -> None:
    jpeg, tables, scan = picture(80)
    wide = b"".join(bytes((0, each)) for each in tables[64:])
    sent = packets(scan, 255, tables[:64] + wide)
    first = bytearray(sent[0].payload)
    first[9] = 0b10
    sent[0] = sent[0]._replace(payload=bytes(first))
    depacketizer = Jpeg(1 << 20)
    (found,) = [it for packet in sent for it in depacketizer.add(packet)]
    assert alike(found.data, jpeg)
    first[10:12] = b"\0\x41"
    assert not any(it.data for it in depacketizer.add(sent[0]._replace(payload=bytes(first))))


def without_size(sent: list[Packet]) -> list[Packet]:
    return [it._replace(payload=it.payload[:6] + b"\0\0" + it.payload[8:]) for it in sent]


def test_the_size_of_large_pictures_is_what_the_description_says() -> None:
    jpeg, tables, scan = picture(80)
    (media,) = parse(b"m=video 0 RTP/AVP 26\r\na=framesize:26 64-48\r\n").media
    (other,) = parse(b"m=video 0 RTP/AVP 26\r\na=x-dimensions: 64, 48\r\n").media
    assert media.size == other.size == (64, 48)
    depacketizer = Jpeg(1 << 20, media.size)
    sent = without_size(packets(scan, 255, tables))
    (found,) = [it for packet in sent for it in depacketizer.add(packet)]
    assert alike(found.data, jpeg)
    assert not any(it.data for packet in sent for it in Jpeg(1 << 20).add(packet)), "nobody says it"


def test_the_size_of_large_pictures_is_what_an_extension_says() -> None:
    jpeg, tables, scan = picture(80)
    frame = jpeg[jpeg.index(b"\xff\xc0") :][:19] + b"\xff"
    extension = b"\xff\xd8" + struct.pack(">H", len(frame) // 4) + frame
    order = Order(26, waits=False)
    depacketizer = Jpeg(1 << 20, (0, 0), lambda: order.jpeg_header)
    found = []
    for number, packet in enumerate(without_size(packets(scan, 255, tables))):
        data = bytearray(rtp(packet.payload, number, 0, marker=packet.marker, kind=26))
        if number == 0:
            data[0] |= 0x10
            data[12:12] = extension
        found += [it for row in order.add(bytes(data)) for it in depacketizer.add(row)]
    assert [alike(it.data, jpeg) for it in found] == [True]
