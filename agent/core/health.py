"""How the agent and its cameras are: problems as codes, one word of status, all counters."""

from __future__ import annotations

from collections.abc import Collection

from agent.core import privacy_mode
from agent.core.messages import CameraCode
from agent.core.problem import Kind, Problem, by_code, by_id
from agent.core.problems import agent_problems, camera_problems
from agent.core.state import AgentNow, CameraNow, Now
from agent.core.stats import CameraStats, ClassifyStats, VisionStats
from agent.core.time_allowance import Costs
from schemas.settings import CameraSettings, allowed_text, setting_names
from schemas.state import (
    AgentHealth,
    AgentInfo,
    AudioHealth,
    CameraHealth,
    ClassifyHealth,
    DescriptorHealth,
    Health,
    MailboxHealth,
    MqttHealth,
    RecordingStreamHealth,
    SightHealth,
    StorageHealth,
)
from schemas.topics import OPERATIONS

#: Counters of the camera's session that health shows under the same name.
_LINK_COUNTERS = (
    "fragments",
    "fragments_lost",
    "fragments_repeated",
    "fragments_reordered",
    "datagrams_bad",
    "datagrams_foreign",
    "datagrams_short",
)


def camera_health(state: AgentNow, camera: CameraNow, now: Now) -> CameraHealth:
    """`<C>/health`."""
    stats = state.gauges.cameras.get(camera.camera_id, CameraStats())
    recording = state.gauges.recording.get(camera.camera_id, CameraStats())
    vision = state.gauges.vision.get(camera.camera_id, VisionStats())
    costs = state.gauges.costs.get(camera.camera_id, Costs())
    problems = camera_problems(state, camera)
    link, why = _link(camera, vision.problem)
    age = None if stats.last_frame_at is None else max(0.0, now.at - stats.last_frame_at)
    return CameraHealth(
        status=_status(problems),
        problems=list(by_code(problems)),
        reasons=by_code(problems),
        ts=now.utc,
        state=link.value,
        state_reason=why,
        state_since=camera.link_utc or state.setup.started_utc,
        session_log=camera.session_log,
        fps=round(stats.fps, 1),
        width=vision.width,
        height=vision.height,
        last_frame_age_s=None if age is None else round(age, 1),
        armed=camera.settings.armed,
        privacy=camera.settings.privacy,
        frames=stats.frames,
        frames_judged=vision.judged,
        frames_damaged=stats.frames_damaged + vision.damaged,
        sound_damaged=stats.sound_damaged + recording.sound_damaged,
        sound_level_dbfs=_rounded(vision.sound_level, 1),
        sound_background_dbfs=_rounded(vision.sound_background, 1),
        frames_dropped=state.gauges.mailboxes.get(f"{camera.camera_id}.frames", (0, 0))[1],
        frames_refused=costs.refused,
        pictures_reduced=costs.reduced,
        **{name: getattr(stats, name) for name in _LINK_COUNTERS},
        reconnects=stats.reconnects,
        failed_attempts=camera.failed_attempts,
        needs_power_cycle=camera.needs_power_cycle,
        events=camera.events,
        events_suppressed=camera.suppressed,
        last_suppressed=camera.last_suppressed,
        recordings_saved=camera.saved,
        recordings_failed=camera.failed,
        clips_truncated=vision.clips_truncated,
        preroll_dropped=vision.preroll_dropped,
        last_motion=camera.last_motion_utc,
        recorded_as=camera.setup.recorded_as,
        recording_stream=recording_stream_health(state, camera),
        detector_ms=round(vision.cpu_per_judged * 1000, 2),
        sight=sight_health(vision),
        settings=camera.provenance(),
    )


def _link(camera: CameraNow, blind: str) -> tuple[CameraCode, str]:
    """Where the session stands, and why; `blind`: why nothing is judged."""
    link = camera.link
    if privacy_mode.shut(camera):
        closed = link is not None and link.code is CameraCode.PRIVATE
        return CameraCode.PRIVATE, privacy_mode.REFUSAL if closed else "the session is being closed"
    if link is None:
        return CameraCode.CONNECTING, blind or "starting"
    return link.code, blind or link.reason


def _status(problems: Collection[Problem]) -> Health:
    """Of one camera."""
    if not problems:
        return "ok"
    return "degraded" if all(it.bearable for it in problems) else "error"


def recording_stream_health(state: AgentNow, camera: CameraNow) -> RecordingStreamHealth | None:
    """The camera's second session; None: it has none."""
    link = camera.recording_link
    if link is None:
        return None
    stats = state.gauges.recording.get(camera.camera_id, CameraStats())
    vision = state.gauges.vision.get(camera.camera_id, VisionStats())
    return RecordingStreamHealth(
        state=link.code.value,
        state_reason=link.reason,
        state_since=camera.recording_link_utc or state.setup.started_utc,
        fps=round(stats.fps, 1),
        frames=stats.frames,
        reconnects=stats.reconnects,
        clips_without=vision.clips_replaced,
    )


def sight_health(vision: VisionStats) -> SightHealth:
    """How well a camera sees."""
    sight = vision.sight
    return SightHealth(
        light=None if sight.night is None else "night" if sight.night else "day",
        brightness_pct=sight.brightness,
        light_changed=vision.light_changed,
        frozen=sight.frozen,
        dark=sight.dark,
        blurred=sight.blurred,
        shifted=sight.shifted,
        shift_pct=sight.shift,
    )


