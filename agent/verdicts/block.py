"""Half a minute of one camera's verdicts as bytes, and back. Pure.

A block stands for itself: a header with its own checksum over everything, then compressed JSON and
one row of eight bytes for each judged frame. A reader looks for the next header where
something is torn, so that a kill at any byte costs one block at most.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.core.messages import Detection
from agent.verdicts.state import State, Stored

#: Frames of one block: 60 a second for half a minute, and some more.
MOST_FRAMES = 2400
#: Seconds of one block: what two bytes of hundredths can say.
LONGEST = 600.0
#: Rules, states and stored files of one block; more of them in half a minute are not told apart.
MOST_RULES, MOST_STATES, MOST_STORED = 250, 60, 30
_MOST_REASONS = 127
#: Bytes of a block as it is written, and as it is read.
MOST_BYTES, _MOST_CONTENT = 1 << 17, 1 << 18

#: No clock shows a later second than this one, in the year 9998.
_LAST = 253_300_000_000.0
_MAGIC = b"VRD1"
_HEADER = struct.Struct("<4sIIddI")  # magic, checksum of the rest, bytes, begin, seconds, camera
_CHECKED = 8  # the checksum is of everything from here on
_LENGTH = struct.Struct("<I")
_ROW = struct.Struct("<HBeeB")  # hundredths, reason and motion, score, largest, rules
_MOTION = 0x80
#: The same row for numpy.
ROWS = np.dtype(
    [("at", "<u2"), ("code", "u1"), ("score", "<f2"), ("largest", "<f2"), ("rules", "u1")]
)


class Rules(NamedTuple):
    """What a frame was judged by: percent, percent, grey levels, and the zone that decided.

    `max_changed` 0: there is no such limit.
    """

    min_changed: float
    max_changed: float
    pixel_threshold: int
    profile: str
    zone: str | None


class Verdict(NamedTuple):
    """What became of one frame; `at` is seconds since 1970, `score` and `largest` are percent."""

    at: float
    motion: bool
    reason: str
    score: float
    largest: float | None
    rules: Rules


@dataclass(frozen=True, slots=True)
class Block:
    """Some seconds of one camera.

    Attributes:
        camera: its id.
        begin: seconds since 1970.
        seconds: how long it is.
        sure: a time service kept the clock right.
        states: what was so from which second since 1970 on; the first one from the beginning on.
        stored: what became known of the store.
        lost: verdicts that did not fit.
        rules, reasons: what the rows refer to by number.
        rows: the verdicts, one row of `ROWS` each.
    """

    camera: str
    begin: float
    seconds: float
    sure: bool = True
    states: tuple[tuple[float, State], ...] = ()
    stored: tuple[Stored, ...] = ()
    lost: int = 0
    rules: tuple[Rules, ...] = ()
    reasons: tuple[str, ...] = ()
    rows: bytes = field(default=b"", repr=False)

    @property
    def end(self) -> float:
        """Seconds since 1970."""
        return self.begin + self.seconds

    @property
    def verdicts(self) -> list[Verdict]:
        """One of each judged frame, in the order of the frames."""
        return [self._verdict(*row) for row in _ROW.iter_unpack(self.rows)]

    def table(self) -> npt.NDArray[np.void]:
        """The rows, for reckoning with many of them."""
        return np.frombuffer(self.rows, ROWS)

    def _verdict(
        self, hundredths: int, code: int, score: float, largest: float, place: int
    ) -> Verdict:
        return Verdict(
            at=self.begin + hundredths / 100,
            motion=bool(code & _MOTION),
            reason=self.reasons[code & ~_MOTION],
            score=score,
            largest=None if math.isnan(largest) else largest,
            rules=self.rules[place],
        )


class OpenBlock:
    """A block that is being filled; times of frames are seconds of the monotonic clock.

    Args:
        camera: its id.
        utc: seconds since 1970 at its beginning.
        began: monotonic seconds at its beginning.
        sure: a time service keeps the clock right.
        state: how the camera is.
    """

    def __init__(self, camera: str, utc: float, began: float, state: State, *, sure: bool) -> None:
        self.camera, self.utc, self.began, self.sure = camera, utc, began, sure
        self._states = [(utc, state)]
        self._stored: list[Stored] = []
        self._rules: dict[Rules, int] = {}
        self._reasons: dict[str, int] = {}
        self._rows = bytearray()
        self._lost = 0

    def judged(self, found: Detection) -> None:
        """A frame was judged."""
        rules = Rules(
            found.min_changed,
            found.max_changed or 0.0,
            found.pixel_threshold,
            found.profile,
            found.zone,
        )
        place = self._rules.setdefault(rules, len(self._rules))
        code = self._reasons.setdefault(found.reason.value, len(self._reasons))
        full = len(self._rows) >= MOST_FRAMES * _ROW.size
        if full or place >= MOST_RULES or code >= _MOST_REASONS:
            self._lost += 1
            return
        hundredths = round(100 * min(LONGEST, max(0.0, found.at - self.began)))
        largest = math.nan if found.largest is None else found.largest
        code |= _MOTION if found.motion else 0
        self._rows += _ROW.pack(hundredths, code, _half(found.score), _half(largest), place)

    def is_so(self, state: State, at: float) -> None:
        """How the camera is at that monotonic second."""
        if state == self._states[-1][1]:
            return
        if len(self._states) >= MOST_STATES:
            self._states.pop()  # the newest one stays true for what follows
        self._states.append((self.utc + min(LONGEST, max(0.0, at - self.began)), state))

    def knows(self, stored: Stored) -> None:
        """Something is in the store."""
        if len(self._stored) < MOST_STORED:
            self._stored.append(stored)

    def closed(self, at: float) -> Block:
        """What it holds, were it to end at that monotonic second."""
        return Block(
            self.camera,
            self.utc,
            min(LONGEST, max(0.0, at - self.began)),
            self.sure,
            tuple(self._states),
            tuple(self._stored),
            self._lost,
            tuple(self._rules)[:MOST_RULES],
            tuple(self._reasons)[:_MOST_REASONS],
            bytes(self._rows),
        )


def camera_mark(camera: str) -> int:
    """Stands for the camera in a header; another camera may have the same one."""
    return zlib.crc32(camera.encode())


def pack(block: Block) -> bytes:
    """A block as it is written."""
    head = {
        "camera": block.camera,
        "sure": block.sure,
        "lost": block.lost,
        "rules": block.rules,
        "reasons": block.reasons,
        "states": [[round(at - block.begin, 2), _short(state)] for at, state in block.states],
        "stored": block.stored,
    }
    planes = _turned(block.rows, (-1, _ROW.size))  # like values together
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    body = zlib.compress(_LENGTH.pack(len(text)) + text + planes, 6)
    mark = camera_mark(block.camera)
    rest = _HEADER.pack(_MAGIC, 0, len(body), block.begin, block.seconds, mark)[_CHECKED:] + body
    return _MAGIC + struct.pack("<I", zlib.crc32(rest)) + rest


@dataclass(frozen=True, slots=True)
class Found:
    """A whole block among bytes, not yet unpacked."""

    at: int
    end: int
    begin: float
    until: float
    mark: int
    body: bytes = field(repr=False)


def blocks_in(data: bytes) -> Iterator[Found]:
    """The whole blocks in order; what lies between them is left out."""
    at = data.find(_MAGIC)
    while 0 <= at <= len(data) - _HEADER.size:
        _, checksum, size, begin, seconds, mark = _HEADER.unpack_from(data, at)
        end = at + _HEADER.size + size
        fits = size <= MOST_BYTES and end <= len(data)
        fits = fits and 0 <= begin <= _LAST and 0 <= seconds <= 2 * LONGEST
        if fits and zlib.crc32(data[at + _CHECKED : end]) == checksum:
            body = data[at + _HEADER.size : end]
            yield Found(at, end, begin, begin + seconds, mark, body)
            at = data.find(_MAGIC, end)
        else:
            at = data.find(_MAGIC, at + 1)


def unpack(found: Found) -> Block | None:
    """The block; None where it makes no sense although its checksum is right."""
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(found.body, _MOST_CONTENT)
        if not inflater.eof:
            return None
        size = _LENGTH.unpack_from(raw)[0]
        head = json.loads(raw[_LENGTH.size :][:size])
        return _block(found, head, _turned(raw[_LENGTH.size + size :], (_ROW.size, -1)))
    except (ValueError, TypeError, LookupError, AttributeError, struct.error, zlib.error):
        return None
    except (RecursionError, ArithmeticError):
        return None


def _block(found: Found, head: Mapping[str, Any], rows: bytes) -> Block:
    """Raises one of many errors where it makes no sense."""
    rules = tuple(_rules(*rule) for rule in head["rules"])
    reasons = tuple(str(reason) for reason in head["reasons"])
    table = np.frombuffer(rows, ROWS)
    if len(table) and (table["rules"].max() >= len(rules)):
        raise ValueError("a row refers to rules that are not there")
    if len(table) and (table["code"] & ~np.uint8(_MOTION)).max() >= len(reasons):
        raise ValueError("a row refers to a reason that is not there")
    return Block(
        camera=str(head["camera"]),
        begin=found.begin,
        seconds=found.until - found.begin,
        sure=bool(head["sure"]),
        states=tuple((_second(found.begin + at), _state(state)) for at, state in head["states"]),
        stored=tuple(Stored(_second(at), str(path)) for at, path in head["stored"]),
        lost=int(head["lost"]),
        rules=rules,
        reasons=reasons,
        rows=rows,
    )


def _rules(least: float, most: float, threshold: int, profile: str, zone: str | None) -> Rules:
    zone = None if zone is None else str(zone)
    return Rules(float(least), float(most), int(threshold), str(profile), zone)


def _state(said: Mapping[str, Any]) -> State:
    """With values of the right types, also if others were written."""
    usual = State._field_defaults
    return State(**{name: type(usual[name])(value) for name, value in said.items()})


def _second(at: float) -> float:
    """Raises ValueError for what is no second since 1970."""
    if not 0 <= at <= _LAST:
        raise ValueError("no second since 1970")
    return float(at)


def _half(value: float) -> float:
    """As far as two bytes go."""
    return value if math.isnan(value) else min(65000.0, max(-65000.0, value))


def _turned(rows: bytes, shape: tuple[int, int]) -> bytes:
    return np.frombuffer(rows, np.uint8).reshape(shape).T.tobytes() if rows else b""


def _short(state: State) -> dict[str, object]:
    """What differs from a camera that is well."""
    usual = State._field_defaults
    return {name: value for name, value in state._asdict().items() if value != usual[name]}
