"""Events and what is known of them, as payloads. Pure builders, named by nouns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.core.event_label import Label, Named
from agent.core.loudness import SoundHeard
from agent.core.messages import (
    Detection,
    EndReason,
    FrameScored,
    MotionEnded,
    MotionStarted,
    MotionSuppressed,
    Reason,
    RecordingFailed,
    RecordingSaved,
    ZoneStay,
)
from agent.core.state import AgentNow, CameraNow, Now
from schemas.events import (
    Explanation,
    MotionEvent,
    ObjectName,
    RecordingEvent,
    SoundEvent,
    SoundExplanation,
)
from schemas.frames import FrameScore
from schemas.state import MotionAttributes


def explanation(detection: Detection, named: Named | None = None) -> Explanation:
    """The figures that decided, what the classifier says it was, and the same as a sentence."""
    return Explanation(
        rule=detection.reason.value,
        profile=detection.profile,
        changed_pixels=detection.changed_pixels,
        changed_percent=round(detection.score, 4),
        unmasked_pixels=detection.unmasked_pixels,
        pixel_threshold=detection.pixel_threshold,
        min_changed=detection.min_changed,
        max_changed=detection.max_changed,
        zone=detection.zone,
        inside_s=None if detection.stay is None else round(detection.stay.seconds, 2),
        dwell_s=None if detection.stay is None else detection.stay.dwell,
        came_from=None if detection.stay is None else detection.stay.came_from,
        largest_percent=_rounded(detection.largest),
        noise=_rounded(detection.noise),
        limit=_rounded(detection.limit),
        gain=_rounded(detection.gain),
        offset=_rounded(detection.offset),
        shift=detection.shift,
        named=None if named is None else ObjectName.model_validate(named.fields()),
        text=sentence(detection, named),
    )


def sentence(detection: Detection, named: Named | None = None) -> str:
    """Why this was or was not motion, and what it was, for people."""
    stay = "" if detection.stay is None else f"; {_staying(detection.stay, detection.reason)}"
    return _why(detection) + stay + ("" if named is None else f"; {_what(named)}")


def _staying(stay: ZoneStay, reason: Reason) -> str:
    """What the zone asks for in addition to motion, and how far it is."""
    if reason is Reason.DIRECTION:
        if stay.came_from is None:
            return "motion in a watched zone alone is no event"
        return f"it did not come from zone {stay.came_from}, so it does not count"
    came = "" if stay.came_from is None else f", from zone {stay.came_from}"
    if stay.dwell is None:
        return f"inside for {stay.seconds:.1f} s{came}"
    late = ", so it does not count yet" if reason is Reason.DWELL else ""
    return f"inside for {stay.seconds:.1f} of {stay.dwell:g} s{came}{late}"


def _what(named: Named) -> str:
    if named.label is Label.UNKNOWN:
        return f"{named.model} does not know what it was"
    return f"{named.model} calls it {named.sub_label} (score {named.top_score or 0.0:.2f})"


def _why(detection: Detection) -> str:
    limit = detection.limit
    threshold = detection.pixel_threshold if limit is None else round(limit, 1)
    figures = (
        f"{'' if detection.zone is None else f'zone {detection.zone}: '}"
        f"{detection.changed_pixels} of {detection.unmasked_pixels} pixels"
        f" ({detection.score:.3f} %) changed by more than {threshold} grey levels"
    )
    if limit is not None:
        return f"{figures}{_robust_reason(detection)}"
    most = 100.0 if detection.max_changed is None else detection.max_changed
    if detection.reason is Reason.TOO_MUCH:
        return f"{figures}: not below max_changed {most:g} %, so no motion"
    limits = f"{detection.min_changed:g} % and {most:g} %"
    if detection.reason in {Reason.MOTION, Reason.DWELL, Reason.DIRECTION}:
        return f"{figures}: between {limits}"
    return f"{figures}: not between {limits}"


def _robust_reason(detection: Detection) -> str:
    """The end of the sentence for profile robust, which decides by blobs, not by the whole area."""
    match detection.reason:
        case Reason.MOTION | Reason.DWELL | Reason.DIRECTION:
            why = f", the largest part {detection.largest or 0.0:.3f} %"
        case Reason.LIGHT:
            why = ", but the scene stayed the same: light"
        case Reason.UNCONFIRMED:
            why = ", in one frame only so far"
        case Reason.DAMAGED:
            return ": the frame is torn, so it is not judged"
        case Reason.WARMING_UP:
            return ": the camera's exposure still settles, so it is not judged"
        case Reason.FROZEN:
            return ": the same picture again, so it is not judged"
        case _:
            why = f": no part is new in its place and above {detection.min_changed:g} %"
    gain, offset = detection.gain or 1.0, detection.offset or 0.0
    if (gain, offset) != (1.0, 0.0):
        why += f"; light x{gain:.2f} {offset:+.0f} fitted out"
    x, y = detection.shift or (0, 0)
    if x or y:
        why += f"; moved by {x} and {y} pixels"
    return why


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def motion_started(state: AgentNow, camera: CameraNow, cause: MotionStarted) -> MotionEvent:
    """The event's first message; `seq` is the next one of the camera."""
    common = _common(state, camera, cause, cause.detection)
    return MotionEvent(event_type="motion_started", started_at=cause.utc, **common)


