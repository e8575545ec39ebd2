"""What becomes of clips, as it is said: begun, refused, ended, saved or lost."""

from __future__ import annotations

from dataclasses import replace

from agent.core import event_payloads, responses, state_messages
from agent.core.effects import Effect, Say, ToVision
from agent.core.last_error import fault
from agent.core.messages import (
    ClipClosed,
    ClipOpened,
    ClipRefused,
    RecordingFailed,
    RecordingSaved,
)
from agent.core.orders import CloseClip
from agent.core.state import AgentNow, CameraNow, Now
from schemas.commands import CommandError
from schemas.events import RecordingEvent
from schemas.messages import Publish, Record

Step = tuple[AgentNow, list[Effect]]

#: Recordings whose end was reported, and that are remembered.
RECORDINGS = 1000


def clip(now_state: AgentNow, cause: ClipOpened | ClipClosed | ClipRefused, now: Now) -> Step:
    """What became of a clip that vision was to open or to close."""
    match cause:
        case ClipOpened():
            return clip_opened(now_state, cause, now)
        case ClipClosed():
            return clip_closed(now_state, cause)
        case ClipRefused():
            return clip_refused(now_state, cause, now)


def clip_opened(now_state: AgentNow, cause: ClipOpened, now: Now) -> Step:
    """A clip on demand runs: recording ON, and the answer has its id."""
    camera = replace(now_state.cameras[cause.camera], clip=cause.event_id)
    now_state = now_state.with_camera(camera)
    effects: list[Effect] = [
        state_messages.recording_state(camera),
        Say("INFO", f"camera {cause.camera}: clip {cause.event_id} is recorded on demand"),
    ]
    data = {"id": cause.event_id}
    now_state, answers = responses.finish(now_state, cause.request, now, data=data)
    return now_state, effects + answers


def clip_closed(now_state: AgentNow, cause: ClipClosed) -> Step:
    """A clip on demand is complete; late messages of an earlier clip do not end a running one."""
    camera = now_state.cameras[cause.camera]
    if camera.clip != cause.event_id:
        return now_state, []
    camera = replace(camera, clip=None)
    return now_state.with_camera(camera), [state_messages.recording_state(camera)]


def clip_refused(now_state: AgentNow, cause: ClipRefused, now: Now) -> Step:
    """Answers the request for a clip: why there is none."""
    error = CommandError(code="busy", message=cause.message)
    return responses.finish(now_state, cause.request, now, error=error)


def recording(now_state: AgentNow, cause: RecordingSaved | RecordingFailed, now: Now) -> Step:
    """A clip is safe, or lost: said once, by the journal; a later word is not told."""
    camera = now_state.cameras.get(cause.camera)
    if cause.event_id in now_state.recordings:
        words = f"camera {cause.camera}: clip {cause.event_id}: told before, not told again"
        return now_state, [Say("INFO", words)]
    told = (*now_state.recordings, cause.event_id)[-RECORDINGS:]
    now_state = replace(now_state, recordings=told)
    if camera is None:  # a clip of a camera that the configuration no longer names
        words = f"camera {cause.camera}: clip {cause.event_id} of an earlier configuration"
        return now_state, [Say("INFO", words)]
    event = event_payloads.recording_event(now_state, camera, cause, now)
    saved = isinstance(cause, RecordingSaved)
    camera = replace(
        camera,
        recording_seq=event.seq,
        saved=camera.saved + int(saved),
        failed=camera.failed + int(not saved),
        last_saved=cause if isinstance(cause, RecordingSaved) else camera.last_saved,
        last_clip=event,
    )
    now_state = now_state.with_camera(camera)
    effects: list[Effect] = [recording_record(camera, event), *state_messages.last_clip(camera)]
    if not saved:
        now_state, said = _no_longer_recorded(now_state, camera, cause.event_id)
        effects += said
    if isinstance(cause, RecordingFailed):
        words = f"camera {cause.camera}: clip {cause.event_id} lost: {cause.message}"
        now_state, said = fault(now_state, "storage", cause.code, words, now)
        return now_state, [*effects, *said, Say("ERROR", words)]
    words = f"camera {cause.camera}: clip {cause.event_id} stored as {cause.path}"
    return now_state, [*effects, Say("INFO", words)]


def _no_longer_recorded(now_state: AgentNow, camera: CameraNow, event_id: str) -> Step:
    """The running event's clip, or the one on demand, is lost: another one can be recorded now."""
    motion = camera.motion
    if camera.clip == event_id:
        camera = replace(camera, clip=None)
    elif motion is not None and motion.event_id == event_id:
        camera = replace(camera, motion=replace(motion, recorded=False))
    else:
        return now_state, []
    order = ToVision(camera.camera_id, CloseClip(event_id))
    return now_state.with_camera(camera), [order, state_messages.recording_state(camera)]


def recording_record(camera: CameraNow, event: RecordingEvent) -> Record:
    """A recording event for the journal."""
    publish = Publish(camera.topics.event_recording, event.to_json(), qos=1)
    return Record(camera.camera_id, "recording", event.seq, publish, camera.topics.ha_recording)
