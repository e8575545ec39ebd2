"""What vision saw, becomes what is said: motion state, events, pictures, the beep."""

from __future__ import annotations

from dataclasses import replace

from agent.core import classified, event_payloads, privacy_mode, responses, state_messages
from agent.core.effects import Effect, Say, ToVision
from agent.core.last_error import cured, fault
from agent.core.loudness import SoundHeard
from agent.core.messages import (
    CameraCode,
    CameraState,
    EndReason,
    FrameScored,
    MotionEnded,
    MotionPicture,
    MotionStarted,
    MotionSuppressed,
    PictureReason,
    PictureRefused,
    PictureTaken,
    RecordingLink,
)
from agent.core.orders import Beep, CameraWent
from agent.core.setting_messages import camera_availability, no_live_picture
from agent.core.state import AgentNow, CameraNow, MotionNow, Now, Picture
from schemas.commands import CommandError
from schemas.events import MotionEvent
from schemas.messages import Publish, Record, state
from schemas.state import PictureMeta

Step = tuple[AgentNow, list[Effect]]

#: Not worth a warning: the beginning, the aim, and what somebody wants.
_WELL = frozenset({CameraCode.CONNECTING, CameraCode.LIVE, CameraCode.DISABLED, CameraCode.PRIVATE})
#: Of these, somebody wants it so: what failed before is over.
_WANTED = frozenset({CameraCode.DISABLED, CameraCode.PRIVATE})
#: Seconds between two better pictures of an event that goes on: each one is a row of the recorder.
BETTER_EVERY = 5.0
#: The motion is over, and its cause may come again immediately: the state is held on a while.
_QUIETLY = frozenset({EndReason.CLEARED, EndReason.RESTLESS, EndReason.TOO_LONG})


def motion_started(now_state: AgentNow, cause: MotionStarted, now: Now) -> Step:
    """Motion ON, the event's first message, the beep: what somebody waits for, and nothing else."""
    camera = now_state.cameras[cause.camera]
    event = event_payloads.motion_started(now_state, camera, cause)
    why = event_payloads.sentence(cause.detection)
    recorded = cause.recorded and _store_wanted(now_state)
    motion = MotionNow(cause.event_id, cause.utc, cause.detection, cause.detection, recorded)
    camera = replace(
        camera,
        motion=motion,
        motion_shown=True,
        motion_off_at=None,
        motion_seq=event.seq,
        events=camera.events + 1,
        last_motion_utc=cause.utc,
    )
    camera, unnamed = classified.begun(camera, cause.event_id, cause.detection, now)
    now_state, beep = _beep_on_motion(now_state.with_camera(camera), camera, now)
    effects: list[Effect] = [
        state_messages.motion_state(camera),
        classified.motion_record(camera, event),
        *beep,
        state_messages.recording_state(camera),
        Say("INFO", f"camera {cause.camera}: motion {cause.event_id}: {why}"),
        *unnamed,
    ]
    return now_state, effects


def motion_picture(now_state: AgentNow, cause: MotionPicture) -> Step:
    """The running event's picture; with the first one everything else that describes the event.

    Better ones are said at most each `BETTER_EVERY` seconds, and the best one at the event's end.
    """
    camera = now_state.cameras[cause.camera]
    if camera.motion is None or camera.motion.event_id != cause.event_id:
        return now_state, []
    if camera.settings.privacy:
        return now_state, []  # made before privacy mode was switched on
    camera = replace(
        camera,
        motion=replace(camera.motion, detection=cause.detection, peak=cause.detection),
        motion_picture=_picture(cause),
        delta=cause.delta or camera.delta,
    )
    said_at, first = camera.picture_said_at, cause.delta is not None
    due = first or said_at is None or cause.at - said_at >= BETTER_EVERY
    camera = replace(camera, picture_said_at=cause.at if due else said_at, picture_waits=not due)
    effects = _show_motion_picture(now_state, camera) if due else []
    if first:
        effects += state_messages.delta(now_state, camera)
        effects.append(_attributes(camera))
    return now_state.with_camera(camera), effects


