"""Builds the parts of the agent out of the configuration, and the mailboxes between them.

Every mailbox of the agent is made here; `Parts.boxes` and `CameraParts.boxes` are the table that
health shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import __version__
from agent.audio.beeper import BeeperWorker, BeepOptions
from agent.camera.source import FrameSource, SourceOptions, source_for
from agent.configuration import password_of, state_dir_of, token_of
from agent.core.announce import farewell
from agent.core.errors import ConfigError
from agent.core.frame import Frame
from agent.core.messages import (
    Beep,
    ClipPart,
    KeepEvent,
    Received,
    RestartSession,
    Shown,
    VisionOrder,
    VisionSettings,
)
from agent.mqtt.client import MqttWorker
from agent.mqtt.connection import MqttOptions
from agent.mqtt.journal import Journal
from agent.mqtt.outbox import Outbox
from agent.mqtt.router import command_filters
from agent.runtime import host
from agent.runtime.clock import Clock, clock_is_synchronised
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.newest import Newest
from agent.runtime.session_file import session_keeper
from agent.runtime.worker import Worker
from agent.storage.recorder import RecorderOptions, RecorderWorker
from agent.storage.spool import Spool, memory_spool
from agent.storage.store import StoreOptions, StoreWorker
from agent.vision.worker import VisionOptions, VisionWorker
from agent.vision.zones import View, view_of
from ha_discovery.device import AgentDevice, CameraDevice, discovery
from schemas.config import CameraConfig, Config
from schemas.messages import Publish
from schemas.topics import AgentTopics

if TYPE_CHECKING:
    from agent.reoffer.server import ReofferWorker  # aiohttp is an extra

#: Frames between camera and vision: half a second at 30 fps while the encoder has the processor.
FRAMES = 16
#: Clip parts between vision and recorder: 17 s of a 30 fps camera, within 64 MiB.
CLIP_PARTS = 512
CLIP_BYTES = 64 * 2**20
#: Orders between engine and vision or camera: a scene in Home Assistant that restores every setting
#: sends one for each, and none may be refused after the setting was said to be in force.
ORDERS = 64

Body = Callable[[Worker], None]
ToEngine = Callable[[object], bool]


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
    viewers: Newest[Shown] | None = None

    @property
    def camera_worker(self) -> str:
        """Name of the thread that owns the session."""
        return f"{self.camera_id}.camera"

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
        return (self.frames, self.clip_parts, self.vision_orders, self.camera_orders)

    def bodies(self) -> dict[str, Body]:
        """The threads to run, consumers first."""
        bodies: dict[str, Body] = {}
        if self.recorder is not None:
            bodies[self.recorder_worker] = self.recorder.run
        bodies[self.vision_worker] = self.vision.run
        if self.source is not None:
            bodies[self.camera_worker] = self.source.run
        return bodies


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that runs at the start; `boxes` are those that belong to no camera."""

    cameras: tuple[CameraParts, ...]
    spool: Spool | None
    store: StoreWorker | None
    store_orders: Mailbox[KeepEvent]
    mqtt: MqttWorker
    outbox: Outbox
    beeper: BeeperWorker
    tones: Mailbox[Beep]
    discovery: tuple[Publish, ...]
    reoffer: ReofferWorker | None
    boxes: tuple[Mailbox[Any], ...]


def build_parts(
    config: Config,
    topics: AgentTopics,
    state_dir: Path,
    journal: Journal,
    settings: Mapping[str, VisionSettings],
    inbox: Mailbox[object],
    clock: Clock,
) -> Parts:
    """Makes every part; nothing runs yet.

    Raises:
        ConfigError: a source, mask or sound that cannot be used.
    """
    to_engine: ToEngine = inbox.put
    spool = _spool(config, topics, state_dir)
    store_orders: Mailbox[KeepEvent] = Mailbox("store_orders", ORDERS, WhenFull.REFUSE)
    cameras = tuple(
        build_camera(name, config, settings[name], spool, to_engine, clock)
        for name in config.cameras
    )
    tones: Mailbox[Beep] = Mailbox("tones", 1, WhenFull.DROP_OLDEST)
    outbox = Outbox()
    boxes: list[Mailbox[Any]] = [inbox, tones, store_orders]
    messages = discovery_messages(config, topics) if config.home_assistant.discovery else []
    return Parts(
        cameras=cameras,
        spool=spool,
        store=_store(config, topics, spool, state_dir, to_engine, store_orders, clock),
        store_orders=store_orders,
        mqtt=MqttWorker(_mqtt_options(config, topics), outbox, journal, leaving_room(inbox), clock),
        outbox=outbox,
        beeper=BeeperWorker(_beep_options(config), tones, to_engine, clock),
        tones=tones,
        discovery=tuple(messages),
        reoffer=_reoffer(config, cameras),
        boxes=tuple(boxes),
    )


def leaving_room(inbox: Mailbox[object]) -> ToEngine:
    """Where messages of the broker go: a flood of them must not push out what cameras have to say.

    They get half of the inbox; the mqtt thread counts what is refused.
    """

    def put(message: object) -> bool:
        crowded = isinstance(message, Received) and inbox.depth >= inbox.capacity // 2
        return not crowded and inbox.put(message)

    return put


def discovery_messages(config: Config, topics: AgentTopics) -> list[Publish]:
    """Home Assistant's device payloads, the agent's first."""
    device = AgentDevice(topics, config.agent.name or topics.agent_id, __version__)
    panel = config.home_assistant.arming == "alarm_control_panel"
    cameras = [
        CameraDevice(n, display_name(n, c), alarm_panel=panel) for n, c in config.cameras.items()
    ]
    return discovery(device, cameras, config.home_assistant.prefix)