def motion_ended(
    state: AgentNow, camera: CameraNow, cause: MotionEnded, named: Named | None = None
) -> MotionEvent:
    """The event's end; its figures are those of the peak, `named` is its name so far."""
    return MotionEvent(
        event_type="motion_ended",
        started_at=cause.started_utc,
        duration_s=round(cause.duration, 3),
        peak_score=round(cause.peak.score, 4),
        reason=cause.reason.value,
        frames=cause.frames,
        **({} if named is None else named.fields()),
        **_common(state, camera, cause, cause.peak, named),
    )


def motion_classified(
    camera: CameraNow, event_id: str, started: Detection, named: Named, now: Now
) -> MotionEvent:
    """The event has a name, or will have none; the figures are those that started it."""
    return MotionEvent(
        event_type="motion_classified",
        id=event_id,
        seq=camera.motion_seq + 1,
        ts=now.utc,
        camera=camera.camera_id,
        agent=camera.topics.agent.agent_id,
        **named.fields(),
        **_figures(camera, started, named),
    )


def motion_interrupted(camera: CameraNow, started: MotionEvent, now: Now) -> MotionEvent:
    """The end of an event whose start is all that is known: its figures, no peak, no duration."""
    known = {"event_type": "motion_ended", "seq": camera.motion_seq + 1, "ts": now.utc}
    known["snoozed"] = camera.snooze is not None
    return started.model_copy(update={**known, "reason": EndReason.INTERRUPTED.value})


def motion_suppressed(state: AgentNow, camera: CameraNow, cause: MotionSuppressed) -> MotionEvent:
    """Something changed, a rule said no: why."""
    return MotionEvent(
        event_type="motion_suppressed",
        reason=cause.detection.reason.value,
        suppressed_frames=cause.count,
        **_common(state, camera, cause, cause.detection),
    )


def _common(
    state: AgentNow,
    camera: CameraNow,
    cause: MotionStarted | MotionEnded | MotionSuppressed,
    shown: Detection,
    named: Named | None = None,
) -> dict[str, Any]:
    """What all events of vision have; `shown` is the detection that they tell of."""
    return {
        "id": cause.event_id,
        "seq": camera.motion_seq + 1,
        "ts": cause.utc,
        "camera": camera.camera_id,
        "agent": state.setup.topics.agent_id,
        **_figures(camera, shown, named),
        "score": round(cause.detection.score, 4),
    }


def _figures(camera: CameraNow, shown: Detection, named: Named | None) -> dict[str, Any]:
    return {
        "score": round(shown.score, 4),
        "changed_pixels": shown.changed_pixels,
        "threshold": shown.min_changed,
        "box": shown.box,
        "armed": camera.settings.armed,
        "snoozed": camera.snooze is not None,
        "explanation": explanation(shown, named),
    }


