"""What commands do. Each is answered; a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.core import state_messages
from agent.core.effects import Effect, Leave, SaveSettings, Say, ToVision
from agent.core.health import agent_health
from agent.core.messages import EventKept, Parsed, PictureReason, Refused
from agent.core.orders import Beep, Configure, KeepEvent, RecordClip, TakePicture
from agent.core.responses import answer, fail, finish, refused_with, remember, reply_topics
from agent.core.state import AgentNow, Now
from agent.core.store_code import USABLE
from schemas.commands import (
    CommandError,
    ErrorCode,
    GetEvents,
    GetStatus,
    KeepRecording,
    PatchSettings,
    PlayBeep,
    RecordNow,
    ReplyTo,
    ResetSetting,
    Restart,
    SendDiscovery,
    SetSetting,
    TakeOverlay,
    TakeSnapshot,
)
from schemas.messages import EventsQuery, Publish, state
from schemas.settings import (
    AgentSettings,
    CameraSettings,
    SettingValue,
    StoredValue,
    show_value,
)

#: Rate limits of actions: a stuck automation must not keep the house busy.
BEEP_EVERY = 1.0
SNAPSHOT_EVERY = 0.5
#: Everything that is said then comes to some 100 kB, and with pictures to a megabyte.
DISCOVERY_EVERY = 5.0
#: A change is written at once, the next ones together after a while: each time syncs the SD card,
#: and the main thread waits for it.
SAVE_EVERY = 2.0

Step = tuple[AgentNow, list[Effect]]


def obey(now_state: AgentNow, parsed: Parsed, now: Now) -> Step:
    """Carries out one command; the answer may come later (picture, beep)."""
    now_state, effects = _obey(now_state, parsed, now)
    return now_state, _cleared(parsed.clear_retained) + effects


def _obey(now_state: AgentNow, parsed: Parsed, now: Now) -> Step:  # noqa: PLR0911  a table
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
        case KeepRecording():
            return keep_recording(now_state, command, reply, now)
        case PlayBeep():
            return play_beep(now_state, reply, now)
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
            query = EventsQuery(
                camera=command.camera,
                since=command.since,
                topics=reply_topics(now_state, reply),
                transaction=reply.transaction,
                correlation=reply.correlation,
            )
            return now_state, [query]


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
    base = camera.setup.base
    wanted = {n: getattr(base, n) if v is None else v for n, v in values.items()}
    try:
        settings = CameraSettings.model_validate({**camera.settings.model_dump(), **wanted})
    except ValueError as error:
        words = str(getattr(error, "errors", list)()[0]["msg"]).removeprefix("Value error, ")
        return refused_with(
            now_state, reply, CommandError(code="out_of_range", message=words), now, tuple(values)
        )
    stored = _stored(camera.stored, values, now)
    camera = replace(camera, settings=settings, stored=stored)
    now_state, saved = save(now_state.with_camera(camera), now)
    effects: list[Effect] = [
        ToVision(camera_id, Configure(camera.vision_settings())),
        *saved,
        *(state_messages.setting_state(camera, name) for name in values),
        *answer(now_state, reply, now, value=_single(values, settings)),
    ]
    shown = ", ".join(f"{n} = {show_value(getattr(settings, n))}" for n in values)
    return now_state, [*effects, Say("INFO", f"camera {camera_id}: {shown}, by command")]


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
    return now_state, [*effects, *answer(now_state, reply, now, value=_single(values, settings))]


def take_picture(
    now_state: AgentNow, command: TakeSnapshot | TakeOverlay, reply: ReplyTo, now: Now
) -> Step:
    """Asks vision for a picture, or for the overlay; the answer comes with it."""
    camera_id = command.camera
    overlay = isinstance(command, TakeOverlay)
    reason = PictureReason.OVERLAY if overlay else PictureReason.MANUAL
    camera = now_state.cameras[camera_id]
    if not camera.live:
        words = f"camera {camera_id} gives no pictures now"
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
    if not camera.live:
        words = f"camera {camera_id} gives no pictures now"
        return fail(now_state, reply, "camera_unavailable", words, now)
    if now_state.store is not None and now_state.store.code == "not_configured":
        return fail(now_state, reply, "storage_unavailable", "no store is configured", now)
    now_state, token = remember(now_state, reply, now, "camera_unavailable")
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    return now_state, [ToVision(camera_id, RecordClip(request=token, seconds=seconds))]


def keep_recording(now_state: AgentNow, command: KeepRecording, reply: ReplyTo, now: Now) -> Step:
    """Asks the store to spare an event's files; without an id the running or last event's."""
    camera = now_state.cameras[command.camera]
    if now_state.store is None or now_state.store.code not in USABLE:
        words = "the image store cannot be used now"
        return fail(now_state, reply, "storage_unavailable", words, now)
    event = command.id
    if event is None and camera.motion is not None:
        event = camera.motion.event_id
    if event is None and camera.attributes is not None:
        event = camera.attributes.event_id
    now_state, token = remember(now_state, reply, now, "storage_unavailable")
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    return now_state, [KeepEvent(command.camera, event, command.keep, token)]


def event_kept(now_state: AgentNow, cause: EventKept, now: Now) -> Step:
    """Answers who asked for an event to be spared."""
    if cause.event is not None:
        now_state, effects = finish(now_state, cause.request, now, data={"id": cause.event})
        words = f"camera {cause.camera}: event {cause.event}: marked by command"
        return now_state, [*effects, Say("INFO", words)]
    code: ErrorCode = "unknown_event" if cause.available else "storage_unavailable"
    error = CommandError(code=code, message=cause.message)
    return finish(now_state, cause.request, now, error=error)


def play_beep(now_state: AgentNow, reply: ReplyTo, now: Now) -> Step:
    """Plays the sound at once, whatever the cooldown and `beep_enabled`: somebody asked for it."""
    if now.at - now_state.beep_command_at < BEEP_EVERY:
        words = f"at most one beep every {BEEP_EVERY} s"
        return fail(now_state, reply, "rate_limited", words, now)
    now_state, token = remember(now_state, reply, now, "audio_failed")
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    return replace(now_state, beep_command_at=now.at), [Beep(request=token)]


def save(now_state: AgentNow, now: Now) -> Step:
    """Writes the settings file, or leaves it to `save_late` when that was done a moment ago."""
    if now.at - now_state.saved_at < SAVE_EVERY:
        return replace(now_state, unsaved=True), []
    now_state = replace(now_state, saved_at=now.at, unsaved=False)
    return now_state, [SaveSettings(now_state.stored_settings())]


def save_late(now_state: AgentNow, now: Now, *, at_once: bool = False) -> Step:
    """Writes what `save` has put off, when it is time, or at once because the process ends."""
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
