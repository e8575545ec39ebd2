"""One picture of a camera, as it travels from the source to the detector and the recorder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """How a camera codes its sound.

    Attributes:
        codec: FFmpeg's name: `aac`, `pcm_mulaw`, `pcm_alaw` or `opus`.
        rate: samples a second; of AAC its ticks.
        channels: 1 or 2, of AAC up to 8.
        config: the AudioSpecificConfig of AAC (ISO/IEC 14496-3, 1.6.2.1).
        samples: ticks of a unit of AAC; 0: its units have any length.
    """

    codec: str
    rate: int
    channels: int
    config: bytes = b""
    samples: int = 0


class SoundUnit(NamedTuple):
    """A piece of sound as it was coded; `pts`: its first sample, on the clock of `Video.pts`."""

    data: bytes
    pts: float


@dataclass(frozen=True, slots=True)
class Sound:
    """What came of a camera's sound since the picture before; `units` are in order."""

    format: SoundFormat
    units: tuple[SoundUnit, ...] = field(default=(), repr=False)

    @property
    def size(self) -> int:
        """Bytes of it."""
        return sum(len(unit.data) for unit in self.units)


@dataclass(frozen=True, slots=True)
class Video:
    """One picture of a video stream as the camera coded it, in Annex B.

    Attributes:
        data: of a key picture with all that a decoder needs to begin with it.
        codec: `h264` or `hevc`.
        key: decoding can begin here; other pictures need those before.
        pts: seconds on the camera's own clock since the session's first picture, where it has one.
            It goes on where that clock wraps, and by our clock where that clock jumps.
        sets: the parameter sets in force (SPS, PPS, for H.265 VPS), in Annex B; `data` of a key
            picture has them in it.
        sound: what came with it; None: the session has no sound.
    """

    data: bytes = field(repr=False)
    codec: str
    key: bool
    pts: float | None = None
    sets: bytes = field(default=b"", repr=False)
    sound: Sound | None = None

    @property
    def size(self) -> int:
        """Bytes of picture and sound."""
        return len(self.data) + (self.sound.size if self.sound else 0)


class Decoded(Protocol):
    """A picture of a video stream as its decoder made it; nobody writes into it."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        ...

    def luma(self, scale: int) -> Any:  # noqa: ANN401  no numpy in the core
        """The luma plane with the range of a JPEG, uint8 (H, W), its sides divided by `scale`."""
        ...

    def colour(self, scale: int) -> Any:  # noqa: ANN401
        """The picture, uint8 (H, W, 3) BGR, its sides divided by `scale`."""
        ...

    def fitted(self, width: int, height: int) -> Any:  # noqa: ANN401
        """As `colour`, in any smaller size."""
        ...

    def rows(self, each: int) -> Any:  # noqa: ANN401
        """A copy of each `each`-th row of luma as it was decoded: uint8 (H / each, W)."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole picture with the time of its last byte.

    Attributes:
        jpeg: the camera's own bytes, from SOI (ff d8) to EOI (ff d9).
        at: monotonic seconds when the last byte arrived; set once, by the source.
        seq: counts delivered frames of this source from 0, for ever.
        session: counts sessions from 1; a new number means: nothing before is comparable.
        video: of a camera that sends video, and then `jpeg` is empty.
        decoded: the planes of `video`, where the stream is judged; None in recording streams.
        held: the memory that it takes in its camera's account, given back with the frame.
    """

    jpeg: bytes
    at: float
    seq: int
    session: int
    video: Video | None = None
    decoded: Decoded | None = field(default=None, repr=False, compare=False)
    held: object = field(default=None, repr=False, compare=False)

    @property
    def coded(self) -> bytes | Video:
        """What there is of it: a JPEG or a picture of a video stream."""
        return self.video or self.jpeg

    @property
    def image(self) -> bytes | Decoded:
        """What there is of it to look at: the planes of video, else the JPEG."""
        return self.decoded or self.jpeg

    @property
    def size(self) -> int:
        """Bytes that it weighs without its planes."""
        return self.video.size if self.video else len(self.jpeg)

    def without_planes(self) -> Frame:
        """The same as it is kept: planes of video weigh a hundred times what was sent."""
        return self if self.decoded is None else replace(self, decoded=None)

    def holding(self, held: object) -> Frame:
        """The same with the memory that it takes; of each frame, so in the quickest way."""
        return Frame(
            self.jpeg, self.at, self.seq, self.session, self.video, self.decoded, held=held
        )
