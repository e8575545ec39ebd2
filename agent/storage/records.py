"""What waits in the spool and travels to the store: fragments, files, openings, closings.

A record stands for itself: camera, event and local start are in each, so that the writer at the
other end needs no memory. Pure bytes and values.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar

from agent.core.store_names import FileKind, is_camera, is_event
from agent.storage.container.h264 import KINDS, TURNS, Codec, SoundTrack
from agent.storage.container.moov import Sample
from agent.storage.container.sound import SoundRun, run_of, to_list, track_of

_HEAD = struct.Struct(">4sII")  # magic, CRC-32 of all that follows it, length of the JSON part
_MAGIC = b"SAR1"
#: Bounds what a damaged length can make us allocate; real records are below 10 MB.
LIMIT = 64 << 20
#: Bounds of numbers that become tables of 32 and 16 bits, and of times that become dates.
_MOST_COUNT = 0xFFFFFFFF
_MOST_SHIFT = 0x7FFFFFFF
_MOST_SIDE = 0xFFFF
_YEARS = range(1900, 9000)
_MOST_MS = 1 << 47  # the year 6429


class BadRecord(ValueError):
    """The bytes are not a whole record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOpened:
    """An event has begun; stays in the spool until the event is closed, so that none is forgotten.

    Attributes:
        started: local time of the event's start, aware: names and the day come from it.
        explanation: the detection that started it.
    """

    word: ClassVar[str] = "opened"
    camera: str
    event: str
    started: datetime
    explanation: dict[str, Any] | None = None
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """At most about one second of an event's pictures, encoded.

    Attributes:
        k: counts the event's fragments from 0.
        first_ms: milliseconds since 1970, UTC, of its first picture.
        samples: sizes, durations and keys of the pictures in `body`, in order.
        avcc: hexadecimal; this, `entry` (`kind` there) and `turn`: see
            `agent.storage.container.h264.Codec`.
        sound: its sound, behind the pictures in `body`.
        track: the parameters of the event's sound, also where this fragment has none.
    """

    word: ClassVar[str] = "fragment"
    camera: str
    event: str
    started: datetime
    k: int
    first_ms: int
    samples: tuple[Sample, ...] = field(repr=False)
    avcc: str
    width: int
    height: int
    entry: str = "avc1"
    turn: int = 0
    sound: SoundRun | None = field(default=None, repr=False)
    track: SoundTrack | None = None
    body: bytes = field(repr=False)

    @property
    def codec(self) -> Codec:
        """What all samples of a file have to share."""
        config = bytes.fromhex(self.avcc)
        return Codec(config, self.width, self.height, self.entry, self.turn, self.track)

    @property
    def ms(self) -> int:
        """Milliseconds that its pictures are shown."""
        return sum(sample.ms for sample in self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """A file of an event that is stored as it is."""

    word: ClassVar[str] = "file"
    camera: str
    event: str
    started: datetime
    kind: FileKind
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventClosed:
    """Nothing more comes of this event: its clip can be made.

    Attributes:
        ended, duration: None when nobody saw the end (`interrupted`).
        frames: pictures encoded; `skipped`: damaged ones; None when unknown.
        explanation: the strongest detection.
        stream: what the clip is made of, a word of `agent.core.messages.Stream`.
        named: what the classifier called the event, as its line has it; None: it said nothing.
        times: no time is drawn into its pictures: the clip says it as subtitles.
        time_drawn: the time is drawn into its pictures; None: a record of an older agent.
    """

    word: ClassVar[str] = "closed"
    camera: str
    event: str
    started: datetime
    reason: str
    ended: datetime | None = None
    duration: float | None = None
    frames: int | None = None
    skipped: int | None = None
    judged: int | None = None
    truncated: bool = False
    explanation: dict[str, Any] | None = None
    stream: str = "source"
    named: dict[str, Any] | None = None
    times: bool = False
    time_drawn: bool | None = None
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringPicture:
    """A picture taken without an event; `started` is when. `heatmap`: the day's heat map, a PNG."""

    word: ClassVar[str] = "picture"
    camera: str
    started: datetime
    event: str = ""
    heatmap: bool = False
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPackets:
    """The last packets of a camera's session that failed; `started` is when it did."""

    word: ClassVar[str] = "session"
    camera: str
    started: datetime
    event: str = ""
    body: bytes = field(repr=False)


Record = EventOpened | Fragment | EventFile | EventClosed | MonitoringPicture | SessionPackets
#: Records that belong to no event.
LOOSE = (MonitoringPicture, SessionPackets)
_KINDS: dict[str, type[Record]] = {
    kind.word: kind
    for kind in (
        EventOpened,
        Fragment,
        EventFile,
        EventClosed,
        MonitoringPicture,
        SessionPackets,
    )
}


def encode(record: Record) -> bytes:
    """The record as bytes, with a checksum over everything."""
    about: dict[str, Any] = {"record": record.word}
    for each in fields(record):
        if each.name != "body":
            value = getattr(record, each.name)
            about[each.name] = _plain(value)
    text = json.dumps(about, separators=(",", ":")).encode()
    begin = struct.pack(">I", len(text)) + text
    crc = zlib.crc32(record.body, zlib.crc32(begin))  # bodies are large: none is copied twice
    return b"".join((_MAGIC, struct.pack(">I", crc), begin, record.body))


def _plain(value: object) -> object:
    """As JSON says it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return to_list(value) if isinstance(value, SoundTrack) else value


def decode(data: bytes) -> Record:
    """The record in `data`.

    Raises:
        BadRecord: it is damaged, cut off, or none of ours.
    """
    if len(data) < _HEAD.size:
        raise BadRecord("too short")
    magic, crc, length = _HEAD.unpack_from(data)
    if magic != _MAGIC or zlib.crc32(memoryview(data)[8:]) != crc:
        raise BadRecord("damaged")
    try:
        about = json.loads(data[_HEAD.size : _HEAD.size + length])
        kind = _KINDS[about.pop("record")]
        record = kind(**_typed(about), body=data[_HEAD.size + length :])
        _check(record)
    except BadRecord:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadRecord(f"not a record: {error}") from error
    return record


def _typed(about: dict[str, Any]) -> dict[str, Any]:
    """JSON's values as the ones the records have."""
    for name in ("started", "ended"):
        if about.get(name) is not None:
            about[name] = datetime.fromisoformat(about[name])
    if "samples" in about:
        about["samples"] = tuple(Sample(*sample) for sample in about["samples"])
    if about.get("sound") is not None:
        about["sound"] = run_of(*about["sound"])
    if about.get("track") is not None:
        about["track"] = track_of(*about["track"])
    if "kind" in about:
        about["kind"] = FileKind(about["kind"])
    return about


def _check(record: Record) -> None:
    """Refuses what would become a wrong path or a wrong table."""
    if not is_camera(record.camera) or not _is_moment(record.started):
        raise BadRecord("camera or start is not usable")
    if not isinstance(record, LOOSE) and not is_event(record.event):
        raise BadRecord("event is not usable")
    if isinstance(record, Fragment):
        _check_fragment(record)
    if isinstance(record, EventClosed) and record.ended and not _is_moment(record.ended):
        raise BadRecord("the end is not usable")


def _check_fragment(record: Fragment) -> None:
    counts = [record.k, *(sample.ms for sample in record.samples)]
    sizes = [sample.size for sample in record.samples]
    limits = ((counts + sizes, _MOST_COUNT), ([record.first_ms], _MOST_MS))
    for values, most in (*limits, ([record.width, record.height], _MOST_SIDE)):
        if not all(type(value) is int and 0 <= value <= most for value in values):
            raise BadRecord("numbers are not usable")
    shifts = [sample.shift for sample in record.samples]
    if not all(type(shift) is int and abs(shift) <= _MOST_SHIFT for shift in shifts):
        raise BadRecord("times are not usable")
    if record.entry not in KINDS or record.turn not in TURNS:
        raise BadRecord("the codec is not usable")
    if record.sound is not None and record.track is None:
        raise BadRecord("sound without its parameters")
    beside = record.sound.size if record.sound else 0
    if not sizes or sum(sizes) + beside != len(record.body):
        raise BadRecord("samples do not add up to the body")
    bytes.fromhex(record.avcc)


def _is_moment(value: object) -> bool:
    """True for an aware time that can be written as a date in any zone."""
    return isinstance(value, datetime) and value.utcoffset() is not None and value.year in _YEARS
