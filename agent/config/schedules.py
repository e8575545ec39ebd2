"""Schedules as the core takes them, and which cameras nobody may look at now."""

from __future__ import annotations

from pathlib import Path

from agent.config.loader import state_dir_of
from agent.core import engine
from agent.core.schedule import Location, Schedule
from agent.core.state import CameraSetup, Now, Setup
from agent.runtime.clock import Clock, clock_is_synchronised
from agent.runtime.settings_file import load_modes, load_settings
from schemas.config import Config
from schemas.topics import AgentTopics


def schedule_of(config: Config, camera_id: str) -> Schedule:
    """When something of the camera changes by itself, in the zone of the process."""
    place = config.location
    location = None if place is None else Location(place.latitude, place.longitude)
    return Schedule(config.rules_of(camera_id), location)


def private_cameras(config: Config, clock: Clock) -> frozenset[str]:
    """The cameras that an agent with this configuration and state folder keeps in privacy mode.

    Raises:
        ConfigError: the folder may not be looked into: then nobody may be asked.
    """
    folder: Path = state_dir_of(config, make=False)
    now = Now(clock.monotonic(), clock.utc())
    cameras = tuple(
        CameraSetup(
            name,
            camera.settings(),
            profile=camera.detection.profile,
            schedule=schedule_of(config, name),
        )
        for name, camera in config.cameras.items()
    )
    trusted = config.agent.trust_clock == "always"
    setup = Setup(AgentTopics("a", "a"), "", "", now.utc, cameras, trust_clock=trusted)
    kept, sure = load_modes(folder), clock_is_synchronised()
    stored = load_settings(folder)
    state, _ = engine.begin(setup, stored, {}, (), now, kept=kept, synchronised=sure)
    return frozenset(name for name, it in state.cameras.items() if it.settings.privacy)
