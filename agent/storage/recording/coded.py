"""`recording.format: camera`: the pictures as the camera coded them. Pure: nothing is decoded.

Parameter sets go into the file's head, as MP4 has them; the samples keep everything else.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.core.camera_times import CameraTimes
from agent.core.frame import Frame, Video
from agent.imaging.bits import Bits, unescaped
from agent.imaging.jpeg import allowed
from agent.imaging.nal import (
    H264,
    HEADER,
    HEVC,
    HEVC_SPS,
    HEVC_VPS,
    PPS,
    SETS,
    SPS,
    split,
    type_of,
)
from agent.imaging.nal import shows as shows_picture
from agent.storage.container import h265, sps_rewrite
from agent.storage.container.h264 import Codec, avcc, with_lengths
from agent.storage.recording.order import Order, Placed, depth_of

#: Bytes of a parameter set; a camera's has less than a hundred.
_LONGEST_SET = 1024
#: The number of sets of one kind that a record can name; more than any camera sends.
_MOST_SETS = 31
#: A clip whose parameters change more often than this takes no more pictures: each change may begin
#: another part of the day's file.
_MOST_CHANGES = 4
#: Seconds by which pictures that are decoded behind the first key picture may be shown before it.
_LEADING = 2.0
#: Bytes of the pictures that a still picture may need, from a key picture on.
_GROUP_BYTES = 16 * 2**20


class BadVideo(ValueError):
    """The picture cannot go into a clip as it is."""


class Unit(NamedTuple):
    """A picture as MP4 has it, and the parameters that it is decoded with."""

    sample: bytes
    key: bool
    codec: Codec


#: Access unit delimiters, ends of sequence and stream, and filler are of no use in a file.
_DROPPED = {H264: frozenset({9, 10, 11, 12}), HEVC: frozenset({35, 36, 37, 38})}


class Units:
    """Makes samples of one camera's pictures; `codec` is that of the last key picture.

    Args:
        turn: degrees by which a player is to turn them, 0 or 180.
    """

    def __init__(self, turn: int) -> None:
        self.codec: Codec | None = None
        self._turn = turn
        self._sets: dict[tuple[int, int], bytes] = {}  # bounded by _MOST_SETS of each kind

    def take(self, video: Video) -> Unit:
        """The picture as MP4 has it.

        Raises:
            BadVideo: it is damaged, of an unknown codec, or nothing came that says how to read it.
        """
        name = video.codec
        if name not in SETS:
            raise BadVideo(f"codec {name} does not go into MP4")
        sets: dict[tuple[int, int], bytes] = {}
        units: list[bytes] = []
        shows = False
        try:
            for unit in split(video.data):
                kind = type_of(name, unit)
                if kind in SETS[name]:
                    self._take_set(name, kind, unit, sets, None if video.key else units)
                elif kind not in _DROPPED[name]:
                    shows = shows or shows_picture(name, kind)
                    units.append(unit)
            codec = self.codec
            if any(at[0] not in {other[0] for other in sets} for at in self._sets):
                sets = {**self._sets, **sets}  # it repeats some of them
            if sets != self._sets or codec is None:
                codec = _codec(name, sets, self._turn)
        except (ValueError, IndexError) as error:
            raise BadVideo(f"a picture that cannot be read: {error}") from None
        if not shows:
            raise BadVideo("a picture without a picture in it")
        self.codec, self._sets = codec, sets
        return Unit(with_lengths(units), video.key, codec)

    def _take_set(
        self,
        name: str,
        kind: int,
        unit: bytes,
        sets: dict[tuple[int, int], bytes],
        units: list[bytes] | None,
    ) -> None:
        """A set of a key picture is for the head; another one stays where it is if it is new."""
        if len(unit) > _LONGEST_SET or len(sets) >= _MOST_SETS:
            raise BadVideo("too many or too long parameter sets")
        number = _number(name, kind, unit)
        if units is None:
            sets[kind, number] = unit
        elif self._sets.get((kind, number)) != unit:
            units.append(unit)


def _number(name: str, kind: int, unit: bytes) -> int:
    """The id of a parameter set."""
    if kind == HEVC_SPS:
        return h265.read_sps(unit).number
    bits = Bits(unescaped(unit[HEADER[name] : _LONGEST_SET]))
    if kind == HEVC_VPS:
        return bits.take(4)
    if kind == SPS:
        bits.take(24)  # profile and level
    return bits.golomb()


def _codec(name: str, sets: dict[tuple[int, int], bytes], turn: int) -> Codec:
    """The parameters that these sets say.

    Raises:
        ValueError: a kind of set is missing, or cannot be read.
    """
    chosen = {kind: [sets[at] for at in sorted(sets) if at[0] == kind] for kind in SETS[name]}
    if not all(chosen.values()):
        raise ValueError("a parameter set is missing")
    if name == H264:
        kind, first = "avc1", chosen[SPS][0]
        if len(first) < 4:
            raise ValueError("a parameter set that is too short")
        width, height = sps_rewrite.size(first)
        bare = [sps_rewrite.without_rate(unit) for unit in chosen[SPS]]
        record = avcc(bare, chosen[PPS])
    else:
        kind = "hvc1"
        width, height = h265.read_sps(chosen[HEVC_SPS][0]).cropped
        record = h265.hvcc([unit for each in SETS[name] for unit in chosen[each]])
    if min(width, height) < 2 or not allowed(height, width):
        raise ValueError(f"pictures of {width}x{height} are not recorded")
    return Codec(record, width, height, kind, turn)


class CodedClip:
    """The pictures of one event: samples with their times, as the cutter takes them.

    Args:
        turn: degrees by which a player is to turn them, 0 or 180.
        begin: the clip's first pictures; they tell in which order the camera sends.
    """

    def __init__(self, turn: int, begin: tuple[Frame, ...] = ()) -> None:
        self._units = Units(turn)
        self._times = CameraTimes()
        self._order: Order[Unit] = Order(depth_of(it.video.pts for it in begin if it.video))
        self._first_at: float | None = None
        self.shift: float | None = None  # from the camera's clock to ours, seconds
        self._first_shown: float | None = None  # until no picture before it can come any more
        self._group: list[Video] = []  # from the last key picture on
        self._group_bytes = 0
        self._changes = 0
        self._session = 0
        self._whole = True  # since the last key picture

    @property
    def first_at(self) -> float | None:
        """Monotonic seconds of the first picture; None: there is none yet."""
        return self._first_at

    def add(self, frame: Frame) -> list[Placed[Unit]]:
        """Takes the next picture in order of decoding; those whose times are known now.

        Raises:
            BadVideo: it cannot go into the clip, or what it needs could not.
        """
        video = frame.video
        if video is None:
            raise BadVideo("no coded picture")
        before = self._units.codec
        whole = video.key or (self._whole and before is not None)
        self._whole = False
        if not whole:
            raise BadVideo("a picture that needs one which is not in the clip")
        unit = self._units.take(video)
        changed = before is not None and unit.codec != before
        self._changes += changed
        if self._changes >= _MOST_CHANGES:
            raise BadVideo(f"the stream's parameters changed {_MOST_CHANGES} times in this clip")
        self._whole = True
        begins = frame.session != self._session  # the recording stream may have come again
        self._session = frame.session
        if self._leads(video, begins=begins):
            return []
        self._remember(video)
        if changed or begins:
            self._times = CameraTimes()  # another stream may have another clock
        moment = self._times.add(frame.at, video.pts)
        if video.pts is not None:
            self.shift = moment.at - video.pts
        if self._first_at is None:
            self._first_at = moment.at
        placed = self._order.finish() if moment.fresh or changed or begins else []
        return placed + self._order.add(unit, round((moment.at - self._first_at) * 1000))

    def finish(self) -> list[Placed[Unit]]:
        """The rest."""
        return self._order.finish()

    def group(self) -> tuple[Video, ...]:
        """The last picture behind all that it needs; none: these are too many."""
        return tuple(self._group)

    def _leads(self, video: Video, *, begins: bool) -> bool:
        """Whether it is shown before the first key picture of its session.

        Then it needs what the clip has not. `begins`: it is that key picture.
        """
        if begins:
            self._first_shown = video.pts
            return False
        if self._first_shown is None or video.pts is None:
            return False
        if self._first_shown - _LEADING <= video.pts < self._first_shown:
            return True
        self._first_shown = None if video.key else self._first_shown
        return False

    def _remember(self, video: Video) -> None:
        if video.key:
            self._group, self._group_bytes = [], 0
        elif not self._group:
            return
        self._group.append(video)
        self._group_bytes += len(video.data)
        if self._group_bytes > _GROUP_BYTES:
            self._group = []
