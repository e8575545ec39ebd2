"""Builds one camera's parts out of the configuration, and the mailboxes between them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from agent.camera.network.trust import trusting
from agent.camera.replaceable_source import RenewableSource
from agent.camera.source import SourceOptions, source_for
from agent.classify.tap import Asked, tapped
from agent.config.loader import state_dir_of
from agent.core.clips import PRE_ROLL_BYTES
from agent.core.frame import Frame
from agent.core.inbox import Told
from agent.core.messages import CameraCode, CameraState, ClipPart, RecordingLink, Shown
from agent.core.orders import VisionOrder, VisionSettings
from agent.page.desk import Desk
from agent.runtime.clock import Clock
from agent.runtime.latest_value import Newest
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.memory import Share
from agent.runtime.session_file import session_keeper
from agent.runtime.worker import Worker
from agent.storage.recording.recorder import RecorderOptions, RecorderWorker
from agent.storage.spool.spool import Spool
from agent.vision.clips.clip_feed import ToRecorder
from agent.vision.worker import VisionOptions, VisionWorker
from agent.vision.zones import View, view_of
from schemas.camera_config import CameraConfig
from schemas.config import Config

#: Frames between camera and vision: half a second at 30 fps while the encoder has the processor.
FRAMES = 16
#: The same of the recording stream: vision looks every 0.4 s when nothing is judged.
STREAM_FRAMES = 64
#: Clip parts between vision and recorder: 17 s of a 30 fps camera, within 64 MiB.
CLIP_PARTS = 512
CLIP_BYTES = 64 * 2**20
#: Bytes of frames between camera and vision.
FRAME_BYTES = 16 * 2**20
#: Orders between engine and vision: a scene in Home Assistant that restores every setting
#: sends one for each, and none may be refused after the setting was said to be in force.
ORDERS = 64

Body = Callable[[Worker], None]
ToEngine = Callable[[Told], bool]


@dataclass(frozen=True, slots=True)
class RecordingStream:
    """A camera's second session, of which its clips are made."""

    source: RenewableSource
    frames: Mailbox[Frame]


@dataclass(frozen=True, slots=True)
class CameraParts:
    """One camera's owners and the boxes between them; `source` is None when it is disabled."""

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
    """Who hears of a camera's pictures besides the engine; None: nobody.

    Attributes:
        asked: the classifier's mailbox.
        desk: the page's.
    """

    asked: Mailbox[Asked] | None = None
    desk: Desk | None = None


NOBODY = Ears()


def build_camera(
    name: str,
    config: Config,
    settings: VisionSettings,
    spool: Spool | None,
    to_engine: ToEngine,
    clock: Clock,
    share: Share,
    ears: Ears = NOBODY,
) -> CameraParts:
    """One camera's parts; nothing runs yet, nothing is opened.

    Raises:
        ConfigError: a source or mask that cannot be used.
    """
    camera = config.cameras[name]
    share.ended = not camera.enabled
    frames, parts = _frames(f"{name}.frames"), _clip_parts(f"{name}.clip_parts")
    vision_orders: Mailbox[VisionOrder] = Mailbox(f"{name}.vision_orders", ORDERS, WhenFull.REFUSE)
    options = SourceOptions(
        camera.still_interval,
        room=lambda: frames.depth < FRAMES // 2,
        trust=_trust(camera),
        redirect_hosts=camera.redirect_hosts,
        keep_log=session_keeper(parts if spool else None, lambda: state_dir_of(config)),
        memory=share,
    )
    made = partial(source_for, camera.source, name, clock, options=options)
    source = RenewableSource(made, _admitted(share, frames), to_engine)
    url = camera.record_source if camera.enabled and spool is not None else None
    recording = _recording_stream(name, camera, url, to_engine, clock, share) if url else None
    view = view_of(name, camera)
    judged = _vision_options(config, camera, view, share, two_streams=recording is not None)
    to_recorder = _kept_in(parts, share) if spool is not None else _nowhere
    boxes = frames, vision_orders
    asked, desk = ears.asked if camera.classify else None, ears.desk
    heard = to_engine if asked is None else tapped(to_engine, asked, clock)
    vision = VisionWorker(name, judged, settings, *boxes, heard, to_recorder, clock)
    vision.recording = recording.frames if recording else None
    seen = config.reoffer is not None or desk is not None
    viewers = vision.showing.viewers = Newest[Shown]() if seen else None
    vision.showing.scores = None if desk is None else desk.scores
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
    )


def _recording_stream(
    name: str,
    camera: CameraConfig,
    url: str,
    to_engine: ToEngine,
    clock: Clock,
    share: Share,
) -> RecordingStream:
    frames: Mailbox[Frame] = Mailbox(
        f"{name}.recording_frames",
        STREAM_FRAMES,
        WhenFull.DROP_OLDEST,
        limit_bytes=PRE_ROLL_BYTES,
    )
    options = SourceOptions(
        camera.still_interval,
        room=lambda: frames.depth < STREAM_FRAMES // 2,
        coded=True,
        trust=_trust(camera),
        redirect_hosts=camera.redirect_hosts,
        memory=share,
    )
    source = RenewableSource(
        lambda on_frame, on_state: source_for(url, name, clock, on_frame, on_state, options),
        _admitted(share, frames),
        lambda state: to_engine(RecordingLink(state)),
    )
    return RecordingStream(source, frames)


def _trust(camera: CameraConfig) -> ssl.SSLContext | None:
    return None if camera.tls is None else trusting(camera.tls.ca, insecure=camera.tls.insecure)


def _frames(name: str) -> Mailbox[Frame]:
    return Mailbox(name, FRAMES, WhenFull.DROP_OLDEST, limit_bytes=FRAME_BYTES)


def _clip_parts(name: str) -> Mailbox[ClipPart]:
    return Mailbox(name, CLIP_PARTS, WhenFull.REFUSE, limit_bytes=CLIP_BYTES)


def _vision_options(
    config: Config, camera: CameraConfig, view: View, share: Share, *, two_streams: bool
) -> VisionOptions:
    return VisionOptions(
        profile=camera.detection.profile,
        view=view,
        analysis_fps=camera.analysis_fps,
        pre_seconds=camera.recording.pre_seconds,
        max_image_kb=config.mqtt.max_image_kb,
        two_streams=two_streams,
        room=share,
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
        camera.recording.timestamp,
        privacy=view.privacy,
        original=camera.recording.format == "original",
        room=share,
    )
    return RecorderWorker(name, options, parts, spool, clock)


def _admitted(share: Share, frames: Mailbox[Frame]) -> Callable[[Frame], object]:
    """Where a camera's frames go, as long as it does not cost too much."""

    def put(frame: Frame) -> bool:
        """False: it is refused, which was counted."""
        held = share.admit(frame.size)
        return held is not None and frames.put(replace(frame, held=held), frame.size)

    return put


def _kept_in(parts: Mailbox[ClipPart], share: Share) -> ToRecorder:
    """Where clip parts go; their frames must leave room for those that are judged."""

    def put(part: ClipPart, size: int) -> bool:
        """False: the recorder has no room."""
        return (not size or share.roomy) and parts.put(part, size)

    return put


def _nowhere(_part: ClipPart, _size: int) -> bool:
    """Without a store clip parts go nowhere, and that is no loss."""
    return True