def motion_ended(now_state: AgentNow, cause: MotionEnded, now: Now) -> Step:
    """The event's last message; motion OFF now or after `clear_delay`."""
    camera = now_state.cameras[cause.camera]
    named = classified.named_of(camera, cause.event_id)
    event = event_payloads.motion_ended(now_state, camera, cause, named)
    camera, gone = classified.ended(camera, cause)
    if camera.picture_waits:
        gone = [*gone, *_show_motion_picture(now_state, camera)]
        camera = replace(camera, picture_waits=False)
    words = (
        f"camera {cause.camera}: motion {cause.event_id} ended after {cause.duration:.1f} s"
        f" ({cause.reason.value}), peak {cause.peak.score:.3f} %, {cause.frames} frames"
    )
    if camera.motion is not None and camera.motion.event_id != cause.event_id:
        # of a thread that hung while its camera was replaced: another event runs, and goes on
        camera = replace(camera, motion_seq=event.seq)
        told: list[Effect] = [classified.motion_record(camera, event), *gone, Say("INFO", words)]
        return now_state.with_camera(camera), told
    keep_on = cause.reason in _QUIETLY and camera.settings.clear_delay > 0
    if camera.motion is not None:
        camera = replace(
            camera,
            motion=replace(camera.motion, detection=cause.detection, peak=cause.peak),
        )
    camera = replace(camera, attributes=event_payloads.motion_attributes(camera, ended=cause.utc))
    camera = replace(
        camera,
        motion=None,
        motion_seq=event.seq,
        motion_shown=keep_on,
        motion_off_at=now.at + camera.settings.clear_delay if keep_on else None,
    )
    effects: list[Effect] = [
        state_messages.motion_state(camera),
        classified.motion_record(camera, event),
        _attributes(camera),
        *gone,
        state_messages.recording_state(camera),
        Say("INFO", words),
    ]
    if not camera.live:  # deferred until the event's end, with any reason for the end
        effects.append(camera_availability(camera))
    return now_state.with_camera(camera), effects


def motion_interrupted(now_state: AgentNow, started: MotionEvent, now: Now) -> Step:
    """The end of an event that a killed process left open: when it came, nobody saw."""
    camera = now_state.cameras[started.camera]
    event = event_payloads.motion_interrupted(camera, started, now)
    effects: list[Effect] = [
        classified.motion_record(camera, event),
        Say("INFO", f"camera {camera.camera_id}: motion {event.id} was cut by the agent's end"),
    ]
    return now_state.with_camera(replace(camera, motion_seq=event.seq)), effects


def motion_suppressed(now_state: AgentNow, cause: MotionSuppressed) -> Step:
    """Something changed, a rule said no: counted and said, with the reason."""
    camera = now_state.cameras[cause.camera]
    event = event_payloads.motion_suppressed(now_state, camera, cause)
    why = event_payloads.sentence(cause.detection)
    camera = replace(
        camera,
        motion_seq=event.seq,
        suppressed=camera.suppressed + 1,
        last_suppressed=why,
    )
    effects: list[Effect] = [
        classified.motion_record(camera, event),
        Say("INFO", f"camera {cause.camera}: suppressed: {why}"),
    ]
    return now_state.with_camera(camera), effects


def sound_heard(now_state: AgentNow, cause: SoundHeard) -> Step:
    """The camera's sound was loud; said with what decided."""
    camera = now_state.cameras[cause.camera]
    event = event_payloads.sound_event(now_state, camera, cause)
    publish = Publish(camera.topics.event_sound, event.to_json(), qos=1)
    record = Record(camera.camera_id, "sound", event.seq, publish, camera.topics.ha_sound)
    words = f"camera {cause.camera}: sound: {event.explanation.text}"
    return now_state.with_camera(replace(camera, sound_seq=event.seq)), [record, Say("INFO", words)]


