"""The track of sound in an MP4 (ISO/IEC 14496-14): AAC, in ticks of its own rate. Pure bytes.

Sound has gaps: where none was recorded, the unit before is shown as long as the gap, which players
take for silence. What begins later than the file stands behind an empty edit.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from agent.storage.container.boxes import BadBox, box, children, find, full_box
from agent.storage.container.h264 import SoundTrack
from agent.storage.container.moov import IDENTITY, Sample, SampleTable, Track, trak

#: Ticks by which a unit may come late in its fragment; bounds what a damaged note can say.
_FARTHEST = 1 << 30
#: Hexadecimal digits of an AudioSpecificConfig; one has four to forty.
_LONGEST_CONFIG = 200
_STRANGE = "no sound that the agent writes"


class SoundSample(NamedTuple):
    """One unit: bytes, and ticks until the next one."""

    size: int
    ticks: int


class SoundRun(NamedTuple):
    """The sound of one fragment, behind its pictures.

    Attributes:
        start: ticks from the fragment's first picture to the first unit; less than 0 where it came
            after the pictures that it goes with.
        samples: in order.
    """

    start: int
    samples: tuple[SoundSample, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(sample.size for sample in self.samples)


def run_of(start: object, samples: object) -> SoundRun:
    """A run out of what JSON says.

    Raises:
        ValueError, TypeError: it is none that the agent writes.
    """
    if not isinstance(samples, list | tuple):
        raise TypeError(_STRANGE)
    found = tuple(SoundSample(_number(size, 1), _number(ticks, 1)) for size, ticks in samples)
    return SoundRun(_number(start, -_FARTHEST), found)


def track_of(config: object, rate: object, channels: object) -> SoundTrack:
    """The parameters out of what JSON says.

    Raises:
        ValueError: they are none that the agent writes.
    """
    if not isinstance(config, str) or len(config) > _LONGEST_CONFIG:
        raise ValueError(_STRANGE)
    return SoundTrack(bytes.fromhex(config), _number(rate, 1), _number(channels, 1) & 0xFF)


def to_list(track: SoundTrack) -> list[str | int]:
    """The reverse of `track_of`."""
    return [track.config.hex(), track.rate, track.channels]


def _number(value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _FARTHEST:
        raise ValueError(_STRANGE)
    return value


class SoundTable:
    """The tables of the track; `clock`: ticks up to which it reaches, `start`: its first, in ms."""

    def __init__(self, rate: int, start: int = 0, clock: int = 0) -> None:
        self.rate = rate
        self.start = start
        self.clock = clock
        self.table = SampleTable(every_key=True)
        self._last = 1  # ticks of the last unit

    def add(self, offset: int, base_ms: int, run: SoundRun) -> None:
        """Adds a run whose bytes lie at `offset`, and whose fragment is played from `base_ms`."""
        if not run.samples:
            return
        at = max(0, base_ms * self.rate // 1000 + run.start)
        if not self.table.samples:
            self.start = at * 1000 // self.rate
            self.clock = at
        else:
            moved = max(at - self.clock, 1 - self._last)
            self.table.lengthen(moved)
            self.clock += moved
        self.table.add(offset, [Sample(size, ticks, key=True) for size, ticks in run.samples])
        self.clock += sum(ticks for _, ticks in run.samples)
        self._last = run.samples[-1].ticks

    def track(self, number: int, sound: SoundTrack, offset: int = 0) -> bytes:
        """The track, every chunk `offset` bytes further; empty: there is no sound."""
        if not self.table.samples:
            return b""
        ticks = self.clock - self.start * self.rate // 1000
        return trak(
            number,
            _track(sound),
            self.table.moved(offset) if offset else self.table,
            ticks * 1000 // self.rate,
            ticks=ticks,
            start=self.start,
        )

    @classmethod
    def parse(cls, moov: bytes, number: int, rate: int, start: int, clock: int) -> SoundTable:
        """The tables of that track of a moov that the agent has built; none: an empty one.

        Raises:
            BadBox: it has other ones.
        """
        found = cls(rate, start, clock)
        whole = find(moov, b"moov")
        tracks = [it for it in children(moov, whole.body, whole.end) if it.kind == b"trak"]
        if len(tracks) >= number:
            it = tracks[number - 1]
            one = box(b"moov", moov[it.start : it.end])
            found.table = SampleTable.parse(one, every_key=True)
            found._last = found.table.last_ms
        if found.table.samples and not rate:
            raise BadBox("sound without a rate")
        return found


def _track(sound: SoundTrack) -> Track:
    entry = box(
        b"mp4a",
        bytes(6),
        struct.pack(">H", 1),
        bytes(8),
        struct.pack(">HHI", sound.channels, 16, 0),
        struct.pack(">I", min(sound.rate, 0xFFFF) << 16),
        _esds(sound.config),
    )
    header = full_box(b"smhd", 0, 0, bytes(4))
    return Track(b"soun", b"SoundHandler", header, entry, IDENTITY, 0, 0, sound.rate, 0x0100)


def _esds(config: bytes) -> bytes:
    """The elementary stream's descriptor (ISO/IEC 14496-1, 7.2.6)."""
    specific = _descriptor(5, config)
    decoder = _descriptor(4, struct.pack(">BBBHII", 0x40, 0x15, 0, 0, 0, 0) + specific)
    return full_box(
        b"esds",
        0,
        0,
        _descriptor(3, struct.pack(">HB", 2, 0) + decoder + _descriptor(6, b"\2")),
    )


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes((tag, 0x80, 0x80, 0x80, len(body))) + body
