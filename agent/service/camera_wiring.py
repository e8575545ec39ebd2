"""Builds one camera's parts out of the configuration, and the mailboxes between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from agent.camera.replaceable_source import RenewableSource
from agent.classify.questions import Asked, tapped
from agent.config.loader import state_dir_of
from agent.core.frame import Frame
from agent.core.loudness import SoundLimits
from agent.core.messages import (
    CameraCode,
    CameraState,
    ClipFrame,
    ClipPart,
    FrameScored,
    Shown,
)
from agent.core.orders import (
    CameraWent,
    Configure,
    LimitPictures,
    ShowLively,
    StopJudging,
    VisionOrder,
    VisionSettings,
)
from agent.core.self_test_stages import Visit
from agent.page.bridge import Bridge
from agent.runtime.clock import Clock
from agent.runtime.latest_value import Newest
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.memory import Share
from agent.runtime.privacy_gate import PrivacyGate
from agent.runtime.session_file import session_keeper
from agent.runtime.worker import Worker
from agent.service.camera_sessions import (
    RecordingStream,
    ToEngine,
    admitted,
    frames_box,
    recording_stream,
    source_maker,
    source_options,
)
from agent.storage.recording.open_clip import RecorderOptions
from agent.storage.recording.recorder import RecorderWorker
from agent.storage.spool.spool import Spool
from agent.verdicts.worker import VerdictBoxes
from agent.vision.clip_feed import ToRecorder
from agent.vision.worker import VisionOptions, VisionWorker
from agent.vision.zones import View, view_of
from schemas.camera_config import CameraConfig
from schemas.config import Config
from schemas.topics import AgentTopics

#: Clip parts between vision and recorder: 17 s of a 30 fps camera, within 64 MiB.
CLIP_PARTS = 512
CLIP_BYTES = 64 * 2**20
#: Orders between engine and vision that wait for an answer; others than these are `LEVELS`.
ORDERS = 64
#: Orders that say how something is. None may be refused: the agent has published it as in force.
LEVELS = (Configure, CameraWent, StopJudging, ShowLively, LimitPictures)

Body = Callable[[Worker], None]


@dataclass(frozen=True, slots=True)
class CameraParts:
    """One camera's owners and the boxes between them; `source` is None when it is disabled.

    While `gate` is closed there is no session with the camera, and no frame comes through.
    """

    camera_id: str
    source: RenewableSource | None
    vision: VisionWorker
    recorder: RecorderWorker | None
    frames: Mailbox[Frame]
    clip_parts: Mailbox[ClipPart]
    vision_orders: Mailbox[VisionOrder]
    share: Share
    recording: RecordingStream | None = None
    viewers: Newest[Shown] | None = None
    gate: PrivacyGate = field(default_factory=PrivacyGate)

    @property
    def camera_worker(self) -> str:
        """Name of the thread that owns the session."""
        return f"{self.camera_id}.camera"

    @property
    def recording_worker(self) -> str:
        """Name of the thread that owns the session of the recording stream."""
        return f"{self.camera_id}.recording"

    @property
    def vision_worker(self) -> str:
        """Name of the thread that owns the detector."""
        return f"{self.camera_id}.vision"

    @property
    def recorder_worker(self) -> str:
        """Name of the thread that owns the encoder."""
        return f"{self.camera_id}.recorder"

    @property
    def boxes(self) -> tuple[Mailbox[Any], ...]:
        """The camera's rows of the table that health shows."""
        boxes = (self.frames, self.clip_parts, self.vision_orders)
        return boxes if self.recording is None else (*boxes, self.recording.frames)

    @property
    def clips(self) -> int:
        """Clips that the recorder has closed; 0 while none has a picture in it."""
        stats = self.recorder.stats if self.recorder is not None else None
        return stats.events if stats is not None and stats.frames else 0

    def disabled(self, at: float) -> CameraState:
        """What is said of a camera without a source."""
        reason = "enabled: false in the configuration"
        return CameraState(self.camera_id, CameraCode.DISABLED, reason, at, session=0)

    def renewals(self) -> dict[str, Callable[[], None]]:
        """Of the threads that may be left hanging: what makes ready for another one."""
        found = {}
        if self.source is not None:
            found[self.camera_worker] = self.source.renew
        if self.recording is not None:
            found[self.recording_worker] = self.recording.source.renew
        return found

    def silence(self) -> None:
        """Nothing more is heard of its sessions, whose threads may hang and come back later.

        Nothing is reserved for the camera any more.
        """
        self.share.ended = True
        for source in (self.source, self.recording.source if self.recording else None):
            if source is not None:
                source.end()

    def bodies(self) -> dict[str, Body]:
        """The threads to run, consumers first."""
        bodies: dict[str, Body] = {}
        if self.recorder is not None:
            bodies[self.recorder_worker] = self.recorder.run
        bodies[self.vision_worker] = self.vision.run
        if self.source is not None:
            bodies[self.camera_worker] = self.source.run
        if self.recording is not None:
            bodies[self.recording_worker] = self.recording.source.run
        return bodies


@dataclass(frozen=True, slots=True)
class Ears:
    """Who gets a camera's pictures in addition to the engine; None: no one.

    Attributes:
        asked: the classifier's mailbox.
        bridge: the page's.
        verdicts: the log's.
        live_ready: whether the broker takes a live picture of a camera now.
    """

    asked: Mailbox[Asked] | None = None
    bridge: Bridge | None = None
    verdicts: VerdictBoxes | None = None
    live_ready: Callable[[str], bool] = lambda _camera: False

    @property
    def scores(self) -> tuple[Mailbox[FrameScored], ...]:
        """Where the verdict of each judged frame goes."""
        return tuple(it.scores for it in (self.bridge, self.verdicts) if it is not None)