def frame_scored(now_state: AgentNow, cause: FrameScored) -> Step:
    """A judged frame's score; an old one is worth nothing, so QoS 0."""
    topic = now_state.cameras[cause.camera].topics.score
    return now_state, [Publish(topic, event_payloads.frame_score(cause).to_json(), qos=0)]


def clear_late(now_state: AgentNow, now: Now) -> Step:
    """Motion OFF where `clear_delay` has passed."""
    effects: list[Effect] = []
    for camera in now_state.cameras.values():
        if camera.motion_off_at is not None and now.at >= camera.motion_off_at:
            off = replace(camera, motion_shown=False, motion_off_at=None)
            now_state = now_state.with_camera(off)
            effects.append(state_messages.motion_state(off))
    return now_state, effects


def picture_taken(now_state: AgentNow, cause: PictureTaken, now: Now) -> Step:
    """Publishes a snapshot, overlay or heat map, and answers the request for it."""
    meta = PictureMeta(
        id=cause.picture_id,
        captured_at=cause.utc,
        reason=cause.reason.value,
        width=cause.width,
        height=cause.height,
        bytes=len(cause.jpeg),
        request_id=cause.request,
    )
    camera, shown = now_state.cameras[cause.camera], Picture(meta, cause.jpeg)
    topics = camera.topics
    if camera.settings.privacy:
        return _while_private(now_state, camera, cause, shown, now)
    match cause.reason:
        case PictureReason.PRIVACY:
            return now_state, []  # it is over already
        case PictureReason.LIVE:
            return now_state, state_messages.live_picture(now_state, camera, shown)
        case PictureReason.OVERLAY:
            camera = replace(camera, overlay=shown)
            place, meta_place = topics.overlay, topics.overlay_meta
        case PictureReason.HEATMAP:
            camera = replace(camera, heatmap=shown)
            place, meta_place = topics.heatmap, topics.heatmap_meta
        case _:
            camera = replace(camera, snapshot=shown)
            place, meta_place = topics.snapshot, topics.snapshot_meta
    now_state = now_state.with_camera(camera)
    effects = state_messages.picture(now_state, place, meta_place, shown)
    data = meta.model_dump(mode="json")
    now_state, answers = responses.finish(now_state, cause.request, now, data=data)
    # who fetches the retained picture after the answer gets this one
    effects += [replace(it, after=place) if isinstance(it, Publish) else it for it in answers]
    return now_state, effects


def _while_private(
    now_state: AgentNow, camera: CameraNow, cause: PictureTaken, shown: Picture, now: Now
) -> Step:
    """The grey card instead of all pictures; one of before is shown to nobody."""
    if cause.reason is not PictureReason.PRIVACY:
        error = CommandError(code="camera_unavailable", message=privacy_mode.REFUSAL)
        return responses.finish(now_state, cause.request, now, error=error)
    camera = replace(
        camera,
        snapshot=shown,
        overlay=shown,
        heatmap=shown,
        motion_picture=shown,
        delta=cause.delta,
    )
    return now_state.with_camera(camera), state_messages.pictures(now_state, camera)


def picture_refused(now_state: AgentNow, cause: PictureRefused, now: Now) -> Step:
    """Answers the request for a picture: why there is none."""
    error = CommandError(code="camera_unavailable", message=cause.message)
    return responses.finish(now_state, cause.request, now, error=error)


def link(now_state: AgentNow, cause: CameraState | RecordingLink, now: Now) -> Step:
    """A session, of the judged or of the recording stream, came or went."""
    if isinstance(cause, CameraState):
        return _camera_state(now_state, cause, now)
    return _recording_link(now_state, cause, now)


