"""All decisions of the agent: `step(state, input, now) -> state, effects`. Pure.

    vision, camera, recorder, store, beeper, mqtt  --input-->  step  --effects-->  their mailboxes

`step` and the functions under it say who handles which input; what it means is in `events` (motion,
pictures, cameras), `clip_events`, `commands` (settings, requests) and `state_messages` (what is
true now).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.core import cameras as cameras_
from agent.core import (
    classified,
    clip_events,
    commands,
    events,
    explain_command,
    live_view_command,
    modes,
    owners,
    play_command,
    propose_command,
    responses,
    self_test_commands,
    state_messages,
)
from agent.core.effects import Effect, Leave, Say, ToVision, WriteHealth
from agent.core.engine_inputs import (
    FromCamera,
    FromClassifier,
    FromProposals,
    FromSelfTest,
    FromSpeaker,
    FromStore,
    FromVerdicts,
    FromVision,
)
from agent.core.event_label import MotionClassified
from agent.core.health import agent_health, agent_status, camera_health, state_words
from agent.core.last_error import cured, fault
from agent.core.liveness import watch_judging
from agent.core.loudness import SoundHeard
from agent.core.messages import (
    AudioState,
    BeepDone,
    BrokerDown,
    BrokerUp,
    CameraState,
    ClipClosed,
    ClipOpened,
    ClipRefused,
    EventMarked,
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
    StoreRepaired,
    StoreState,
)
from agent.core.orders import EchoCame, LimitPictures
from agent.core.owner_answers import MomentExplained, ProposalMade, SoundDone
from agent.core.problem import by_id
from agent.core.problems import agent_problems
from agent.core.self_test_stages import CameraDiscarded, EchoWanted, SelfTestSaid, SelfTestWanted
from agent.core.state import (
    AgentNow,
    CameraNow,
    Gauges,
    HostFigures,
    Now,
    Setup,
    Stopped,
    Stopping,
    Tick,
)
from agent.core.trusted_clock import TrustedClock
from schemas.events import MotionEvent
from schemas.messages import state as state_message
from schemas.modes import StoredModes
from schemas.settings import AgentSettings, StoredSettings

Step = tuple[AgentNow, list[Effect]]

#: Seconds between two health messages; a problem that comes or goes sends one immediately.
HEALTH_EVERY = 60.0
#: Neither schedules nor snoozes of an earlier process.
NOTHING_KEPT = StoredModes()
#: The line that says `still alive`.
ALIVE_EVERY = 300.0

#: Of the broker's messages the engine gets what the router made of them.
Input = (
    FromCamera
    | FromVision
    | FromStore
    | FromSpeaker
    | FromClassifier
    | FromVerdicts
    | FromProposals
    | FromSelfTest
    | BrokerUp
    | BrokerDown
    | HaOnline
    | Parsed
    | Refused
    | EchoCame
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
    *,
    kept: StoredModes = NOTHING_KEPT,
    synchronised: bool = True,
) -> Step:
    """The state at start: configuration, then what commands changed, counts that go on.

    Events that a killed process left open (`open_events`: their starts) are ended, so that nobody
    waits for their end. For those in `recordings` the result of the clip was reported before.
    `kept` is what schedules set, and the snoozes; `synchronised`: the kernel calls the clock right.
    """
    effects: list[Effect] = []
    cameras: dict[str, CameraNow] = {}
    for camera in setup.cameras:
        begun = cameras_.begun(camera, setup.topics, stored, kept, last_seq, now)
        cameras[camera.camera_id], said = begun
        effects += said
    agent = {n: v for n, v in stored.agent.items() if n in AgentSettings.model_fields}
    values = {name: value.value for name, value in agent.items()}
    try:
        settings_now = AgentSettings.model_validate({**setup.agent_base.model_dump(), **values})
    except ValueError as error:
        settings_now, agent = setup.agent_base, {}
        effects.append(Say("WARNING", f"agent: stored settings do not fit any more: {error}"))
    now_state = AgentNow(
        setup=setup,
        cameras=cameras,
        settings=settings_now,
        stored=agent,
        recordings=recordings,
        clock=TrustedClock(always=setup.trust_clock),
        gauges=Gauges(host=HostFigures(clock_synchronised=synchronised)),
        saved_modes=kept,
    )
    now_state = cameras_.with_absent(now_state, stored, kept)
    now_state, switched = modes.look(now_state, now)
    effects += switched
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
        case SoundHeard():
            return events.sound_heard(now_state, cause)
        case PictureTaken():
            return events.picture_taken(now_state, cause, now)
        case PictureRefused():
            return events.picture_refused(now_state, cause, now)
        case ClipOpened() | ClipClosed() | ClipRefused():
            return clip_events.clip(now_state, cause, now)
        case CameraState() | RecordingLink():
            return _then_health(events.link(now_state, cause, now), now)
        case RecordingSaved() | RecordingFailed():
            return clip_events.recording(now_state, cause, now)
        case StoreState():
            return _then_health(owners.store_state(now_state, cause, now), now)
        case StoreRepaired() | StoreAnchored():
            return owners.store_told(now_state, cause, now)
        case EventMarked():
            return commands.event_marked(now_state, cause, now)
        case ProposalMade():
            return propose_command.proposal_made(now_state, cause)
        case MomentExplained():
            return explain_command.moment_explained(now_state, cause, now)
        case SelfTestSaid() | EchoWanted() | EchoCame() | CameraDiscarded() | SelfTestWanted():
            return self_test_commands.step(now_state, cause, now)
        case AudioState():
            return _then_health(owners.audio_state(now_state, cause, now), now)
        case BeepDone() | SoundDone():
            return play_command.done(now_state, cause, now)
        case BrokerUp() | BrokerDown() | HaOnline():
            return _broker(now_state, cause, now)
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
            return _then_health(responses.give_up(last, now), now)


def _stopping(now_state: AgentNow, now: Now) -> Step:
    now_state, saved = commands.save_late(now_state, now, at_once=True)
    return now_state, [*saved, Leave(again=False)]


def _tick(now_state: AgentNow, cause: Tick, now: Now) -> Step:
    now_state = watch_judging(replace(now_state, gauges=cause.gauges), now)
    now_state, effects = modes.look(now_state, now)
    for look in (
        events.clear_late,
        classified.expire,
        live_view_command.expire,
        self_test_commands.tick,
    ):
        now_state, said = look(now_state, now)
        effects += said
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
    if now_state.alive_at is None or now.at - now_state.alive_at >= ALIVE_EVERY:
        effects += [] if now_state.alive_at is None else [state_messages.still_alive(now_state)]
        now_state = replace(now_state, alive_at=now.at)
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


def _broker(now_state: AgentNow, cause: BrokerUp | BrokerDown | HaOnline, now: Now) -> Step:
    match cause:
        case BrokerUp():
            return _broker_up(now_state, cause, now)
        case BrokerDown():
            return _broker_down(now_state, cause, now)
        case HaOnline():
            return replace(now_state, announce_at=now.at + now_state.setup.birth_delay), []


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
