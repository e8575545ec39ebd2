"""Which cameras there are: their settings at the start, and what a new configuration changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from agent.core import absent_cameras, privacy_mode, snooze_clock, state_messages
from agent.core.effects import Effect, PublishDiscovery
from agent.core.last_error import cured
from agent.core.modes import fitting, look
from agent.core.state import AgentNow, CameraNow, CameraSetup, Now
from schemas.modes import ScheduledValue, StoredModes
from schemas.settings import CameraSettings, StoredSettings, StoredValue
from schemas.topics import AgentTopics

Step = tuple[AgentNow, list[Effect]]
NO_SCHEDULE: Mapping[str, ScheduledValue] = {}


def change_cameras(
    now_state: AgentNow,
    cameras: tuple[CameraSetup, ...],
    renewed: Collection[str],
    last_seq: Mapping[tuple[str, str], int],
    now: Now,
) -> Step:
    """Other cameras: those of `renewed` restart, other named ones continue, all others are gone.

    Counts go on, and so does what commands changed, also of a camera that went and comes back.
    """
    effects: list[Effect] = []
    stored, modes = now_state.stored_settings(), now_state.stored_modes()
    after: dict[str, CameraNow] = {}
    for camera in cameras:
        name = camera.camera_id
        before = now_state.cameras.get(name)
        if before is not None and name not in renewed:
            same = before.setup == camera  # else its schedule is another one
            after[name] = before if same else replace(before, setup=camera)
            continue
        fresh, said = begun(camera, now_state.setup.topics, stored, modes, last_seq, now)
        effects += said
        if before is None:
            after[name] = absent_cameras.come_back(now_state, fresh)
            continue
        after[name] = _begun_anew(before, fresh)
        if before.setup.hides != camera.hides:
            # what is hidden from now on shall not be seen in the pictures of before
            after[name] = privacy_mode.without_pictures(after[name])
            effects += state_messages.no_pictures(after[name])
    for name in now_state.cameras.keys() - after.keys():
        effects += state_messages.burial(now_state.cameras[name].topics)
        now_state, said = cured(now_state, "camera", now, name)
        effects += said
    now_state = absent_cameras.with_gone(now_state, after)
    setup = replace(now_state.setup, cameras=cameras)
    # a new camera gets the limit with the next tick, as all do
    now_state = replace(
        now_state, setup=setup, cameras=after, picture_limit=None, schedules_due=None
    )
    now_state = with_absent(now_state, stored, modes)
    now_state, switched = look(now_state, now)
    effects += switched
    if now_state.connected:  # else it is said with everything
        effects.append(PublishDiscovery())
    effects += state_messages.agent_states(now_state, now)
    for name in renewed:
        effects += privacy_mode.first_orders(now_state.cameras[name])
        effects += state_messages.camera_states(now_state, now_state.cameras[name], now)
    return now_state, effects


def with_absent(now_state: AgentNow, stored: StoredSettings, modes: StoredModes) -> AgentNow:
    """The state that remembers what commands and schedules set of cameras that are not there.

    A camera that is taken out of the configuration and comes back is as private as it was. Which of
    them comes back nobody knows, so the newest are remembered.

    Args:
        now_state: with the cameras that are there.
        stored: what commands set, of any cameras.
        modes: what schedules set, and snoozes, of any cameras.
    """
    here = now_state.cameras
    return replace(
        now_state,
        absent=StoredSettings(cameras=absent_cameras.others(stored.cameras, here)),
        absent_modes=StoredModes(
            schedule=absent_cameras.others(modes.schedule, here),
            snoozes=absent_cameras.others(modes.snoozes, here),
            unsure=absent_cameras.others(modes.unsure, here),
        ),
    )


def begun(
    setup: CameraSetup,
    topics: AgentTopics,
    stored: StoredSettings,
    modes: StoredModes,
    last_seq: Mapping[tuple[str, str], int],
    now: Now,
) -> tuple[CameraNow, list[Effect]]:
    """A camera at its start: what commands and schedules set before, and counts that go on."""
    name = setup.camera_id
    scheduled = {
        setting: value
        for setting, value in modes.schedule.get(name, {}).items()
        if setting in setup.schedule.names
    }
    settings, kept, said = camera_settings(setup, stored, scheduled)
    camera = CameraNow(
        setup=setup,
        topics=topics.camera(name),
        settings=settings,
        stored=kept,
        scheduled=scheduled,
        unsure=frozenset(modes.unsure.get(name, ())),
        snooze=snooze_clock.kept(modes.snoozes.get(name), now.at, now.utc),
        motion_seq=last_seq.get((name, "motion"), 0),
        recording_seq=last_seq.get((name, "recording"), 0),
        sound_seq=last_seq.get((name, "sound"), 0),
    )
    return camera, said


def camera_settings(
    camera: CameraSetup,
    stored: StoredSettings,
    scheduled: Mapping[str, ScheduledValue] = NO_SCHEDULE,
) -> tuple[CameraSettings, dict[str, StoredValue], list[Effect]]:
    """The settings in force by what was kept, the stored values that still fit, and a warning."""
    kept = {
        name: value
        for name, value in stored.cameras.get(camera.camera_id, {}).items()
        if name in CameraSettings.model_fields
    }
    return fitting(camera, kept, scheduled, {})


def _begun_anew(before: CameraNow, fresh: CameraNow) -> CameraNow:
    """The camera with its counts and pictures, without its session, event and clip on demand.

    What failed before says nothing of it: its source may be another one.
    """
    both = replace(
        before,
        setup=fresh.setup,
        settings=fresh.settings,
        stored=fresh.stored,
        scheduled=fresh.scheduled,
        plan=fresh.plan,
        link=None,
        link_utc=None,
        recording_link=None,
        recording_link_utc=None,
        failed_attempts=0,
        watch=None,
        motion=None,
        clip=None,
        live_until=None,
        motion_shown=False,
        motion_off_at=None,
        namings=(),
        objects=None,
    )
    return privacy_mode.hidden(both)
