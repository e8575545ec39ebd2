"""Which cameras there are: their settings at the start, and what a new configuration changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from agent.core import state_messages
from agent.core.effects import Effect, PublishDiscovery, Say
from agent.core.state import AgentNow, CameraNow, CameraSetup, Now
from schemas.settings import CameraSettings, StoredSettings, StoredValue

Step = tuple[AgentNow, list[Effect]]


def change_cameras(
    now_state: AgentNow,
    cameras: tuple[CameraSetup, ...],
    renewed: Collection[str],
    last_seq: Mapping[tuple[str, str], int],
    now: Now,
) -> Step:
    """Other cameras: those of `renewed` begin anew, the rest goes on, who is not named is gone.

    Counts go on, and so does what commands changed of a camera that stays.
    """
    effects: list[Effect] = []
    stored = now_state.stored_settings()
    after: dict[str, CameraNow] = {}
    for camera in cameras:
        name = camera.camera_id
        before = now_state.cameras.get(name)
        if before is not None and name not in renewed:
            after[name] = before
            continue
        settings, kept, said = camera_settings(camera, stored)
        effects += said
        fresh = CameraNow(
            setup=camera,
            topics=now_state.setup.topics.camera(name),
            settings=settings,
            stored=kept,
            motion_seq=last_seq.get((name, "motion"), 0),
            recording_seq=last_seq.get((name, "recording"), 0),
        )
        after[name] = fresh if before is None else _begun_anew(before, fresh)
    for name in now_state.cameras.keys() - after.keys():
        effects += state_messages.burial(now_state.cameras[name].topics)
    setup = replace(now_state.setup, cameras=cameras)
    # who is new is told of the limit with the next tick, as all are
    now_state = replace(now_state, setup=setup, cameras=after, picture_limit=None)
    if now_state.connected:  # else it is said with everything
        effects.append(PublishDiscovery())
    effects += state_messages.agent_states(now_state, now)
    for name in renewed:
        effects += state_messages.camera_states(now_state, after[name], now)
    return now_state, effects


def camera_settings(
    camera: CameraSetup,
    stored: StoredSettings,
) -> tuple[CameraSettings, dict[str, StoredValue], list[Effect]]:
    """The settings in force; stored values that no longer fit fall back to the configuration."""
    kept = {
        name: value
        for name, value in stored.cameras.get(camera.camera_id, {}).items()
        if name in CameraSettings.model_fields
    }
    values = {name: value.value for name, value in kept.items()}
    try:
        settings = CameraSettings.model_validate({**camera.base.model_dump(), **values})
    except ValueError as error:
        words = f"camera {camera.camera_id}: stored settings do not fit any more: {error}"
        return camera.base, {}, [Say("WARNING", words)]
    return settings, kept, []


def _begun_anew(before: CameraNow, fresh: CameraNow) -> CameraNow:
    """The camera with its counts and pictures, without its session, event and clip on demand.

    What failed before says nothing of it: its source may be another one.
    """
    return replace(
        before,
        setup=fresh.setup,
        settings=fresh.settings,
        stored=fresh.stored,
        link=None,
        link_utc=None,
        recording_link=None,
        recording_link_utc=None,
        failed_attempts=0,
        watch=None,
        motion=None,
        clip=None,
        motion_shown=False,
        motion_off_at=None,
        namings=(),
        objects=None,
    )