def agent_status(state: AgentNow, problems: Collection[Problem]) -> Health:
    """`error` when no camera is usable, `degraded` when something is wrong, else `ok`.

    A machine without a speaker is not ill: audio problems alone leave the status `ok`. Nor is one
    whose cameras are away while nobody wants them to watch: disarmed, they may be unplugged.
    """
    enabled = [
        c
        for c in state.cameras.values()
        if not (c.link and c.link.code == "disabled") and not c.settings.privacy
    ]
    if enabled and not any(c.live for c in enabled):
        connecting = all(c.link is None or c.link.code is CameraCode.CONNECTING for c in enabled)
        wanted = any(c.settings.armed for c in enabled)
        return "error" if wanted and not connecting else "degraded"
    return "degraded" if any(it.kind is not Kind.AUDIO for it in problems) else "ok"


def state_words(state: AgentNow) -> tuple[str, ...]:
    """Where the owners stand, as health says it: a change must not wait for the next minute."""
    links = [link for c in state.cameras.values() for link in (c.link, c.recording_link)]
    cameras = [link.code.value if link else "" for link in links]
    store = state.store.code.value if state.store else ""
    private = [str(c.settings.privacy) for c in state.cameras.values()]
    return (*cameras, *private, store, state.audio.code if state.audio else "")


def agent_health(state: AgentNow, now: Now) -> AgentHealth:
    """`<A>/health`."""
    gauges, store, audio = state.gauges, state.store, state.audio
    problems = agent_problems(state, now.at)
    return AgentHealth(
        status=agent_status(state, problems),
        problems=list(by_id(problems)),
        reasons=by_id(problems),
        ts=now.utc,
        started_at=state.setup.started_utc,
        version=state.setup.version,
        storage=StorageHealth(
            state=store.code.value if store else "starting",
            reason=store.reason if store else "",
            free_mib=_rounded(store.free_mib if store else None, 0),
            used_pct=_rounded(store.used_percent if store else None, 1),
            stored_mib=_rounded(store.stored_mib if store else None, 0),
            days_left=None if store is None or store.days_left is None else int(store.days_left),
            repairs=state.repairs,
            spool_records=gauges.store.spool_records,
            spool_kib=gauges.store.spool_bytes // 1024,
            lost_events=gauges.store.lost_events,
            lost_records=gauges.store.lost_records,
        ),
        mqtt=_mqtt(state),
        audio=AudioHealth(
            state=audio.code if audio else "starting",
            reason=audio.reason if audio else "",
            beeps=state.beeps,
            sounds=state.sounds,
            sounds_failed=state.sounds_failed,
        ),
        classify=_classify(gauges.classify),
        mailboxes={
            name: MailboxHealth(depth=depth, dropped=dropped)
            for name, (depth, dropped) in sorted(gauges.mailboxes.items())
        },
        restarts={name: count for name, count in gauges.restarts.items() if count},
        commands_refused=state.refused,
        verdicts_lost=gauges.verdicts_lost,
        memory_mib=_rounded(gauges.host.memory_mib, 0),
        cpu_temp_c=_rounded(gauges.host.cpu_temp_c, 0),
        load1=_rounded(gauges.host.load1, 1),
        descriptors=DescriptorHealth(
            open=gauges.host.descriptors, most=gauges.host.most_descriptors
        ),
        clock_synchronised=gauges.host.clock_synchronised,
    )


def _classify(stats: ClassifyStats | None) -> ClassifyHealth | None:
    """Of the classifier; None: there is none."""
    if stats is None:
        return None
    return ClassifyHealth.model_validate(
        {
            "state": stats.state,
            "reason": stats.reason,
            "model": stats.model,
            "looks": stats.looks,
            "unanswered": stats.unanswered,
            "failures": stats.failures,
            "look_ms": round(1000 * stats.cpu / max(1, stats.looks), 1),
        }
    )


def _mqtt(state: AgentNow) -> MqttHealth:
    stats, trouble = state.gauges.mqtt, state.trouble
    down = "connecting" if trouble is None else trouble.code
    return MqttHealth(
        state="connected" if state.connected else down,
        protocol=state.protocol,
        reconnects=stats.reconnects,
        last_trouble=None if trouble is None else trouble.code,
        last_trouble_reason="" if trouble is None else trouble.reason,
        last_trouble_at=state.trouble_utc,
        dropped=stats.dropped,
        journal_waiting=stats.journal_waiting,
        journal_lost=stats.journal_lost,
        journal_failed=stats.journal_failed,
        home_assistant_waiting=stats.home_waiting,
        home_assistant_lost=stats.home_lost,
    )


def agent_info(state: AgentNow) -> AgentInfo:
    """`<A>/info`."""
    topics = state.setup.topics
    return AgentInfo(
        version=state.setup.version,
        agent=topics.agent_id,
        name=state.setup.name,
        cameras=list(state.cameras),
        topics={name: f"{topics.root}/{name}" for name in sorted(state.cameras)},
        settings={
            name: allowed_text(CameraSettings, name) for name in setting_names(CameraSettings)
        },
        operations=list(OPERATIONS),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