def display_name(camera_id: str, camera: CameraConfig) -> str:
    """What people call the camera."""
    return camera.name or camera_id.replace("_", " ").capitalize()


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
    parts: Mailbox[ClipPart] = Mailbox(
        f"{name}.clip_parts", CLIP_PARTS, WhenFull.REFUSE, limit_bytes=CLIP_BYTES
    )
    vision_orders: Mailbox[VisionOrder] = Mailbox(f"{name}.vision_orders", ORDERS, WhenFull.REFUSE)
    camera_orders: Mailbox[RestartSession] = Mailbox(
        f"{name}.camera_orders", ORDERS, WhenFull.REFUSE
    )
    source = source_for(
        camera.source,
        name,
        clock,
        lambda frame: _no_answer(frames.put(frame, len(frame.jpeg))),
        lambda state: _no_answer(to_engine(state)),
        camera_orders,
        SourceOptions(
            camera.still_interval,
            room=lambda: frames.depth < FRAMES // 2,
            keep_log=session_keeper(parts if spool else None, lambda: state_dir_of(config)),
        ),
    )
    view = view_of(name, camera)
    options = _vision_options(config, camera, view)
    to_recorder = parts.put if spool is not None else _nowhere
    viewers: Newest[Shown] | None = None if config.reoffer is None else Newest()
    vision = VisionWorker(
        name, options, settings, frames, vision_orders, to_engine, to_recorder, clock
    )
    vision.viewers = viewers
    return CameraParts(
        camera_id=name,
        source=source if camera.enabled else None,
        vision=vision,
        recorder=_recorder(name, camera, view, parts, spool, clock),
        frames=frames,
        clip_parts=parts,
        vision_orders=vision_orders,
        camera_orders=camera_orders,
        viewers=viewers,
    )


def _vision_options(config: Config, camera: CameraConfig, view: View) -> VisionOptions:
    return VisionOptions(
        profile=camera.detection.profile,
        view=view,
        analysis_fps=camera.analysis_fps,
        pre_seconds=camera.recording.pre_seconds,
        max_image_kb=config.mqtt.max_image_kb,
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


def _no_answer(_accepted: bool) -> None:  # noqa: FBT001  a mailbox's answer
    """A source has nobody to tell that a box was full; the box counts it."""


def views_of(cameras: Iterable[CameraParts]) -> dict[str, Newest[Shown]]:
    """What the re-offer shows."""
    return {c.camera_id: c.viewers for c in cameras if c.viewers is not None}


def _reoffer(config: Config, cameras: Iterable[CameraParts]) -> ReofferWorker | None:
    if config.reoffer is None:
        return None
    try:
        from agent.reoffer.server import ReofferOptions, ReofferWorker
    except ImportError:
        raise ConfigError(
            "reoffer: needs aiohttp: pip install 'surveillance-agent[reoffer]'"
        ) from None
    options = ReofferOptions(config.reoffer.bind, config.reoffer.port, token_of(config.reoffer))
    return ReofferWorker(options, views_of(cameras))


def _nowhere(_part: ClipPart, _size: int) -> bool:
    """Without a store clip parts go nowhere, and that is no loss."""
    return True


def _spool(config: Config, topics: AgentTopics, state_dir: Path) -> Spool | None:
    if config.store is None:
        return None
    spool = config.store.spool
    if spool.path == "memory":
        return Spool(*memory_spool(topics.agent_id, spool.max_size))
    return Spool(Path(spool.path or state_dir / "spool"), spool.max_size)


def _store(
    config: Config,
    topics: AgentTopics,
    spool: Spool | None,
    state_dir: Path,
    to_engine: ToEngine,
    orders: Mailbox[KeepEvent],
    clock: Clock,
) -> StoreWorker | None:
    if config.store is None or spool is None:
        return None
    options = StoreOptions(
        path=config.store.path,
        agent=topics.agent_id,
        adopt=config.store.adopt == "auto",
        require_mount=config.store.require_mount,
        retention_days=config.store.retention_days,
        keep_free=config.store.keep_free,
        max_size=config.store.max_size,
    )
    trusted = config.agent.trust_clock == "always"
    return StoreWorker(
        spool,
        options,
        state_dir,
        to_engine,
        clock,
        lambda: trusted or clock_is_synchronised(),
        orders=orders,
    )


def _mqtt_options(config: Config, topics: AgentTopics) -> MqttOptions:
    mqtt = config.mqtt
    return MqttOptions(
        host=mqtt.host,
        port=mqtt.port,
        client_id=mqtt.client_id or client_id(topics, host.machine_id() + host.mac_address()),
        will=farewell(topics),
        filters=tuple(command_filters(topics, list(config.cameras))),
        status_topic=config.home_assistant.status_topic
        if config.home_assistant.discovery
        else None,
        username=mqtt.username,
        password=password_of(config.mqtt),
        tls=mqtt.tls,
        keepalive=mqtt.keepalive,
        protocol=mqtt.protocol,
    )


def _beep_options(config: Config) -> BeepOptions:
    return BeepOptions(
        enabled=config.beep.enabled,
        sound=config.beep.sound,
        device=config.beep.device,
        volume=config.beep.volume,
    )


def client_id(topics: AgentTopics, machine: str) -> str:
    """`<base>-<agent>-<4 hex of the machine>`: a cloned SD card does not throw its twin out.

    A clone has the same machine id, so the network card's address is part of `machine`. It is
    hashed, as systemd asks for: it must not be shown as it is.
    """
    digest = hashlib.sha256(f"surveillance-agent {machine}".encode()).hexdigest()[:4]
    return f"{topics.base}-{topics.agent_id}-{digest}"
