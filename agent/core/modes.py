"""What schedules and snoozes put in force as time goes by, and how that is said. Pure.

A value comes from the configuration, over it the schedule, over that a command. A time of the
schedule ends what a command has set before. While the clock is unsure nothing changes by it: what
was known last stays, and a camera whose arming is scheduled is armed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from agent.core import privacy_mode, snooze_clock
from agent.core.effects import Effect, SaveModes, SaveSettings, Say
from agent.core.orders import StopBeep
from agent.core.schedule import Planned
from agent.core.setting_messages import setting_states
from agent.core.state import AgentNow, CameraNow, CameraSetup, Now
from schemas.base import utc_text
from schemas.messages import Publish, state
from schemas.modes import Mode, ScheduledValue, ScheduleState
from schemas.schedule_config import DAYS, SCHEDULED
from schemas.settings import (
    CameraSettings,
    SettingValue,
    StoredValue,
    numbers_behind,
    setting_names,
    show_value,
)

Step = tuple[AgentNow, list[Effect]]

#: A look at the schedules after this time, at the latest: somebody may have set another time zone.
LOOK_EVERY = timedelta(minutes=10)
#: The settings that have to fit together; profile `robust` lets them be in any order.
_LIMITS = frozenset({"min_changed", "max_changed"})


def below(setup: CameraSetup, scheduled: Mapping[str, ScheduledValue]) -> CameraSettings:
    """What is in force where no command says otherwise: the schedule over the configuration."""
    values: dict[str, SettingValue | None] = {name: it.value for name, it in scheduled.items()}
    try:
        return setup.base.changed(numbers_behind(values), setup.profile)
    except ValueError:  # the place of `sensitivity` does not fit to the configured max_changed
        values.pop("sensitivity", None)
        return setup.base.changed(values, setup.profile)


def fitting(
    setup: CameraSetup,
    stored: Mapping[str, StoredValue],
    scheduled: Mapping[str, ScheduledValue],
    forced: Mapping[str, SettingValue],
) -> tuple[CameraSettings, dict[str, StoredValue], list[Effect]]:
    """The settings in force; stored values that no longer fit fall back to what is below them.

    That the limits do not fit together costs them alone: a disarmed camera stays disarmed.

    Args:
        setup: what the configuration says.
        stored: what commands set.
        scheduled: what the schedule set.
        forced: what is above all of it.
    """
    base = below(setup, scheduled)
    others = {name: value for name, value in stored.items() if name not in _LIMITS}
    said: list[Effect] = []
    for kept in (dict(stored), others):
        values = {**{name: value.value for name, value in kept.items()}, **forced}
        try:
            return base.changed(values, setup.profile), kept, said
        except ValueError as error:
            words = f"camera {setup.camera_id}: stored settings do not fit any more: {error}"
            said = said or [Say("WARNING", words)]
    return base.changed(forced, setup.profile), {}, said


def settled(camera: CameraNow, *, sure: bool) -> tuple[CameraNow, list[Effect]]:
    """The camera with the settings that are in force."""
    safe = safely_armed(camera, sure=sure)
    forced: dict[str, SettingValue] = {"armed": True} if safe else {}
    settings, kept, said = fitting(camera.setup, camera.stored, camera.scheduled, forced)
    return replace(camera, settings=settings, stored=kept), said


def safely_armed(camera: CameraNow, *, sure: bool) -> bool:
    """True while nobody knows whether the schedule has the camera armed: then it is."""
    return not sure and "armed" in camera.setup.schedule.names and "armed" not in camera.unsure


def look(now_state: AgentNow, now: Now) -> Step:
    """Looks at the clock: what schedules put in force, and which snoozes are over."""
    synchronised = now_state.gauges.host.clock_synchronised
    was = now_state.clock
    clock = was.look(now.at, now.utc.timestamp(), synchronised=synchronised)
    turned = was.zero is None or was.sure != clock.sure
    due, seen = now_state.schedules_due, now_state.schedules_seen
    early = seen is not None and now.utc < seen
    if turned or due is None or seen is None or now.utc >= due or early:
        now_state, effects = _look_at_schedules(now_state, replace(now_state, clock=clock), now)
    else:
        now_state, effects = replace(now_state, clock=clock), []
    now_state, quiet = _look_at_snoozes(now_state, now)
    effects += quiet
    now_state, saved = _saved(now_state)
    return now_state, [*effects, *saved]


def _saved(now_state: AgentNow) -> Step:
    modes = now_state.stored_modes()
    if modes == now_state.saved_modes:
        return now_state, []
    return replace(now_state, saved_modes=modes), [SaveModes(modes)]


# ------------------------------------------------------------ schedules


def _look_at_schedules(said: AgentNow, now_state: AgentNow, now: Now) -> Step:
    """`said` is the state with which the schedules were published last."""
    sure = now_state.clock.sure
    effects: list[Effect] = []
    due = now.utc + LOOK_EVERY
    stored = False
    for before in now_state.cameras.values():
        after = _by_the_clock(before, now) if sure else before
        after, warned = settled(after, sure=sure)
        effects += warned
        if after == before:
            after = before
        due = min([due, *(it.next_at for it in after.plan.values() if it.next_at is not None)])
        stored = stored or after.stored != before.stored
        now_state, changed = in_force(now_state, before, after, "schedule" if sure else "safety")
        effects += changed
    now_state = replace(now_state, schedules_due=due, schedules_seen=now.utc)
    if stored:
        effects.append(SaveSettings(now_state.stored_settings()))
    old = [schedule_state(said, camera) for camera in said.cameras.values()]
    new = [schedule_state(now_state, camera) for camera in now_state.cameras.values()]
    return now_state, [*effects, *(it for it in new if it not in old)]


def _by_the_clock(camera: CameraNow, now: Now) -> CameraNow:
    """With what the schedule says at a time that is right; commands of before a rule are over."""
    stored, schedule = dict(camera.stored), camera.setup.schedule
    for name in camera.unsure & stored.keys():  # until now nobody knew when that was
        stored[name] = StoredValue(value=stored[name].value, since=now.utc)
    plan = {name: schedule.in_force(name, now.utc) for name in schedule.names}
    scheduled = {n: it for n, it in camera.scheduled.items() if n in plan}
    for name, found in plan.items():
        if found.value is None or found.since is None:
            continue
        value = found.value if isinstance(found.value, bool) else str(found.value)
        scheduled[name] = ScheduledValue(value=value, since=found.since)
        for behind in numbers_behind({name: None}):
            if behind in stored and stored[behind].since < found.since:
                del stored[behind]
    return replace(camera, stored=stored, scheduled=scheduled, plan=plan, unsure=frozenset[str]())


def in_force(now_state: AgentNow, before: CameraNow, after: CameraNow, by: str) -> Step:
    """Puts other settings in force: orders, states, and a line of the log.

    Args:
        now_state: all there is.
        before: the camera as it was.
        after: with other settings.
        by: who wants it.
    """
    names = [
        name
        for name in setting_names(CameraSettings)
        if getattr(before.settings, name) != getattr(after.settings, name)
    ]
    if not names:
        return (now_state if after is before else now_state.with_camera(after)), []
    after = privacy_mode.hidden(after)
    now_state = now_state.with_camera(after)
    shown = ", ".join(f"{n} = {show_value(getattr(after.settings, n))}" for n in names)
    return now_state, [
        *privacy_mode.orders(before, after),
        *setting_states(after, names),
        Say("INFO", f"camera {after.camera_id}: {shown}, by {by}"),
    ]


# ------------------------------------------------------------ snoozes


def _look_at_snoozes(now_state: AgentNow, now: Now) -> Step:
    effects: list[Effect] = []
    for camera in now_state.cameras.values():
        sure = now_state.clock.sure
        after = snooze_clock.looked(camera.snooze, now.at, now.utc, sure=sure)
        if after is camera.snooze:
            continue
        now_state = now_state.with_camera(replace(camera, snooze=after))
        effects += _snooze_states(now_state, camera.camera_id)
        if after is None:
            effects.append(Say("INFO", f"camera {camera.camera_id}: the snooze is over"))
    return now_state, effects


def set_snooze(now_state: AgentNow, camera_id: str | None, minutes: int, now: Now) -> Step:
    """Snoozes a camera, or all of them; 0 minutes end it."""
    effects: list[Effect] = []
    for name in [camera_id] if camera_id else list(now_state.cameras):
        begun = snooze_clock.begun(minutes, now.at, now.utc, sure=now_state.clock.sure)
        now_state = now_state.with_camera(replace(now_state.cameras[name], snooze=begun))
        effects += _snooze_states(now_state, name)
        words = f"for {minutes} minutes" if minutes else "no more"
        effects.append(Say("INFO", f"camera {name}: snoozed {words}, by command"))
    effects += [StopBeep(camera_id)] if minutes else []
    now_state, saved = _saved(now_state)
    return now_state, [*effects, *saved]


def until_of(now_state: AgentNow, cameras: Iterable[str]) -> str | None:
    """The end of the snooze of these cameras, as it is said; None: they are not snoozed."""
    said = snooze_clock.of_all(now_state.cameras[name].snooze for name in cameras)
    return None if said.until is None else utc_text(said.until)


def _snooze_states(now_state: AgentNow, camera_id: str) -> list[Effect]:
    return [snooze_state(now_state.cameras[camera_id]), all_snoozed(now_state)]


def snooze_state(camera: CameraNow) -> Publish:
    """Until when the camera is snoozed."""
    return state(camera.topics.snooze, snooze_clock.of_camera(camera.snooze).to_json())


def all_snoozed(now_state: AgentNow) -> Publish:
    """Until when all cameras are snoozed."""
    running = [camera.snooze for camera in now_state.cameras.values()]
    return state(now_state.setup.topics.snooze, snooze_clock.of_all(running).to_json())


# ------------------------------------------------------------ as it is said


def schedule_state(now_state: AgentNow, camera: CameraNow) -> Publish:
    """What is in force, who set it, and until when."""
    return state(camera.topics.schedule, schedule_of(now_state, camera).to_json())


def schedule_of(now_state: AgentNow, camera: CameraNow) -> ScheduleState:
    """What is in force of a camera."""
    sure = now_state.clock.sure
    modes = {name: _mode(camera, name, sure=sure) for name in SCHEDULED}
    changes = [it.until for it in modes.values() if it.until is not None]
    return ScheduleState(
        clock="sure" if sure else "unsure",
        next_change=min(changes, default=None),
        text=_text(camera, modes),
        modes=modes,
    )


def _mode(camera: CameraNow, name: str, *, sure: bool) -> Mode:
    value: bool | str = getattr(camera.settings, name)
    behind = numbers_behind({name: None})
    commands = [camera.stored[it].since for it in behind if it in camera.stored]
    plan = camera.plan.get(name, Planned(None, None, None, None)) if sure else None
    if name == "armed" and safely_armed(camera, sure=sure):
        return Mode(value=value, by="safety")
    if commands:
        until = plan.next_at if plan else None
        return Mode(value=value, by="command", since=max(commands), until=until)
    if name in camera.scheduled:
        since = camera.scheduled[name].since
        return Mode(value=value, by="schedule", since=since, until=plan.until if plan else None)
    return Mode(value=value, by="configuration", until=plan.until if plan else None)


def _text(camera: CameraNow, modes: Mapping[str, Mode]) -> str:
    """For people: `disarmed until Mon 07:00, by command; private until 08:00`."""
    scheduled = camera.setup.schedule.names
    words = {
        "armed": "armed" if modes["armed"].value else "disarmed",
        "privacy": "private" if modes["privacy"].value else "not private",
        "beep_on_motion": "beeps" if modes["beep_on_motion"].value else "does not beep",
        "sensitivity": f"sensitivity {modes['sensitivity'].value}",
    }
    shown = [
        name
        for name in words
        if name == "armed" or name in scheduled or (name == "privacy" and modes[name].value)
    ]
    return "; ".join(words[name] + _ending(camera, modes[name]) for name in shown)


def _ending(camera: CameraNow, mode: Mode) -> str:
    until = "" if mode.until is None else f" until {_local(camera, mode.until, mode.since)}"
    why = {"command": ", by command", "safety": ", because the clock is unsure"}
    return until + why.get(mode.by, "")


def _local(camera: CameraNow, moment: datetime, since: datetime | None) -> str:
    """A weekday alone tells no moment of a span that is longer than a week, as the polar night."""
    local = moment.astimezone(camera.setup.schedule.zone)
    long = since is not None and moment - since > timedelta(days=len(DAYS))
    return f"{local:%a %d %b %H:%M}" if long else f"{local:%a %H:%M}"
