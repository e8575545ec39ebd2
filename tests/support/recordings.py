"""Pictures that carry a number which survives encoding, and recordings made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np

from agent.core.frame import Video
from agent.imaging.orientation import Orientation
from agent.storage.container.h264 import Codec
from agent.storage.recording.encoder import ClipEncoder
from agent.storage.recording.fragmenter import Cut, Cutter
from agent.storage.records import EventClosed, EventOpened, Fragment, Record

WIDTH, HEIGHT = 160, 120
_BITS = 12
_BLOCK = 12
STARTED = datetime(2026, 11, 22, 8, 15, 1, 300_000, UTC)


@cache
def numbered_jpeg(number: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A noisy picture with `number` (0..4095) as black and white blocks along its lower edge."""
    noise = np.random.default_rng(number).normal(110, 12, (height, width, 3))
    picture = np.clip(noise, 0, 255).astype(np.uint8)
    for bit in range(_BITS):
        colour = 255 if number >> bit & 1 else 0
        picture[-_BLOCK:, bit * _BLOCK : (bit + 1) * _BLOCK] = colour
    good, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert good
    return encoded.tobytes()


def read_number(luma: np.ndarray) -> int:
    """The number in a decoded picture, uint8 (H, W)."""
    row = luma[-_BLOCK // 2]
    bits = [int(row[bit * _BLOCK + _BLOCK // 2] > 128) for bit in range(_BITS)]
    return sum(value << bit for bit, value in enumerate(bits))


@cache
def numbered_video(count: int, codec: str = "h264", every: int = 5) -> tuple[Video, ...]:
    """Numbered pictures as a camera codes them, twice as large, with a key picture now and then."""
    library = {"h264": "libx264", "hevc": "libx265"}[codec]
    encoder = cast(av.VideoCodecContext, av.CodecContext.create(library, "w"))
    encoder.width, encoder.height, encoder.pix_fmt = 2 * WIDTH, 2 * HEIGHT, "yuv420p"
    encoder.time_base, encoder.gop_size, encoder.max_b_frames = Fraction(1, 25), every, 0
    encoder.options = {"tune": "zerolatency", "preset": "ultrafast", "x265-params": "log-level=0"}
    packets = []
    for number in range(count):
        picture = cv2.imdecode(
            np.frombuffer(numbered_jpeg(number, 2 * WIDTH, 2 * HEIGHT), np.uint8), cv2.IMREAD_COLOR
        )
        packets += encoder.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="bgr24"))
    packets += encoder.encode(None)
    return tuple(Video(bytes(packet), codec, packet.is_keyframe) for packet in packets)


def played(path: Path) -> list[tuple[int, int]]:
    """(milliseconds, number) of each picture that a player shows; a decoder error raises."""
    shown = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            assert frame.pts is not None
            assert frame.time_base is not None
            luma = frame.to_ndarray(format="gray")
            shown.append((round(frame.pts * frame.time_base * 1000), read_number(luma)))
    return shown


def times(count: int, seed: int = 1) -> list[int]:
    """Uneven times in ms, from 0: jitter, now and then a stall of 1.5 s."""
    random = np.random.default_rng(seed)
    steps = random.integers(33, 330, count)
    steps[random.random(count) < 0.05] = 1500
    return [0, *np.cumsum(steps[:-1]).tolist()]


@cache
def encoded(first: int, count: int, width: int, height: int) -> tuple[list[Cut], Codec]:
    """The pictures of an event, cut; kept, because to encode them is what takes the time."""
    encoder = ClipEncoder(Orientation())
    cutter = Cutter()
    cuts: list[Cut] = []
    key_at = -2000
    for index, at_ms in enumerate(times(count, first)):
        key = at_ms - key_at >= 2000
        key_at = at_ms if key else key_at
        unit = encoder.encode(numbered_jpeg(first + index, width, height), None, key=key)
        assert unit is not None
        cuts += cutter.add(unit.sample, at_ms, key=unit.key)
    cuts += cutter.finish()
    assert encoder.codec is not None
    return cuts, encoder.codec


def event(
    name: str,
    first: int,
    count: int = 20,
    *,
    started: datetime = STARTED,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> tuple[Fragment, ...]:
    """An encoded event; its pictures have the numbers from `first` on, at `times(count, first)`."""
    cuts, codec = encoded(first, count, width, height)
    begin = round(started.timestamp() * 1000)
    return tuple(
        Fragment(
            camera="front",
            event=name,
            started=started,
            k=cut.k,
            first_ms=begin + cut.at_ms,
            samples=cut.samples,
            avcc=codec.avcc.hex(),
            width=codec.width,
            height=codec.height,
            body=cut.data,
        )
        for cut in cuts
    )


def whole_event(
    name: str, first: int, count: int = 20, *, started: datetime = STARTED
) -> list[Record]:
    """The event with its opening and closing records."""
    fragments = event(name, first, count, started=started)
    return [
        EventOpened(camera="front", event=name, started=started),
        *fragments,
        EventClosed(
            camera="front", event=name, started=started, reason="cleared", frames=count, judged=9
        ),
    ]


def expected(*events: tuple[Fragment, ...] | list[Fragment]) -> list[tuple[int, int]]:
    """What `played` has to give for these events, one after the other, given 20 pictures each."""
    shown = []
    base = 0
    for fragments in events:
        first = int(fragments[0].event.rpartition("E")[2])
        number = 0
        for fragment in fragments:
            for sample in fragment.samples:
                shown.append((base, first + number))
                base += sample.ms
                number += 1
    return shown


def name_of(first: int) -> str:
    """An event id, as long as a ULID, from which `expected` reads the first picture's number."""
    return f"{'0' * 20}E{first:05d}"
