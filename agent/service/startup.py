"""What the engine gets at its start, from the configuration and the journal."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from agent import __version__
from agent.config.loader import Loaded
from agent.config.schedules import schedule_of
from agent.core.state import CameraNow, CameraSetup, Now, Setup
from agent.mqtt.journal import Journal
from agent.mqtt.journal_entries import OpenEvent
from agent.service.hidden_parts import hidden_of
from agent.storage.spool.spool import Spool
from schemas.camera_config import CameraConfig
from schemas.config import Config
from schemas.events import MotionEvent
from schemas.settings import AgentSettings, CameraSettings
from schemas.topics import AgentTopics

log = logging.getLogger(__name__)


def setup_of(loaded: Loaded, topics: AgentTopics, now: Now) -> Setup:
    """What the engine gets at the start."""
    config: Config = loaded.config
    return Setup(
        topics=topics,
        name=config.agent.name or topics.agent_id,
        version=__version__,
        started_utc=now.utc,
        cameras=camera_setups(loaded),
        agent_base=AgentSettings(beep_enabled=config.beep.enabled),
        beep_cooldown=config.beep.cooldown_seconds,
        publish_images=config.mqtt.publish_images,
        media_dir=config.home_assistant.media_dir,
        self_test_at=config.self_test.at,
        trust_clock=config.agent.trust_clock == "always",
        birth_delay=random.uniform(1.0, 5.0),  # noqa: S311  spreads agents, hides nothing
    )


def camera_setups(loaded: Loaded) -> tuple[CameraSetup, ...]:
    """What the engine gets of the configured cameras."""
    return tuple(
        CameraSetup(
            name,
            camera.settings(),
            loaded.named_settings(name),
            camera.power_cycle_after,
            scheme=_scheme(camera.source),
            record_scheme=_scheme(camera.record_source or ""),
            analysis_fps=camera.analysis_fps,
            classify=model_name(loaded.config, name),
            recorded_as=camera.recorded_as,
            profile=camera.detection.profile,
            hides=hidden_of(camera),
            schedule=schedule_of(loaded.config, name),
        )
        for name, camera in loaded.config.cameras.items()
    )


def model_name(config: Config, camera_id: str) -> str | None:
    """The network that names the camera's events; None: they are not named."""
    if config.classify is None or not config.cameras[camera_id].classify:
        return None
    return config.classify.model.stem


def judged_now(config: CameraConfig, settings: CameraSettings) -> CameraConfig:
    """The configuration with the limits that are in force."""
    names = ("pixel_threshold", "min_changed", "max_changed")
    rules = {**config.detection.model_dump(), **{it: getattr(settings, it) for it in names}}
    return CameraConfig.model_validate({**config.model_dump(), "detection": rules})


def _scheme(source: str) -> str:
    return source.partition(":")[0].lower()


def open_events_of(journal: Journal, agent: str, now: datetime) -> tuple[MotionEvent, ...]:
    """The starts of events that a killed process left without an end.

    For a damaged or salvaged event it has the readable fields, and null for the others. So a reader
    that waits for the event's end gets it.
    """
    found = []
    for event in journal.open_events():
        try:
            found.append(MotionEvent.model_validate_json(event.started))
        except ValidationError:
            log.warning("journal: the start of event %s (%s) is damaged", event.id, event.camera)
            found.append(_what_is_left(event, agent, now))
    return tuple(found)


def _what_is_left(event: OpenEvent, agent: str, now: datetime) -> MotionEvent:
    """The start with every field that has a usable value."""
    sure: dict[str, Any] = {
        "event_type": "motion_started",
        "id": event.id,
        "camera": event.camera,
        "agent": agent,
        "seq": 1,
    }
    required = [n for n, field in MotionEvent.model_fields.items() if field.is_required()]
    known = {**dict.fromkeys(required), "ts": now, **sure}
    try:
        said = json.loads(event.started)
    except (ValueError, RecursionError):
        said = None
    for name, value in said.items() if isinstance(said, dict) else ():
        with suppress(ValidationError):
            if name not in sure:
                MotionEvent.model_validate({**known, name: value})
                known[name] = value
    return MotionEvent.model_validate(known)


def close_recordings(
    spool: Spool, open_events: Iterable[MotionEvent], cameras: Mapping[str, CameraNow]
) -> None:
    """Sees to it that something is said of the recordings of events that a killed process began.

    One that was killed before a recorder had written anything left nothing that could be closed.
    """
    for event in open_events:
        camera = cameras.get(event.camera)
        if camera is not None and camera.settings.record_on_motion:
            started = event.ts
            with suppress(OverflowError, ValueError):  # the first or last day of a calendar
                started = started.astimezone()
            spool.close_unknown(event.camera, event.id, started)
