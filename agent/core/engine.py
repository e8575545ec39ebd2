"""All decisions of the agent: `step(state, input, now) -> state, effects`. Pure.

    vision, camera, recorder, store, beeper, mqtt  --input-->  step  --effects-->  their mailboxes

Every input is handled in one place below; what it means is in `events` (motion, pictures,
cameras), `clip_events`, `commands` (settings, requests) and `announce` (what is true now).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.core import classified, clip_events, commands, events, responses, state_messages
from agent.core.cameras import camera_settings
from agent.core.effects import Effect, Leave, Say, ToVision, WriteHealth
from agent.core.health import agent_health, agent_status, camera_health, state_words
from agent.core.inbox import FromCamera, FromClassifier, FromSpeaker, FromStore, FromVision
from agent.core.last_error import cured, fault
from agent.core.liveness import watch_judging
from agent.core.messages import (
    AudioState,
    BeepDone,
    BrokerDown,
    BrokerUp,
    CameraState,
    ClipClosed,
    ClipOpened,
    ClipRefused,
    EventKept,
    FrameScored,
    HaOnline,
    MotionEnded,
    MotionPicture,
    MotionStarted,
    MotionSuppressed,
    Parsed,
    PictureRefused,
    PictureTaken,
    RecordingFailed,
    RecordingLink,
    RecordingSaved,
    Refused,
    StoreAnchored,
    StoreCode,
    StoreRepaired,
    StoreState,
)
from agent.core.named import MotionClassified
from agent.core.orders import LimitPictures
from agent.core.problem import by_id
from agent.core.problems import agent_problems
from agent.core.state import AgentNow, CameraNow, Now, Setup, Stopped, Stopping, Tick
from schemas.commands import CommandError
from schemas.events import MotionEvent
from schemas.messages import state as state_message
from schemas.settings import AgentSettings, StoredSettings

Step = tuple[AgentNow, list[Effect]]

#: Health is said this often, and at once when a problem comes or goes: no bloat in recorders.
HEALTH_EVERY = 60.0
#: The line that says `still alive`.
ALIVE_EVERY = 300.0

#: Of the broker's messages the engine gets what the router made of them.
Input = (
    FromCamera
    | FromVision
    | FromStore
    | FromSpeaker
    | FromClassifier
    | BrokerUp
    | BrokerDown
    | HaOnline
    | Parsed
    | Refused
    | Tick
    | Stopping
    | Stopped
)


def begin(
    setup: Setup,
    stored: StoredSettings,
    last_seq: Mapping[tuple[str, str], int],
    open_events: tuple[MotionEvent, ...],
    now: Now,
    recordings: tuple[str, ...] = (),
) -> Step:
    """The state at start: configuration, then what commands changed, counts that go on.

    Events that a killed process left open (`open_events`: their starts) are ended, so that nobody
    waits for their end. Of those in `recordings` it was told what became of their clips.
    """
    effects: list[Effect] = []
    cameras: dict[str, CameraNow] = {}
    for camera in setup.cameras:
        settings, kept, said = camera_settings(camera, stored)
        effects += said
        cameras[camera.camera_id] = CameraNow(
            setup=camera,
            topics=setup.topics.camera(camera.camera_id),
            settings=settings,
            stored=kept,
            motion_seq=last_seq.get((camera.camera_id, "motion"), 0),
            recording_seq=last_seq.get((camera.camera_id, "recording"), 0),
        )
    agent = {n: v for n, v in stored.agent.items() if n in AgentSettings.model_fields}
    values = {name: value.value for name, value in agent.items()}
    try:
        settings_now = AgentSettings.model_validate({**setup.agent_base.model_dump(), **values})
    except ValueError as error:
        settings_now, agent = setup.agent_base, {}
        effects.append(Say("WARNING", f"agent: stored settings do not fit any more: {error}"))
    now_state = AgentNow(
        setup=setup, cameras=cameras, settings=settings_now, stored=agent, recordings=recordings
    )
    for started in open_events:
        if started.camera in cameras:
            now_state, ended = events.motion_interrupted(now_state, started, now)
            effects += ended
    return now_state, effects


def step(now_state: AgentNow, cause: Input, now: Now) -> Step:  # noqa: C901, PLR0911, PLR0912  a table
    """One input, one decision."""
    match cause:
        case Tick() | Stopping() | Stopped():  # first: each other case is asked in its turn
            return _life(now_state, cause, now)
        case MotionStarted():
            return events.motion_started(now_state, cause, now)
        case MotionPicture():
            return events.motion_picture(now_state, cause)
        case MotionEnded():
            return events.motion_ended(now_state, cause, now)
        case MotionSuppressed():
            return events.motion_suppressed(now_state, cause)
        case MotionClassified():
            return classified.motion_classified(now_state, cause, now)
        case FrameScored():
            return events.frame_scored(now_state, cause)
        case PictureTaken():
            return events.picture_taken(now_state, cause, now)
        case PictureRefused():
            return events.picture_refused(now_state, cause, now)
        case ClipOpened():
            return clip_events.clip_opened(now_state, cause, now)
        case ClipClosed():
            return clip_events.clip_closed(now_state, cause)
        case ClipRefused():
            return clip_events.clip_refused(now_state, cause, now)
        case CameraState():
            return _then_health(events.camera_state(now_state, cause, now), now)
        case RecordingLink():
            return _then_health(events.recording_link(now_state, cause, now), now)
        case RecordingSaved() | RecordingFailed():
            return clip_events.recording(now_state, cause, now)
        case StoreState():
            return _then_health(_store(now_state, cause, now), now)
        case StoreRepaired():
            return _store_repaired(now_state, cause, now)
        case StoreAnchored():
            return _store_anchored(now_state, cause)
        case EventKept():
            return commands.event_kept(now_state, cause, now)
        case AudioState():
            return _then_health(_audio(now_state, cause, now), now)
        case BeepDone():
            return _beep_done(now_state, cause, now)
        case BrokerUp() | BrokerDown():
            return _broker(now_state, cause, now)
        case HaOnline():
            return replace(now_state, announce_at=now.at + now_state.setup.birth_delay), []
        case Parsed():
            return commands.obey(now_state, cause, now)
        case Refused():
            return commands.refuse(now_state, cause, now)


def _life(now_state: AgentNow, cause: Tick | Stopping | Stopped, now: Now) -> Step:
    """A second, the order to stop, the end of all parts."""
    match cause:
        case Tick():
            return _tick(now_state, cause, now)
        case Stopping():
            return _stopping(now_state, now)
        case Stopped():
            last = replace(now_state, gauges=cause.gauges, health_at=float("-inf"))
            return _then_health((last, []), now)


def _stopping(now_state: AgentNow, now: Now) -> Step:
    now_state, saved = commands.save_late(now_state, now, at_once=True)
    return now_state, [*saved, Leave(again=False)]


def _tick(now_state: AgentNow, cause: Tick, now: Now) -> Step:
    now_state = watch_judging(replace(now_state, gauges=cause.gauges), now)
    now_state, effects = events.clear_late(now_state, now)
    now_state, unnamed = classified.expire(now_state, now)
    effects += unnamed
    if cause.gauges.mqtt.picture_limit != now_state.picture_limit:
        limit = cause.gauges.mqtt.picture_limit
        now_state = replace(now_state, picture_limit=limit)
        effects += [ToVision(name, LimitPictures(limit)) for name in now_state.cameras]
    now_state, answers = responses.expire(now_state, now)
    effects += answers
    now_state, saved = commands.save_late(now_state, now)
    effects += saved
    if now_state.announce_at is not None and now.at >= now_state.announce_at:
        now_state = replace(now_state, announce_at=None)
        effects += state_messages.everything(now_state, now, born=True)
    if now_state.alive_at is None:
        now_state = replace(now_state, alive_at=now.at)
    elif now.at - now_state.alive_at >= ALIVE_EVERY:
        now_state = replace(now_state, alive_at=now.at)
        effects.append(_still_alive(now_state))
    return _then_health((now_state, effects), now)


def _then_health(result: Step, now: Now) -> Step:
    """Adds the health messages when they are due, or the problems or the words in them changed."""
    now_state, effects = result
    problems, words = agent_problems(now_state, now.at), state_words(now_state)
    changed = problems != now_state.problems
    due = now.at - now_state.health_at >= HEALTH_EVERY
    if not (changed or due or words != now_state.words):
        return result
    before = now_state.problems
    now_state = replace(now_state, health_at=now.at, problems=problems, words=words)
    health = agent_health(now_state, now)
    topics = now_state.setup.topics
    said: list[Effect] = [state_message(topics.health, health.to_json())]
    said += [
        state_message(camera.topics.health, camera_health(now_state, camera, now).to_json())
        for camera in now_state.cameras.values()
    ]
    said.append(WriteHealth(agent_status(now_state, problems), by_id(problems)))
    if changed:
        new = any(one not in before and not one.opening for one in problems)
        level = "WARNING" if new else "INFO"
        said.append(Say(level, f"agent: problems: {', '.join(by_id(problems)) or 'none'}"))
    return now_state, effects + said


def _store(now_state: AgentNow, cause: StoreState, now: Now) -> Step:
    before = now_state.store
    now_state = replace(now_state, store=cause)
    if before is not None and before.code is cause.code:
        return now_state, []
    if cause.code in {StoreCode.OK, StoreCode.NONE, StoreCode.STARTING}:
        now_state, said = cured(now_state, "storage", now)
        return now_state, [*said, Say("INFO", _owner("store", cause.code.value, cause.reason))]
    code = f"store_{cause.code.value}"
    words = "; ".join(filter(None, (cause.reason, cause.helps)))
    now_state, said = fault(now_state, "storage", code, words, now)
    return now_state, [*said, Say("WARNING", _owner("store", cause.code.value, words))]


def _owner(name: str, code: str, reason: str) -> str:
    return f"{name}: {code}: {reason}" if reason else f"{name}: {code}"


def _audio(now_state: AgentNow, cause: AudioState, now: Now) -> Step:
    now_state = replace(now_state, audio=cause)
    if cause.ok or cause.code == "disabled":
        now_state, said = cured(now_state, "audio", now)
        return now_state, [*said, Say("INFO", _owner("speaker", cause.code, cause.reason))]
    now_state, said = fault(now_state, "audio", f"audio_{cause.code}", cause.reason, now)
    return now_state, [*said, Say("WARNING", _owner("speaker", cause.code, cause.reason))]


def _store_repaired(now_state: AgentNow, cause: StoreRepaired, now: Now) -> Step:
    if cause.lossless:
        return now_state, []
    words = f"{cause.file}: {cause.text}"
    now_state, said = fault(now_state, "storage", "store_repaired", words, now)
    return replace(now_state, repairs=now_state.repairs + 1), said


def _store_anchored(now_state: AgentNow, cause: StoreAnchored) -> Step:
    camera = replace(now_state.cameras[cause.camera], anchor=cause.anchor)
    return now_state.with_camera(camera), state_messages.store_anchor(camera)


def _beep_done(now_state: AgentNow, cause: BeepDone, now: Now) -> Step:
    if cause.ok:
        now_state = replace(now_state, beeps=now_state.beeps + 1)
        return responses.finish(now_state, cause.request, now)
    error = CommandError(code="audio_failed", message=cause.message)
    return responses.finish(now_state, cause.request, now, error=error)


def _broker(now_state: AgentNow, cause: BrokerUp | BrokerDown, now: Now) -> Step:
    if isinstance(cause, BrokerUp):
        return _broker_up(now_state, cause, now)
    return _broker_down(now_state, cause, now)


def _broker_up(now_state: AgentNow, cause: BrokerUp, now: Now) -> Step:
    now_state = replace(now_state, connected=True, protocol=cause.protocol)
    now_state, _ = cured(now_state, "mqtt", now)  # said with everything
    after = f" after {cause.failures} failed attempts" if cause.failures else ""
    words = f"broker {cause.where}: connected, MQTT {cause.protocol}{after}"
    return now_state, [*state_messages.everything(now_state, now), Say("INFO", words)]


def _broker_down(now_state: AgentNow, cause: BrokerDown, now: Now) -> Step:
    now_state = replace(now_state, connected=False, trouble=cause, trouble_utc=now.utc)
    now_state, said = fault(now_state, "mqtt", f"broker_{cause.code}", cause.reason, now)
    return now_state, [*said, Say("WARNING", f"broker: {cause.code}: {cause.reason}")]


def _still_alive(now_state: AgentNow) -> Say:
    parts = []
    for camera in now_state.cameras.values():
        stats = now_state.gauges.cameras.get(camera.camera_id)
        frames = (
            f"{stats.frames} frames, {stats.frames_damaged} damaged, {stats.reconnects} reconnects"
            if stats
            else "no frames"
        )
        parts.append(f"{camera.camera_id}: {frames}, {camera.events} events, {camera.saved} clips")
    return Say("INFO", f"agent: still alive; {'; '.join(parts)}")