NOBODY = Ears()


def live_ready(
    config: Config, topics: AgentTopics, takes: Callable[[str], bool]
) -> Callable[[str], bool]:
    """Whether a live picture of a camera may be made now; `takes`: for this topic."""
    if not config.mqtt.publish_images:
        return NOBODY.live_ready
    return lambda camera: takes(topics.camera(camera).live_image)


def build_camera(  # noqa: PLR0913  what all of its parts need
    name: str,
    config: Config,
    settings: VisionSettings,
    spool: Spool | None,
    to_engine: ToEngine,
    clock: Clock,
    share: Share,
    ears: Ears = NOBODY,
    *,
    view: View | None = None,
    visit: Visit | None = None,
) -> CameraParts:
    """One camera's parts; nothing runs yet, nothing is opened.

    Args:
        name: its id.
        config: the whole configuration.
        settings: those in force.
        spool: None: nothing is recorded.
        to_engine: takes what its owners say.
        clock: the time.
        share: what it may cost.
        ears: who else hears of its pictures.
        view: what of its picture is judged, where that has been tried out already.
        visit: it is the self test's camera, which is drawn; what the source sends is drawn.

    Raises:
        ConfigError: a source or mask that cannot be used.
    """
    camera = config.cameras[name]
    share.ended, gate = not camera.enabled, PrivacyGate(closed=settings.private)
    asked, bridge = ears.asked if camera.classify else None, ears.bridge
    viewers = Newest[Shown]() if config.reoffer is not None or bridge is not None else None
    frames, parts = frames_box(name, camera), _clip_parts(f"{name}.clip_parts")
    vision_orders = orders_box(name)
    keep_log = session_keeper(parts if spool else None, lambda: state_dir_of(config))
    options = replace(
        source_options(camera, frames, share, viewers),
        sound=_hears(camera, spool) and not (camera.record_source and spool),
        keep_log=keep_log,
        gate=gate,
    )
    made = source_maker(name, camera, options, clock, visit)
    source = RenewableSource(made, admitted(share, frames, gate), to_engine)
    recording = recording_stream(name, camera, spool, to_engine, clock, share, gate)
    view = view or view_of(name, camera)
    judged = _vision_options(config, camera, view, share, two_streams=recording is not None)
    judged = replace(judged, live_ready=partial(ears.live_ready, name))
    to_recorder = _kept_in(parts, share) if spool is not None else _nowhere
    heard = to_engine if asked is None else tapped(to_engine, asked, clock)
    vision = VisionWorker(name, judged, settings, frames, vision_orders, heard, to_recorder, clock)
    vision.recording = recording.frames if recording else None
    vision.showing.viewers, vision.showing.scores = viewers, ears.scores
    return CameraParts(
        camera_id=name,
        source=source if camera.enabled else None,
        vision=vision,
        recorder=_recorder(name, camera, view, parts, spool, clock, share),
        frames=frames,
        clip_parts=parts,
        vision_orders=vision_orders,
        share=share,
        recording=recording,
        viewers=viewers,
        gate=gate,
    )


def _hears(camera: CameraConfig, spool: Spool | None) -> bool:
    """Whether somebody wants the camera's sound."""
    return camera.audio.level or (camera.recording.audio and spool is not None)


def orders_box(name: str) -> Mailbox[VisionOrder]:
    """Orders for a camera's vision, which looks between two frames."""
    return Mailbox(f"{name}.vision_orders", ORDERS, WhenFull.REFUSE, newest_of=LEVELS)


def _clip_parts(name: str) -> Mailbox[ClipPart]:
    return Mailbox(name, CLIP_PARTS, WhenFull.REFUSE, limit_bytes=CLIP_BYTES)


def _vision_options(
    config: Config, camera: CameraConfig, view: View, share: Share, *, two_streams: bool
) -> VisionOptions:
    audio = camera.audio
    return VisionOptions(
        profile=camera.detection.profile,
        view=view,
        analysis_fps=camera.analysis_fps,
        pre_seconds=camera.recording.pre_seconds,
        max_image_kb=config.mqtt.max_image_kb,
        two_streams=two_streams,
        room=share,
        sound=SoundLimits(audio.threshold, audio.rise) if audio.level else None,
    )


def _recorder(
    name: str,
    camera: CameraConfig,
    view: View,
    parts: Mailbox[ClipPart],
    spool: Spool | None,
    clock: Clock,
    share: Share,
) -> RecorderWorker | None:
    if spool is None:
        return None
    options = RecorderOptions(
        view.orientation,
        camera.recording.timestamp is not False,
        privacy=view.privacy,
        original=camera.recording.format == "original",
        coded=camera.recorded_as in {"camera", "original"},
        sound=camera.recording.audio,
        room=share,
    )
    return RecorderWorker(name, options, parts, spool, clock)


def _kept_in(parts: Mailbox[ClipPart], share: Share) -> ToRecorder:
    """Where clip parts go; their frames must leave memory for those that are judged."""

    def put(part: ClipPart, size: int) -> bool:
        """False: the recorder's mailbox is full."""
        can_wait = isinstance(part, ClipFrame)
        return (not size or share.roomy) and parts.put(part, size, can_wait=can_wait)

    return put


def _nowhere(_part: ClipPart, _size: int) -> bool:
    """Without a store clip parts go nowhere, and that is no loss."""
    return True
