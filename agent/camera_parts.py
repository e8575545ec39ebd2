"""Builds one camera's parts out of the configuration, and the mailboxes between them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.camera.source import FrameSource, SourceOptions, source_for
from agent.camera.trust import trusting
from agent.configuration import state_dir_of
from agent.core.clips import PRE_ROLL_BYTES
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState, ClipPart, RecordingLink, Shown
from agent.core.orders import RestartSession, VisionOrder, VisionSettings
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.newest import Newest
from agent.runtime.session_file import session_keeper
from agent.runtime.worker import Worker
from agent.storage.recorder import RecorderOptions, RecorderWorker
from agent.storage.spool import Spool
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
#: Orders between engine and vision or camera: a scene in Home Assistant that restores every setting
#: sends one for each, and none may be refused after the setting was said to be in force.
ORDERS = 64

Body = Callable[[Worker], None]
ToEngine = Callable[[object], bool]


class StateGate:
    """Lets the states of a camera's sessions through until `close`.

    A session's thread that hangs in a look-up cannot be ended. It may speak after its camera was
    replaced, and its words would be taken for those of the new one.
    """

    def __init__(self, to_engine: ToEngine) -> None:
        self._to_engine: ToEngine | None = to_engine

    def __call__(self, state: CameraState | RecordingLink) -> bool:
        """Hands a state to the engine; False when that had no room."""
        to_engine = self._to_engine
        return to_engine is None or to_engine(state)

    def close(self) -> None:
        """From now on nothing is let through."""
        self._to_engine = None


@dataclass(frozen=True, slots=True)
class RecordingStream:
    """A camera's second session, of which its clips are made."""

    source: FrameSource
    frames: Mailbox[Frame]
    orders: Mailbox[RestartSession]


@dataclass(frozen=True, slots=True)
class CameraParts:
    """One camera's owners and the boxes between them; `source` is None when it is disabled."""

    camera_id: str
    source: FrameSource | None
    vision: VisionWorker
    recorder: RecorderWorker | None
    frames: Mailbox[Frame]
    clip_parts: Mailbox[ClipPart]
    vision_orders: Mailbox[VisionOrder]
    camera_orders: Mailbox[RestartSession]
    states: StateGate
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
        boxes = (self.frames, self.clip_parts, self.vision_orders, self.camera_orders)
        if self.recording is None:
            return boxes
        return (*boxes, self.recording.frames, self.recording.orders)

    def disabled(self, at: float) -> CameraState:
        """What is said of a camera without a source."""
        reason = "enabled: false in the configuration"
        return CameraState(self.camera_id, CameraCode.DISABLED, reason, at, session=0)

    @property
    def session_orders(self) -> tuple[Mailbox[RestartSession], ...]:
        """Where an order to restart the camera's sessions goes."""
        return (self.camera_orders, *((self.recording.orders,) if self.recording else ()))

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


def build_camera(
    name: str,
    config: Config,
    settings: VisionSettings,
    spool: Spool | None,
    to_engine: ToEngine,
    clock: Clock,
) -> CameraParts:
    """One camera's parts; nothing runs yet, nothing is opened.

    Raises:
        ConfigError: a source or mask that cannot be used.
    """
    camera = config.cameras[name]
    frames: Mailbox[Frame] = Mailbox(f"{name}.frames", FRAMES, WhenFull.DROP_OLDEST)
    parts = _clip_parts(f"{name}.clip_parts")
    vision_orders: Mailbox[VisionOrder] = Mailbox(f"{name}.vision_orders", ORDERS, WhenFull.REFUSE)
    camera_orders = _session_orders(f"{name}.camera_orders")
    states = StateGate(to_engine)
    source = source_for(
        camera.source,
        name,
        clock,
        lambda frame: frames.put(frame, len(frame.jpeg)),
        states,
        camera_orders,
        SourceOptions(
            camera.still_interval,
            room=lambda: frames.depth < FRAMES // 2,
            trust=_trust(camera),
            keep_log=session_keeper(parts if spool else None, lambda: state_dir_of(config)),
        ),
    )
    recording = None
    if camera.record_source is not None and camera.enabled and spool is not None:
        recording = _recording_stream(name, camera, camera.record_source, states, clock)
    view = view_of(name, camera)
    options = _vision_options(config, camera, view, two_streams=recording is not None)
    to_recorder = parts.put if spool is not None else _nowhere
    vision = VisionWorker(
        name, options, settings, frames, vision_orders, to_engine, to_recorder, clock
    )
    vision.recording = recording.frames if recording else None
    viewers = vision.showing.viewers = None if config.reoffer is None else Newest[Shown]()
    return CameraParts(
        camera_id=name,
        source=source if camera.enabled else None,
        vision=vision,
        recorder=_recorder(name, camera, view, parts, spool, clock),
        frames=frames,
        clip_parts=parts,
        vision_orders=vision_orders,
        camera_orders=camera_orders,
        states=states,
        recording=recording,
        viewers=viewers,
    )


def _recording_stream(
    name: str, camera: CameraConfig, url: str, states: StateGate, clock: Clock
) -> RecordingStream:
    frames: Mailbox[Frame] = Mailbox(
        f"{name}.recording_frames",
        STREAM_FRAMES,
        WhenFull.DROP_OLDEST,
        limit_bytes=PRE_ROLL_BYTES,
    )
    orders = _session_orders(f"{name}.recording_orders")
    source = source_for(
        url,
        name,
        clock,
        lambda frame: frames.put(frame, frame.size),
        lambda state: states(RecordingLink(state)),
        orders,
        SourceOptions(
            camera.still_interval,
            room=lambda: frames.depth < STREAM_FRAMES // 2,
            coded=True,
            trust=_trust(camera),
        ),
    )
    return RecordingStream(source, frames, orders)


def _trust(camera: CameraConfig) -> ssl.SSLContext | None:
    return None if camera.tls is None else trusting(camera.tls.ca, insecure=camera.tls.insecure)


def _clip_parts(name: str) -> Mailbox[ClipPart]:
    return Mailbox(name, CLIP_PARTS, WhenFull.REFUSE, limit_bytes=CLIP_BYTES)


def _session_orders(name: str) -> Mailbox[RestartSession]:
    return Mailbox(name, ORDERS, WhenFull.REFUSE)


def _vision_options(
    config: Config, camera: CameraConfig, view: View, *, two_streams: bool
) -> VisionOptions:
    return VisionOptions(
        profile=camera.detection.profile,
        view=view,
        analysis_fps=camera.analysis_fps,
        pre_seconds=camera.recording.pre_seconds,
        max_image_kb=config.mqtt.max_image_kb,
        two_streams=two_streams,
    )


def _recorder(
    name: str,
    camera: CameraConfig,
    view: View,
    parts: Mailbox[ClipPart],
    spool: Spool | None,
    clock: Clock,
) -> RecorderWorker | None:
    if spool is None:
        return None
    options = RecorderOptions(
        view.orientation,
        camera.recording.timestamp,
        privacy=view.privacy,
        original=camera.recording.format == "original",
    )
    return RecorderWorker(name, options, parts, spool, clock)


def _nowhere(_part: ClipPart, _size: int) -> bool:
    """Without a store clip parts go nowhere, and that is no loss."""
    return True
