"""From the classifier's answers to messages: `motion_classified`, and what moves now. Pure.

If a camera's events are named, each event gets at least one `motion_classified`. It comes as soon
as the event has a name, and again with a better name (a vehicle first, then the person who got out
of it). Without a name it comes once, as `unknown`: when the last look was in vain, or when no
answer has come in time. Nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.core import event_payloads
from agent.core.effects import Effect, Say, ToRecorder
from agent.core.event_label import ClipNamed, Label, MotionClassified, Named
from agent.core.messages import Detection, MotionEnded
from agent.core.state import AgentNow, CameraNow, Naming, Now
from agent.core.state_messages import objects_state
from schemas.events import MotionEvent
from schemas.messages import Publish, Record
from schemas.state import ObjectState

Step = tuple[AgentNow, list[Effect]]

#: Seconds after an event's start: without an answer by then it is `unknown`. A look takes 0.03 s
#: here, some 0.1 to 0.35 s on a Pi 4; eight of them may wait.
ANSWER_WITHIN = 10.0
#: Events of a camera whose name may still come; the oldest of more is `unknown`.
MOST = 8


def begun(
    camera: CameraNow, event_id: str, detection: Detection, now: Now
) -> tuple[CameraNow, list[Effect]]:
    """An event began: from now on its name is waited for."""
    if camera.setup.classify is None:
        return camera, []
    naming = Naming(event_id, now.at + ANSWER_WITHIN, detection)
    camera = replace(camera, namings=(*camera.namings, naming))
    camera, said = _overdue(camera, camera.namings[:-MOST], now)
    return replace(camera, namings=camera.namings[-MOST:]), said


def ended(camera: CameraNow, cause: MotionEnded) -> tuple[CameraNow, list[Effect]]:
    """An event ended: nothing of it is there any more. Its name may still come."""
    over = [replace(it, running=False) for it in camera.namings if it.event_id == cause.event_id]
    if not over:
        return camera, []
    camera = _with(camera, over[0])
    shown = camera.objects or ObjectState()
    named = over[0].named
    if named is not None and shown.event_id == cause.event_id:  # with the best score of all looks
        shown = shown.model_copy(update=_shown(named))
    camera = replace(camera, objects=shown.model_copy(update={"present": ()}))
    return camera, [objects_state(camera)]


def motion_classified(now_state: AgentNow, cause: MotionClassified, now: Now) -> Step:
    """A look at an event: told when it gives the event another name, or was the last one."""
    camera = now_state.cameras[cause.camera]
    naming = next((it for it in camera.namings if it.event_id == cause.event_id), None)
    if naming is None:  # so late that it was called unknown long ago
        words = f"camera {cause.camera}: motion {cause.event_id} named too late"
        return now_state, [Say("DEBUG", words)]
    if cause.named.better_than(naming.named):
        naming = replace(naming, named=cause.named)
    named = naming.named or cause.named
    camera = _with(camera, naming)
    effects: list[Effect] = []
    if naming.running:
        effects.append(ToRecorder(cause.camera, ClipNamed(cause.event_id, named)))
    if _is_news(naming, named, final=cause.final):
        camera, said = _say(camera, naming, named, now)
        effects += said
    if cause.final and not naming.running:
        camera = replace(
            camera, namings=tuple(it for it in camera.namings if not _same(it, naming))
        )
    return now_state.with_camera(camera), effects


def expire(now_state: AgentNow, now: Now) -> Step:
    """Events without an answer in time are `unknown`; those long over are forgotten."""
    effects: list[Effect] = []
    for camera in now_state.cameras.values():
        late = [it for it in camera.namings if now.at >= it.until]
        if not late:
            continue
        after, said = _overdue(camera, late, now)
        kept = tuple(it for it in after.namings if it.running or now.at < it.until)
        now_state = now_state.with_camera(replace(after, namings=kept))
        effects += said
    return now_state, effects


def named_of(camera: CameraNow, event_id: str) -> Named | None:
    """The event's name so far; None: there is no classifier, or no answer yet."""
    return next((it.named for it in camera.namings if it.event_id == event_id), None)


def _is_news(naming: Naming, named: Named, *, final: bool) -> bool:
    if named.label is Label.UNKNOWN:
        return final and naming.said is None
    return named.label is not naming.said


def _overdue(
    camera: CameraNow, namings: Sequence[Naming], now: Now
) -> tuple[CameraNow, list[Effect]]:
    effects: list[Effect] = []
    for naming in namings:
        if naming.said is None:
            named = naming.named or Named(Label.UNKNOWN, camera.setup.classify or "")
            camera, said = _say(camera, naming, named, now)
            effects += said
    return camera, effects


def _say(
    camera: CameraNow, naming: Naming, named: Named, now: Now
) -> tuple[CameraNow, list[Effect]]:
    """`motion_classified`, what moves now, and a line in the log."""
    camera = _with(camera, replace(naming, named=named, said=named.label))
    shown = camera.objects or ObjectState()
    here: tuple[str, ...] = shown.present if shown.event_id == naming.event_id else ()
    if naming.running and named.label is not Label.UNKNOWN:
        here = (*here, named.label.value)
    about = {"present": here, "event_id": naming.event_id, "ts": now.utc}
    if naming.running or shown.event_id is None or shown.event_id <= naming.event_id:
        objects = ObjectState.model_validate({**about, **_shown(named)})
        camera = replace(camera, objects=objects)
    event = event_payloads.motion_classified(camera, naming.event_id, naming.detection, named, now)
    camera = replace(camera, motion_seq=event.seq)
    score = "" if named.top_score is None else f" ({named.sub_label} {named.top_score:.2f})"
    words = f"camera {camera.camera_id}: motion {naming.event_id}: {named.label.value}{score}"
    return camera, [motion_record(camera, event), objects_state(camera), Say("INFO", words)]


def _shown(named: Named) -> dict[str, object]:
    return named.fields()


def _with(camera: CameraNow, naming: Naming) -> CameraNow:
    """With this one in the place of the one of the same event."""
    namings = tuple(naming if _same(it, naming) else it for it in camera.namings)
    return replace(camera, namings=namings)


def _same(one: Naming, other: Naming) -> bool:
    return one.event_id == other.event_id


def motion_record(camera: CameraNow, event: MotionEvent) -> Record:
    """A motion event for the journal."""
    publish = Publish(camera.topics.event_motion, event.to_json(), qos=1)
    return Record(camera.camera_id, "motion", event.seq, publish, camera.topics.ha_motion)
