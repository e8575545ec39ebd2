"""Builds the self test: its thread, and for each test the drawn camera with a camera's settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from agent.core.orders import BeginSelfTest
from agent.core.self_test_stages import plan
from agent.core.state import AgentNow
from agent.core.store_names import self_test_camera
from agent.runtime.clock import Clock
from agent.runtime.memory import Memory
from agent.self_test.worker import SelfTestWorker, Store, Task, ToEngine
from agent.service.camera_wiring import CameraParts, build_camera
from agent.storage.spool.spool import Spool
from agent.storage.store.claims import identity_of
from agent.storage.store.discarding import Discarding
from agent.storage.store.identity import Terms, remembered
from agent.storage.store.worker import StoreWorker
from schemas.camera_config import CameraAudio, CameraConfig
from schemas.config import Config
from schemas.topics import AgentTopics


def build_self_test(
    config: Config,
    topics: AgentTopics,
    state_dir: Path,
    spool: Spool | None,
    store: StoreWorker | None,
    to_engine: Callable[[ToEngine], object],
    clock: Clock,
) -> SelfTestWorker:
    """The test's thread; what a killed test has left in spool and store goes now."""
    if config.store is None or spool is None or store is None:
        return SelfTestWorker(self_test_camera("0"), state_dir, None, to_engine, clock)
    camera, path = self_test_camera(identity_of(state_dir)), str(config.store.path)
    spool.discard(camera)
    store.discarding = discarding = Discarding(camera)

    def terms() -> dict[str, object]:
        """Which store it is now: it may be adopted after the start."""
        return asdict(Terms(path, topics.agent_id, remembered(state_dir, path)))

    needs = Store(terms, lambda: spool.discard(camera), discarding.want)
    return SelfTestWorker(camera, state_dir, needs, to_engine, clock)


def task_of(
    order: BeginSelfTest,
    now_state: AgentNow,
    config: Config,
    camera: str,
    spool: Spool | None,
    memory: Memory,
    clock: Clock,
) -> Task:
    """One test, with the detection settings in force of the camera that the order names."""
    like = config.cameras[order.camera]
    settings = now_state.cameras[order.camera].vision_settings()
    wanted = plan(settings, like.analysis_fps, store=spool is not None)
    drawn = _drawn(like).model_copy(update={"analysis_fps": wanted.analysis_fps})
    alone = config.model_copy(update={"cameras": {camera: drawn}, "reoffer": None})

    def build(hear: Callable[[object], bool]) -> CameraParts:
        """The camera, as each one is built."""
        share = memory.share(clock)
        ends = spool, hear, clock, share
        made = build_camera(camera, alone, wanted.settings, *ends, visit=wanted.visit)
        share.ended = True  # nothing is reserved for it: it takes no memory of a real camera
        return made

    return Task(order, wanted, build, old_protocol=now_state.protocol == "3.1.1")


def _drawn(like: CameraConfig) -> CameraConfig:
    """The drawn camera: what the picture itself shows is not the real camera's."""
    recording = like.recording.model_copy(update={"audio": False, "enabled": True})
    others: dict[str, object] = {
        "record_source": None,
        "tls": None,
        "mask": None,
        "zones": {},
        "privacy": (),
    }
    seen = {"rotate": 0, "flip_h": False, "flip_v": False, "enabled": True, "classify": False}
    return like.model_copy(
        update={**others, **seen, "audio": CameraAudio(), "recording": recording}
    )
