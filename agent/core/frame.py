"""One picture of a camera, as it travels from the source to the detector and the recorder."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Video:
    """One picture of a video stream as the camera coded it, in Annex B.

    Attributes:
        data: of a key picture with all that a decoder needs to begin with it.
        codec: `h264` or `hevc`.
        key: decoding can begin here; other pictures need those before.
    """

    data: bytes = field(repr=False)
    codec: str
    key: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole picture with the time of its last byte.

    Attributes:
        jpeg: the camera's own bytes, from SOI (ff d8) to EOI (ff d9).
        at: monotonic seconds when the last byte arrived; set once, by the source.
        seq: counts delivered frames of this source from 0, for ever.
        session: counts sessions from 1; a new number means: nothing before is comparable.
        video: in recording streams only, and then `jpeg` is empty: nothing was decoded yet.
        held: the room that it takes in its camera's account, given back with the frame.
    """

    jpeg: bytes
    at: float
    seq: int
    session: int
    video: Video | None = None
    held: object = field(default=None, repr=False, compare=False)

    @property
    def coded(self) -> bytes | Video:
        """What there is of it: a JPEG or a picture of a video stream."""
        return self.video or self.jpeg

    @property
    def size(self) -> int:
        """Bytes that it weighs."""
        return len(self.video.data if self.video else self.jpeg)
