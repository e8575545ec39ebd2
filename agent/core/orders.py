"""What the engine tells the owners to do: frozen values, as those of `agent.core.messages`."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.messages import PictureReason


@dataclass(frozen=True, slots=True)
class VisionSettings:
    """What vision needs of the run-time settings; replaced whole, between two frames."""

    armed: bool
    pixel_threshold: int
    min_changed: float
    max_changed: float
    post_frames: int
    record: bool
    monitoring_interval: float
    scores: bool = False  # say each judged frame's result


@dataclass(frozen=True, slots=True)
class Configure:
    """New settings for vision."""

    settings: VisionSettings


@dataclass(frozen=True, slots=True)
class TakePicture:
    """Take a picture of the next or latest frame: `PictureTaken` or `PictureRefused`."""

    request: str | None
    reason: PictureReason = PictureReason.MANUAL


@dataclass(frozen=True, slots=True)
class RecordClip:
    """Record from now on for so many seconds: `ClipOpened` or `ClipRefused`."""

    request: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class CloseClip:
    """The recording of that event or clip on demand is lost: no more frames are worth adding."""

    event_id: str


@dataclass(frozen=True, slots=True)
class CameraWent:
    """The session ended: an open event ends (`camera_lost`), history is forgotten."""

    session: int


@dataclass(frozen=True, slots=True)
class StopJudging:
    """The end is near: no event begins any more; one that runs goes on until the thread ends."""


@dataclass(frozen=True, slots=True)
class LimitPictures:
    """Published pictures have at most so many bytes; None: as many as are configured."""

    bytes: int | None


VisionOrder = (
    Configure | TakePicture | RecordClip | CloseClip | CameraWent | StopJudging | LimitPictures
)


@dataclass(frozen=True, slots=True)
class KeepEvent:
    """Spare an event's files when old ones are deleted; `event` None: the newest stored one.

    With `keep` False the mark is taken away. `EventKept` echoes `request`.
    """

    camera: str
    event: str | None
    keep: bool
    request: str | None


@dataclass(frozen=True, slots=True)
class Beep:
    """Play the sound once; `BeepDone` echoes `request` (None: nobody waits for the answer)."""

    request: str | None
