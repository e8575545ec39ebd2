"""What the engine tells the owners to do: frozen values, as those of `agent.core.messages`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.core.messages import PictureReason
from agent.core.moments import Moment


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
    max_event_seconds: float = 0.0  # 0: an event may last for ever
    scores: bool = False  # say each judged frame's result
    private: bool = False  # nothing is judged, recorded or shown
    live_interval: float = 0.0  # seconds between live pictures at rest; 0: none


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
    """Record from now on for `seconds`: `ClipOpened` or `ClipRefused`."""

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
class ShowLively:
    """Live pictures twice a second until then, in monotonic seconds."""

    until: float


@dataclass(frozen=True, slots=True)
class LimitPictures:
    """The most bytes of a published picture; None: the configured number."""

    bytes: int | None


VisionOrder = (
    Configure
    | TakePicture
    | RecordClip
    | CloseClip
    | CameraWent
    | StopJudging
    | ShowLively
    | LimitPictures
)


class Mark(StrEnum):
    """What people say of an event; the words are those of the manifest's notes."""

    KEEP = "keep"  # its files are spared when old ones are deleted
    FALSE_ALARM = "false_alarm"  # nobody was there
    WRONG_LABEL = "wrong_label"  # it was something else than what it was called


@dataclass(frozen=True, slots=True)
class MarkEvent:
    """Mark an event in the store; `event` None: the newest stored one.

    With `value` False the mark is taken away. `EventMarked` echoes `request`.
    """

    camera: str
    event: str | None
    value: bool
    request: str | None
    mark: Mark = Mark.KEEP


@dataclass(frozen=True, slots=True)
class ProposeChange:
    """Propose what would spare the camera's marked false alarms: `ProposalMade`."""

    camera: str


@dataclass(frozen=True, slots=True)
class ExplainMoment:
    """Say why there was, or was not, an event: `MomentExplained` echoes `request`.

    Two moments are meant where the local time came twice.
    """

    camera: str
    moments: tuple[Moment, ...]
    request: str | None


@dataclass(frozen=True, slots=True)
class Play:
    """Play another sound once: `SoundDone` echoes `request`. One of `url` and `wav` is given."""

    request: str | None
    url: str | None = None
    wav: bytes | None = field(default=None, repr=False)
    volume: float | None = None  # 0..1; None: the configured one


@dataclass(frozen=True, slots=True)
class StopPlay:
    """End the sound that `Play` began, or its download: `SoundDone` echoes `request`."""

    request: str | None


@dataclass(frozen=True, slots=True)
class BeginSelfTest:
    """Begin a self test with the settings of `camera`: `SelfTestSaid`."""

    camera: str
    utc: datetime


@dataclass(frozen=True, slots=True)
class EchoCame:
    """The message of a self test, that of the run `run`, came back from the broker."""

    run: str


@dataclass(frozen=True, slots=True)
class Beep:
    """Play the sound once; `BeepDone` echoes `request` (None: nobody waits for the answer).

    `camera`: of whose event it is; None: it was asked for.
    """

    request: str | None
    camera: str | None = None


@dataclass(frozen=True, slots=True)
class StopBeep:
    """End the beep of an event, or let it not begin any more; nobody waits for an answer.

    `camera`: of whose events; None: of all.
    """

    camera: str | None = None

    def ends(self, beep: Beep) -> bool:
        """This beep is meant."""
        return beep.request is None and self.camera in {None, beep.camera}


SpeakerOrder = Beep | Play | StopPlay | StopBeep
