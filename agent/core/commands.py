"""What commands do. Each is answered; a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.core import (
    live_view_command,
    modes,
    play_command,
    privacy_mode,
    self_test_commands,
    state_messages,
)
from agent.core.effects import Effect, Leave, SaveSettings, Say, ToVision
from agent.core.explain_command import explain
from agent.core.health import agent_health
from agent.core.messages import EventMarked, Parsed, PictureReason, Refused
from agent.core.orders import (
    Beep,
    Mark,
    MarkEvent,
    RecordClip,
    StopBeep,
    TakePicture,
)
from agent.core.propose_command import marked, propose
from agent.core.queries import digest_query, events_query
from agent.core.responses import answer, fail, finish, refused_with, remember
from agent.core.setting_messages import setting_states
from agent.core.state import AgentNow, CameraNow, Now
from agent.core.store_code import USABLE
from schemas.commands import (
    CommandError,
    ErrorCode,
    Explain,
    GetDigest,
    GetEvents,
    GetStatus,
    KeepRecording,
    MarkMistake,
    PatchSettings,
    PlayBeep,
    PlaySound,
    PlayWav,
    Propose,
    RecordNow,
    ReplyTo,
    ResetSetting,
    Restart,
    RunSelfTest,
    SendDiscovery,
    SetSetting,
    ShowLive,
    Silence,
    Snooze,
    TakeOverlay,
    TakeSnapshot,
)
from schemas.messages import Publish, state
from schemas.schedule_config import SCHEDULED
from schemas.settings import (
    AgentSettings,
    CameraSettings,
    SettingValue,
    StoredValue,
    idle_settings,
    numbers_behind,
    show_value,
)

#: Rate limits of actions: a stuck automation must not keep the house busy.
BEEP_EVERY = 1.0
SNAPSHOT_EVERY = 0.5
#: Everything that is said then comes to some 100 kB, and with pictures to a megabyte.
DISCOVERY_EVERY = 5.0
#: A change is written immediately, the next ones together after some seconds: each write syncs the
#: SD card, and the main thread waits for it.
SAVE_EVERY = 2.0

Step = tuple[AgentNow, list[Effect]]


def obey(now_state: AgentNow, parsed: Parsed, now: Now) -> Step:
    """Carries out one command; the answer may come later (picture, beep)."""
    camera = getattr(parsed.command, "camera", None)
    if camera is not None and camera not in now_state.cameras:
        # the page has understood it before the camera was taken out of the configuration
        words = f"there is no camera {camera}"
        now_state, effects = fail(now_state, parsed.reply, "invalid_payload", words, now)
    else:
        now_state, effects = _obey(now_state, parsed, now)
    return now_state, _cleared(parsed.clear_retained) + effects


def _obey(now_state: AgentNow, parsed: Parsed, now: Now) -> Step:  # noqa: C901, PLR0911, PLR0912  a table
    command, reply = parsed.command, parsed.reply
    match command:
        case SetSetting():
            return change(now_state, command.camera, {command.name: command.value}, reply, now)
        case ResetSetting():
            return change(now_state, command.camera, {command.name: None}, reply, now)
        case PatchSettings():
            return change(now_state, command.camera, command.values, reply, now)
        case TakeSnapshot() | TakeOverlay():
            return take_picture(now_state, command, reply, now)
        case RecordNow():
            return record_now(now_state, command.camera, command.seconds, reply, now)
        case ShowLive():
            return live_view_command.show(now_state, command, reply, now)
        case KeepRecording() | MarkMistake():
            return mark_event(now_state, command, reply, now)
        case Propose():
            return propose(now_state, command, reply, now)
        case Explain():
            return explain(now_state, command, reply, now)
        case RunSelfTest():
            return self_test_commands.command(now_state, command, reply, now)
        case Snooze():
            return snooze(now_state, command, reply, now)
        case PlayBeep():
            return play_beep(now_state, reply, now)
        case PlaySound() | PlayWav() | Silence():
            return play_command.obey(now_state, command, reply, now)
        case Restart():
            farewell = Say("WARNING", "agent: restart was commanded")
            now_state, saved = save_late(now_state, now, at_once=True)
            said = [*answer(now_state, reply, now), farewell]
            return now_state, [*saved, *said, Leave(again=True)]
        case GetStatus():
            data = agent_health(now_state, now).model_dump(mode="json")
            return now_state, answer(now_state, reply, now, data=data)
        case SendDiscovery():
            return send_discovery(now_state, reply, now)
        case GetEvents():
            return now_state, [events_query(now_state, command, reply)]
        case GetDigest():
            return now_state, [digest_query(now_state, command, reply)]


def refuse(now_state: AgentNow, refused: Refused, now: Now) -> Step:
    """Answers a message that is no valid command and shows the value in force again."""
    step = refused_with(now_state, refused.reply, refused.error, now, (refused.setting,))
    return step[0], _cleared(refused.clear_retained) + step[1]


def _cleared(topic: str | None) -> list[Effect]:
    """Takes a command out of the broker that somebody published with retain."""
    if topic is None:
        return []
    words = f"command {topic}: was published with retain; the broker is told to forget it"
    return [Publish(topic, b"", qos=1, retain=True), Say("WARNING", words)]


def change(
    now_state: AgentNow,
    camera_id: str | None,
    values: Mapping[str, SettingValue | None],
    reply: ReplyTo,
    now: Now,
) -> Step:
    """Changes settings, all or nothing; None gives one back to the configuration."""
    if camera_id is None:
        return _change_agent(now_state, values, reply, now)
    camera = now_state.cameras[camera_id]
    if error := _unused(camera, values):
        return refused_with(now_state, reply, error, now, tuple(values))
    base, numbers = modes.below(camera.setup, camera.scheduled), numbers_behind(values)
    wanted = {n: getattr(base, n) if v is None else v for n, v in numbers.items()}
    try:
        settings = camera.settings.changed(wanted, camera.setup.profile)
    except ValueError as refusal:
        error = CommandError(code="out_of_range", message=str(refusal))
        return refused_with(now_state, reply, error, now, tuple(values))
    stored = _stored(camera.stored, numbers, now)
    before, new = camera, frozenset(numbers)
    unsure = camera.unsure - new if now_state.clock.sure else camera.unsure | new
    camera = replace(camera, settings=settings, stored=stored, unsure=unsure)
    camera = privacy_mode.hidden(camera)
    now_state, saved = save(now_state.with_camera(camera), now)
    effects: list[Effect] = [
        *privacy_mode.orders(before, camera),
        *saved,
        *setting_states(camera, _touched(values)),
        *([modes.schedule_state(now_state, camera)] if values.keys() & set(SCHEDULED) else []),
        *answer(now_state, reply, now, value=_single(values, settings)),
    ]
    shown = ", ".join(f"{n} = {show_value(getattr(settings, n))}" for n in values)
    return now_state, [*effects, Say("INFO", f"camera {camera_id}: {shown}, by command")]


def _unused(camera: CameraNow, values: Mapping[str, SettingValue | None]) -> CommandError | None:
    """Why nobody can set one of these here; back to the configuration is always possible."""
    idle = idle_settings(camera.setup.profile)
    for name in sorted(idle & {n for n, value in values.items() if value is not None}):
        words = (
            f"{name} does nothing in profile {camera.setup.profile} of camera {camera.camera_id}:"
            " set sensitivity, or detection.profile: plain"
        )
        return CommandError(code="not_used", message=words)
    return None


def _touched(values: Mapping[str, SettingValue | None]) -> list[str]:
    """The settings whose states are to be said: `sensitivity` and its numbers go together."""
    behind = numbers_behind({"sensitivity": None})
    more = ["sensitivity", *behind] if values.keys() & {"sensitivity", *behind} else []
    return list(dict.fromkeys([*values, *more]))


def _change_agent(
    now_state: AgentNow,
    values: Mapping[str, SettingValue | None],
    reply: ReplyTo,
    now: Now,
) -> Step:
    base = now_state.setup.agent_base
    wanted = {n: getattr(base, n) if v is None else v for n, v in values.items()}
    settings = AgentSettings.model_validate({**now_state.settings.model_dump(), **wanted})
    stored = _stored(now_state.stored, values, now)
    now_state = replace(now_state, settings=settings, stored=stored)
    topics = now_state.setup.topics
    now_state, effects = save(now_state, now)
    effects += [state(topics.setting_state(n), show_value(getattr(settings, n))) for n in values]
    effects += [] if settings.beep_enabled else [StopBeep()]
    return now_state, [*effects, *answer(now_state, reply, now, value=_single(values, settings))]


def take_picture(
    now_state: AgentNow, command: TakeSnapshot | TakeOverlay, reply: ReplyTo, now: Now
) -> Step:
    """Asks vision for a picture, or for the overlay; the answer comes with it."""
    camera_id = command.camera
    overlay = isinstance(command, TakeOverlay)
    reason = PictureReason.OVERLAY if overlay else PictureReason.MANUAL
    camera = now_state.cameras[camera_id]
    if words := privacy_mode.no_pictures(camera):
        return fail(now_state, reply, "camera_unavailable", words, now)
    if now.at - camera.last_snapshot_at < SNAPSHOT_EVERY:
        words = f"at most one snapshot every {SNAPSHOT_EVERY} s"
        return fail(now_state, reply, "rate_limited", words, now)
    camera = replace(camera, last_snapshot_at=now.at)
    now_state, token = remember(now_state.with_camera(camera), reply, now, "camera_unavailable")
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    return now_state, [ToVision(camera_id, TakePicture(token, reason))]


def record_now(
    now_state: AgentNow, camera_id: str, seconds: float, reply: ReplyTo, now: Now
) -> Step:
    """Asks vision for a clip; the answer comes when it has begun."""
    camera = now_state.cameras[camera_id]
    if words := privacy_mode.no_pictures(camera):
        return fail(now_state, reply, "camera_unavailable", words, now)
    if now_state.store is not None and now_state.store.code == "not_configured":
        return fail(now_state, reply, "storage_unavailable", "no store is configured", now)
    now_state, token = remember(now_state, reply, now, "camera_unavailable")
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    return now_state, [ToVision(camera_id, RecordClip(request=token, seconds=seconds))]


def mark_event(
    now_state: AgentNow, command: KeepRecording | MarkMistake, reply: ReplyTo, now: Now
) -> Step:
    """Asks the store to mark an event; without an id the running or last event."""
    camera = now_state.cameras[command.camera]
    if now_state.store is None or now_state.store.code not in USABLE:
        words = "the image store cannot be used now"
        return fail(now_state, reply, "storage_unavailable", words, now)
    if isinstance(command, KeepRecording):
        mark, event, value = Mark.KEEP, command.id, command.keep
    elif command.wrong_label is not None:
        mark, event, value = Mark.WRONG_LABEL, command.event, command.wrong_label
    else:
        mark, event, value = Mark.FALSE_ALARM, command.event, command.false_alarm is not False
    if event is None and camera.motion is not None:
        event = camera.motion.event_id
    if event is None and camera.attributes is not None:
        event = camera.attributes.event_id
    now_state, token = remember(now_state, reply, now, "storage_unavailable")
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    return now_state, [MarkEvent(command.camera, event, value, token, mark)]


def event_marked(now_state: AgentNow, cause: EventMarked, now: Now) -> Step:
    """Answers who asked for an event to be marked."""
    if cause.event is not None:
        now_state, effects = finish(now_state, cause.request, now, data={"id": cause.event})
        words = f"camera {cause.camera}: event {cause.event}: marked by command"
        now_state, proposed = marked(now_state, cause)
        return now_state, [*effects, Say("INFO", words), *proposed]
    code: ErrorCode = "unknown_event" if cause.available else "storage_unavailable"
    error = CommandError(code=code, message=cause.message)
    return finish(now_state, cause.request, now, error=error)


def play_beep(now_state: AgentNow, reply: ReplyTo, now: Now) -> Step:
    """Plays the sound now, without cooldown and `beep_enabled`, because somebody asked for it."""
    if now.at - now_state.beep_command_at < BEEP_EVERY:
        words = f"at most one beep every {BEEP_EVERY} s"
        return fail(now_state, reply, "rate_limited", words, now)
    now_state, token = remember(now_state, reply, now, "audio_failed")
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    return replace(now_state, beep_command_at=now.at), [Beep(request=token)]


def snooze(now_state: AgentNow, command: Snooze, reply: ReplyTo, now: Now) -> Step:
    """Notifications and beep rest from now on, or no longer."""
    now_state, effects = modes.set_snooze(now_state, command.camera, command.minutes, now)
    cameras = [command.camera] if command.camera else list(now_state.cameras)
    until = modes.until_of(now_state, cameras)
    said = answer(now_state, reply, now, value=command.minutes, data={"until": until})
    return now_state, [*effects, *said]


def save(now_state: AgentNow, now: Now) -> Step:
    """Writes the settings file, or leaves it to `save_late` when that was done a moment ago."""
    if now.at - now_state.saved_at < SAVE_EVERY:
        return replace(now_state, unsaved=True), []
    now_state = replace(now_state, saved_at=now.at, unsaved=False)
    return now_state, [SaveSettings(now_state.stored_settings())]


def save_late(now_state: AgentNow, now: Now, *, at_once: bool = False) -> Step:
    """Writes what `save` has deferred, when it is time, or now because the process ends."""
    if not now_state.unsaved:
        return now_state, []
    return save(replace(now_state, saved_at=-1e9) if at_once else now_state, now)


def send_discovery(now_state: AgentNow, reply: ReplyTo, now: Now) -> Step:
    """Says everything again."""
    if now.at - now_state.discovery_at < DISCOVERY_EVERY:
        words = f"at most once every {DISCOVERY_EVERY:g} s"
        return fail(now_state, reply, "rate_limited", words, now)
    now_state = replace(now_state, discovery_at=now.at)
    effects = state_messages.everything(now_state, now)
    return now_state, [*answer(now_state, reply, now), *effects]


def _stored(
    stored: Mapping[str, StoredValue],
    values: Mapping[str, SettingValue | None],
    now: Now,
) -> dict[str, StoredValue]:
    kept = {name: value for name, value in stored.items() if name not in values}
    new = {n: StoredValue(value=v, since=now.utc) for n, v in values.items() if v is not None}
    return {**kept, **new}


def _single(
    values: Mapping[str, SettingValue | None],
    settings: CameraSettings | AgentSettings,
) -> SettingValue | None:
    if len(values) != 1:
        return None
    value: SettingValue = getattr(settings, next(iter(values)))
    return value
