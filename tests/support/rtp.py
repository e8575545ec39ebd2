"""Coded pictures, and the RTP packets in which a camera sends them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np

from agent.camera.rtsp.rtp import Packet


def encoder_of(codec: str, size: tuple[int, int], options: dict[str, str]) -> Any:  # noqa: ANN401
    """An encoder of FFmpeg's, width and height first, that gives each picture at once."""
    encoder: Any = av.VideoCodecContext.create(codec, "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 10)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", **options}
    return encoder


def pictures(
    codec: str = "libx264",
    count: int = 4,
    options: dict[str, str] | None = None,
    size: tuple[int, int] = (64, 48),
) -> list[list[bytes]]:
    """The NAL units of each picture of a moving scene, in the order in which they were coded."""
    encoder = encoder_of(codec, size, options or {})
    packets = []
    for number in range(count):
        planes = np.full((size[1] * 3 // 2, size[0]), 60, np.uint8)
        planes[4 : size[1] // 2, 4 * number : 4 * number + 12] = 200
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [list(units(bytes(packet))) for packet in packets]


def units(stream: bytes) -> Iterator[bytes]:
    """The NAL units of a stream in Annex B."""
    for part in stream.split(b"\0\0\1")[1:]:
        unit = part.rstrip(b"\0")
        if unit:
            yield unit


def in_packets(
    nals: list[bytes], timestamp: int, most: int = 40, *, h265: bool = False, marks: bool = True
) -> list[Packet]:
    """The payloads of one picture: whole units, and those that are larger in fragments."""
    found = []
    for nal in nals:
        if len(nal) <= most:
            found.append(nal)
            continue
        head = 2 if h265 else 1
        kind = nal[0] >> 1 & 63 if h265 else nal[0] & 31
        parts = [nal[at : at + most] for at in range(head, len(nal), most)]
        for number, part in enumerate(parts):
            flags = 0x80 * (number == 0) | 0x40 * (number == len(parts) - 1) | kind
            first = (
                bytes((nal[0] & 0x81 | 49 << 1, nal[1])) if h265 else bytes((nal[0] & 0xE0 | 28,))
            )
            found.append(first + bytes((flags,)) + part)
    last = len(found) - 1
    return [Packet(it, timestamp, marks and n == last) for n, it in enumerate(found)]


def rtp(
    payload: bytes, sequence: int, timestamp: int, *, marker: bool = False, kind: int = 96
) -> bytes:
    """One packet with its header."""
    second = kind | 0x80 * marker
    return (
        struct.pack(">BBHII", 0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 7) + payload
    )
