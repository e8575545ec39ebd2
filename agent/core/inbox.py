"""Who tells the engine what: the types of all that may lie in the inbox."""

from __future__ import annotations

from agent.core.messages import (
    AudioState,
    BeepDone,
    BrokerDown,
    BrokerUp,
    CameraState,
    ClipClosed,
    ClipOpened,
    ClipRefused,
    EventKept,
    FrameScored,
    MotionEnded,
    MotionPicture,
    MotionStarted,
    MotionSuppressed,
    PictureRefused,
    PictureTaken,
    Received,
    RecordingFailed,
    RecordingLink,
    RecordingSaved,
    StoreAnchored,
    StoreRepaired,
    StoreState,
)
from agent.core.named import MotionClassified

FromCamera = CameraState | RecordingLink
FromVision = (
    MotionStarted
    | MotionPicture
    | MotionEnded
    | MotionSuppressed
    | FrameScored
    | PictureTaken
    | PictureRefused
    | ClipOpened
    | ClipClosed
    | ClipRefused
    | RecordingFailed
)
FromStore = (
    StoreState | StoreRepaired | StoreAnchored | RecordingSaved | RecordingFailed | EventKept
)
FromClassifier = MotionClassified
FromSpeaker = AudioState | BeepDone
FromBroker = BrokerUp | BrokerDown | Received

#: Everything that owners tell the main thread.
Told = FromCamera | FromVision | FromStore | FromClassifier | FromSpeaker | FromBroker