def frame_score(cause: FrameScored) -> FrameScore:
    """One judged frame, as it is said for tuning."""
    detection = cause.detection
    return FrameScore(
        ts=cause.utc,
        frame=detection.seq,
        score=round(detection.score, 4),
        changed_pixels=detection.changed_pixels,
        motion=detection.motion,
        reason=detection.reason.value,
        min_changed=round(detection.min_changed, 4),
        max_changed=_rounded(detection.max_changed),
        pixel_threshold=detection.pixel_threshold,
        zone=detection.zone,
        box=detection.box,
    )


def sound_event(state: AgentNow, camera: CameraNow, cause: SoundHeard) -> SoundEvent:
    """A camera's sound was loud."""
    heard, limits = cause.loudness, cause.limits
    goes_on = "" if heard.whole else " and goes on"
    text = (
        f"{heard.level:.0f} dBFS, {heard.level - heard.background:.0f} dB above the background of"
        f" {heard.background:.0f} dBFS, for {heard.duration:.1f} s{goes_on}; an event begins at"
        f" {limits.threshold:.0f} dBFS and {limits.rise:.0f} dB above the background"
    )
    return SoundEvent(
        event_type="sound_heard",
        id=cause.event_id,
        seq=camera.sound_seq + 1,
        ts=cause.utc,
        camera=camera.camera_id,
        agent=state.setup.topics.agent_id,
        snoozed=camera.snooze is not None,
        level=round(heard.level, 1),
        duration_s=round(heard.duration, 1),
        goes_on=not heard.whole,
        suppressed=heard.suppressed,
        explanation=SoundExplanation(
            level=round(heard.level, 1),
            threshold=limits.threshold,
            background=round(heard.background, 1),
            rise=limits.rise,
            duration_s=round(heard.duration, 1),
            text=text,
        ),
    )


def recording_event(
    state: AgentNow,
    camera: CameraNow,
    cause: RecordingSaved | RecordingFailed,
    now: Now,
) -> RecordingEvent:
    """A clip is safe, or permanently lost."""
    saved = cause if isinstance(cause, RecordingSaved) else None
    failed = cause if isinstance(cause, RecordingFailed) else None
    return RecordingEvent(
        event_type="recording_saved" if saved else "recording_failed",
        id=cause.event_id,
        motion_id=None if saved and saved.manual else cause.event_id,
        seq=camera.recording_seq + 1,
        ts=now.utc,
        camera=camera.camera_id,
        agent=state.setup.topics.agent_id,
        snoozed=camera.snooze is not None,
        started_at=saved.started_utc if saved else None,
        duration_s=round(saved.duration, 3) if saved else None,
        path=saved.path if saved else None,
        media_content_id=_media_content_id(state, saved) if saved else None,
        day_file=saved.day_file if saved else None,
        day_position_s=round(saved.day_position, 3) if saved else None,
        size_bytes=saved.size if saved else None,
        frames=saved.frames if saved else None,
        codec=saved.codec if saved else None,
        truncated=saved.truncated if saved else False,
        error=failed.code if failed else None,
        message=failed.message if failed else None,
    )


def _media_content_id(state: AgentNow, saved: RecordingSaved) -> str | None:
    """The clip's name in Home Assistant's media, when the operator says where it sees the store."""
    folder = state.setup.media_dir
    return f"media-source://media_source/{folder}/{saved.path}" if folder else None


def motion_attributes(camera: CameraNow, ended: datetime | None = None) -> MotionAttributes:
    """The running event, or with `ended` the event that just ended."""
    motion = camera.motion
    if motion is None:
        return camera.attributes or MotionAttributes()
    return MotionAttributes(
        event_id=motion.event_id,
        started_at=motion.started_utc,
        ended_at=ended,
        score=round(motion.detection.score, 4),
        peak_score=round(motion.peak.score, 4),
        changed_pixels=motion.peak.changed_pixels,
        box=motion.peak.box,
        explanation=sentence(motion.peak),
    )
