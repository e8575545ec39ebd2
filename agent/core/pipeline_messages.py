"""What goes into a camera's pipeline, and what comes out of it to be carried out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.core.effects import Say
from agent.core.engine_inputs import FromVision
from agent.core.frame import Frame
from agent.core.messages import ClipEnd, ClipFrame, ClipStart, Detection, PictureReason
from agent.core.orders import LimitPictures, TakePicture, VisionOrder

# ------------------------------------------------------------------ what comes in


@dataclass(frozen=True, slots=True)
class RecordingFrameCame:
    """A frame of the recording stream."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer to `Judge`: what the detector found; None: the frame cannot be decoded."""

    frame: Frame
    detection: Detection | None


@dataclass(frozen=True, slots=True)
class NotJudged:
    """The answer to `Judge`: nothing can be said of the frame, because the mask does not fit it."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class ClipAnswered:
    """The answer to a `ClipStart`: whether the recorder took it."""

    start: ClipStart
    taken: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """Some time has passed: what waits for its time is looked at."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The thread ends: what runs is ended, what waits is answered."""


# ------------------------------------------------------------------ what is to be done


@dataclass(frozen=True, slots=True)
class ForgetSession:
    """Nothing that comes can be compared with what came; `first` is the new session's frame."""

    first: Frame | None = None


@dataclass(frozen=True, slots=True)
class ForgetJudged:
    """Judging pauses: the detector's history is of no use any more."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Decode and judge this frame; `Judged` or `NotJudged` answers."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class DoNotJudge:
    """Leave the frame; `why` is said where frames come and none is judged, empty: all is well."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class ShowEvent:
    """Make and say the picture of a running event; with the `first` one what changed in it."""

    event_id: str
    frame: Frame
    detection: Detection
    utc: datetime
    first: bool = False


@dataclass(frozen=True, slots=True)
class TakeStill:
    """Make and say a still picture; a monitoring picture is stored as well.

    Where the frame is damaged, `StillFailed` answers. `until` is the patience of who asked, in
    monotonic seconds; `last`: no other frame is tried.
    """

    frame: Frame
    utc: datetime
    reason: PictureReason
    order: TakePicture | None = None
    until: float = float("inf")
    last: bool = False


@dataclass(frozen=True, slots=True)
class StillFailed:
    """The answer to a `TakeStill` whose frame is damaged."""

    still: TakeStill


Answer = Judged | NotJudged | ClipAnswered | StillFailed
#: A frame as it is comes from the stream that is judged.
Input = Frame | RecordingFrameCame | Answer | VisionOrder | Looked | Ended

#: Clips are opened, fed and closed by the parts that the recorder gets; each has the clip's id.
Clip = ClipStart | ClipFrame | ClipEnd
Judging = ForgetSession | ForgetJudged | Judge | DoNotJudge
PipelineEffect = Judging | Clip | ShowEvent | TakeStill | LimitPictures | FromVision | Say