def _camera_state(now_state: AgentNow, cause: CameraState, now: Now) -> Step:
    """The session came or went; `offline` follows the end of an event that it cut."""
    camera = now_state.cameras[cause.camera]
    was_live, before = camera.live, camera.link
    # since when: of the first word about it, not of its repetition
    since = camera.link_utc if before is not None and before.code is cause.code else now.utc
    camera = replace(
        camera,
        link=cause,
        link_utc=since,
        session_log=cause.log or camera.session_log,
        failed_attempts=_failed_attempts(camera, cause),
    )
    now_state = now_state.with_camera(camera)
    effects: list[Effect] = []
    if before is None or before.code is not cause.code:
        level = "INFO" if cause.code in _WELL else "WARNING"
        words = f"camera {cause.camera}: {cause.code.value}: {cause.reason}"
        effects.append(Say(level, words))
    if was_live and not camera.live:
        effects.append(ToVision(cause.camera, CameraWent(cause.session)))
        effects += no_live_picture(camera)
    if camera.motion is None or camera.live:
        effects.append(camera_availability(camera))
    if camera.live or cause.code in _WANTED:
        now_state, said = cured(now_state, "camera", now, cause.camera)
    elif cause.code in _WELL:
        said = []
    else:
        words = f"camera {cause.camera}: {cause.reason}"
        code = f"camera_{cause.code.value}"
        now_state, said = fault(now_state, "camera", code, words, now, cause.camera)
    return now_state, effects + said


def _recording_link(now_state: AgentNow, cause: RecordingLink, now: Now) -> Step:
    """The recording stream came or went; clips go on without it, so it is a problem of health."""
    camera, link = now_state.cameras[cause.camera], cause.state
    before = camera.recording_link
    if before is not None and before.code is link.code:
        return now_state.with_camera(replace(camera, recording_link=link)), []
    camera = replace(camera, recording_link=link, recording_link_utc=now.utc)
    level = "INFO" if link.code in _WELL else "WARNING"
    words = f"camera {cause.camera}: recording stream: {link.code.value}: {link.reason}"
    return now_state.with_camera(camera), [Say(level, words)]


def _failed_attempts(camera: CameraNow, cause: CameraState) -> int:
    """In a row, until frames come; what power cannot cure is no case for the plug.

    Only silence and refusal to connect count: neither a refusal (password, path, kind of answer)
    does, nor any other answer, nor a name that does not resolve.
    """
    if cause.code in {CameraCode.LIVE, CameraCode.PRIVATE}:
        return 0
    refused = cause.code is CameraCode.REFUSED
    failed = cause.retry_in is not None and cause.found and not (refused or cause.answers)
    return camera.failed_attempts + int(failed)


def _attributes(camera: CameraNow) -> Publish:
    return state(
        camera.topics.motion_attributes, event_payloads.motion_attributes(camera).to_json()
    )


def _picture(cause: MotionPicture) -> Picture:
    meta = PictureMeta(
        id=f"{cause.event_id}-{cause.detection.seq}",
        captured_at=cause.utc,
        reason="motion",
        motion_id=cause.event_id,
        width=cause.width,
        height=cause.height,
        bytes=len(cause.picture),
    )
    return Picture(meta, cause.picture)


def _show_motion_picture(now_state: AgentNow, camera: CameraNow) -> list[Effect]:
    topics = camera.topics
    if camera.motion_picture is None:
        return []
    shown = camera.motion_picture
    return state_messages.picture(now_state, topics.motion_image, topics.motion_image_meta, shown)


def _beep_on_motion(now_state: AgentNow, camera: CameraNow, now: Now) -> Step:
    wanted = (
        now_state.settings.beep_enabled and camera.settings.beep_on_motion and camera.snooze is None
    )
    if not wanted or now.at - now_state.beep_at < now_state.setup.beep_cooldown:
        return now_state, []
    return replace(now_state, beep_at=now.at), [Beep(None, camera.camera_id)]


def _store_wanted(now_state: AgentNow) -> bool:
    return now_state.store is None or now_state.store.code != "not_configured"
