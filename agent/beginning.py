"""What the engine is told at its start, out of the configuration and the journal."""

from __future__ import annotations

import random
from datetime import datetime

from agent import __version__
from agent.configuration import Loaded
from agent.core.engine import OpenEvent
from agent.core.state import CameraSetup, Now, Setup
from agent.mqtt.journal import Journal
from schemas.config import Config
from schemas.settings import AgentSettings
from schemas.topics import AgentTopics


def setup_of(loaded: Loaded, topics: AgentTopics, now: Now) -> Setup:
    """What the engine is told at the start."""
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
        birth_delay=random.uniform(1.0, 5.0),  # noqa: S311  spreads agents, hides nothing
    )


def camera_setups(loaded: Loaded) -> tuple[CameraSetup, ...]:
    """What the engine is told of the configured cameras."""
    return tuple(
        CameraSetup(name, camera.settings(), loaded.named_settings(name), camera.power_cycle_after)
        for name, camera in loaded.config.cameras.items()
    )


def open_events_of(journal: Journal, now: datetime) -> tuple[OpenEvent, ...]:
    """Events that a killed process left without an end; `now` where their start is not known."""
    return tuple(
        OpenEvent(event.camera, event.id, _moment(event.started, now))
        for event in journal.open_events()
    )


def _moment(text: str, otherwise: datetime) -> datetime:
    """A time out of the journal; a salvaged one may hold anything."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return moment if moment.tzinfo is not None else otherwise
