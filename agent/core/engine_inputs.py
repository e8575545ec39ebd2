"""Who tells the engine what: the types of all that may lie in the inbox."""

from __future__ import annotations

from agent.core.event_label import MotionClassified
from agent.core.loudness import SoundHeard
from agent.core.messages import (
    AudioState,
    BeepDone,
    BrokerDown,
    BrokerUp,
    CameraState,
    ClipClosed,
    ClipOpened,
    ClipRefused,
    EventMarked,
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
from agent.core.owner_answers import MomentExplained, ProposalMade, SoundDone
from agent.core.self_test_stages import CameraDiscarded, EchoWanted, SelfTestSaid, SelfTestWanted

FromCamera = CameraState | RecordingLink
FromVision = (
    MotionStarted
    | MotionPicture
    | MotionEnded
    | MotionSuppressed
    | FrameScored
    | SoundHeard
    | PictureTaken
    | PictureRefused
    | ClipOpened
    | ClipClosed
    | ClipRefused
    | RecordingFailed
)
FromStore = (
    StoreState
    | StoreRepaired
    | StoreAnchored
    | RecordingSaved
    | RecordingFailed
    | EventMarked
    | CameraDiscarded
)
FromClassifier = MotionClassified
FromVerdicts = MomentExplained
FromProposals = ProposalMade
FromSelfTest = SelfTestSaid | EchoWanted | SelfTestWanted
FromSpeaker = AudioState | BeepDone | SoundDone
FromBroker = BrokerUp | BrokerDown | Received

#: Everything that owners tell the main thread.
Told = (
    FromCamera
    | FromVision
    | FromStore
    | FromClassifier
    | FromVerdicts
    | FromProposals
    | FromSelfTest
    | FromSpeaker
    | FromBroker
)
