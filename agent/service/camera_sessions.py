"""A camera's sessions: where each comes from, what may wait of it, and what is let through."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agent.camera.network.trust import trusting
from agent.camera.reconnect import Keeper
from agent.camera.replaceable_source import Make, RenewableSource
from agent.camera.self_test_camera import drawn_opener
from agent.camera.source import SourceOptions, source_for
from agent.core.engine_inputs import Told
from agent.core.frame import Frame
from agent.core.messages import (
    RecordingLink,
    Shown,
)
from agent.core.pacing import Glances
from agent.core.pre_roll import PRE_ROLL_BYTES
from agent.core.self_test_stages import Visit
from agent.runtime.clock import Clock
from agent.runtime.latest_value import Newest
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.memory import Share
from agent.runtime.privacy_gate import PrivacyGate
from agent.storage.spool.spool import Spool
from schemas.camera_config import CameraConfig

#: Frames between camera and vision: half a second at 30 fps while the encoder has the processor.
FRAMES = 16
#: Pictures of video between camera and vision that keep their planes, 3 MB each at 1920x1080; the
#: others are recorded, not judged.
PLANES = 4
#: Seconds for which pictures of video are collected that are recorded, or seen by a viewer, and not
#: judged: the agent costs a third less.
BATCH = 0.15
#: Frames of video, which need each other: what is lost costs all up to the next key picture. Of the
#: recording stream vision takes those of 0.4 s together.
STREAM_FRAMES = 64
#: Bytes of frames between camera and vision.
FRAME_BYTES = 16 * 2**20

#: Takes what the owners say.
ToEngine = Callable[[Told], bool]


@dataclass(frozen=True, slots=True)
class RecordingStream:
    """A camera's second session, of which its clips are made."""

    source: RenewableSource
    frames: Mailbox[Frame]


def source_maker(
    name: str, camera: CameraConfig, options: SourceOptions, clock: Clock, visit: Visit | None
) -> Make:
    """Makes the source of its URL, or the self test's drawn one."""
    if visit is None:
        return partial(source_for, camera.source, name, clock, options=options)
    memory, looks = options.memory, options.looks
    opener = drawn_opener(visit, video=camera.sends_video, memory=memory, looks=looks)
    return partial(Keeper, name, opener, clock)


def source_options(
    camera: CameraConfig, frames: Mailbox[Frame], share: Share, viewers: Newest[Shown] | None
) -> SourceOptions:
    """Of the session whose pictures are judged."""
    return SourceOptions(
        camera.still_interval,
        room=lambda: frames.depth < PLANES or frames.count(_with_planes) < PLANES,
        looks=Glances(camera.analysis_fps, lambda: viewers is not None and viewers.wanted, BATCH),
        trust=_trust(camera),
        redirect_hosts=camera.redirect_hosts,
        memory=share,
    )


def recording_stream(
    name: str,
    camera: CameraConfig,
    spool: Spool | None,
    to_engine: ToEngine,
    clock: Clock,
    share: Share,
    gate: PrivacyGate,
) -> RecordingStream | None:
    """The second session; None: the camera has none or is off, or nothing is recorded."""
    url = camera.record_source if camera.enabled else None
    if url is None or spool is None:
        return None
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
        sound=camera.recording.audio or camera.audio.level,
        batch=BATCH,
        trust=_trust(camera),
        redirect_hosts=camera.redirect_hosts,
        memory=share,
        gate=gate,
    )
    source = RenewableSource(
        lambda on_frame, on_state: source_for(url, name, clock, on_frame, on_state, options),
        admitted(share, frames, gate),
        lambda state: to_engine(RecordingLink(state)),
    )
    return RecordingStream(source, frames)


def _trust(camera: CameraConfig) -> ssl.SSLContext | None:
    return None if camera.tls is None else trusting(camera.tls.ca, insecure=camera.tls.insecure)


def frames_box(name: str, camera: CameraConfig) -> Mailbox[Frame]:
    """Where its frames wait for vision."""
    most = STREAM_FRAMES if camera.sends_video else FRAMES
    return Mailbox(f"{name}.frames", most, WhenFull.DROP_OLDEST, limit_bytes=FRAME_BYTES)


def admitted(share: Share, frames: Mailbox[Frame], gate: PrivacyGate) -> Callable[[Frame], object]:
    """Where a camera's frames go, as long as it does not cost too much."""

    def put(frame: Frame) -> bool:
        """False: it is refused, which was counted; or nobody may see it."""
        if gate.closed:
            return False
        held = share.admit(frame.size)
        if held is None:
            return False
        seen = bool(frame.image)
        if seen and frames.depth >= PLANES and frames.count(_with_planes) >= PLANES:
            frame = frame.without_planes()
        # what nobody looks at comes in bursts, before a picture that is looked at
        return frames.put(frame.holding(held), frame.size, can_wait=not seen)

    return put


def _with_planes(frame: Frame) -> bool:
    return frame.decoded is not None
