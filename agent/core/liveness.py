"""Live means that frames are judged: if not, health says so, with any cause."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.core.state import AgentNow, CameraNow, Now, Watch
from agent.core.stats import CameraStats, VisionStats

#: Seconds and delivered frames without a verdict before it is a problem. Any detector learns a
#: scene in less time, and a camera delivers fewer frames between two looks at the counters.
UNJUDGED_AFTER = 30.0
UNJUDGED_FRAMES = 10
#: The same for a camera that is judged rarely: intervals between two judged frames.
_INTERVALS = 5.0


@dataclass(frozen=True, slots=True)
class _Counts:
    frames: int
    judged: int
    why: str


def watch_judging(now_state: AgentNow, now: Now) -> AgentNow:
    """Compares what the sources delivered with what the detectors judged; once a second.

    The counters are those of two owners. So it also finds what neither of them can know: frames
    that do not arrive, or are thrown away.
    """
    for camera in now_state.cameras.values():
        watch = _watched(camera, _counts(now_state, camera), now)
        if watch != camera.watch:
            now_state = now_state.with_camera(replace(camera, watch=watch))
    return now_state


def _counts(now_state: AgentNow, camera: CameraNow) -> _Counts:
    stats = now_state.gauges.cameras.get(camera.camera_id, CameraStats())
    vision = now_state.gauges.vision.get(camera.camera_id, VisionStats())
    return _Counts(stats.frames, vision.judged, vision.undecided)


def _watched(camera: CameraNow, counts: _Counts, now: Now) -> Watch | None:
    """None: nothing has to be judged now."""
    before = camera.watch
    if camera.settings.privacy or not (camera.live and camera.settings.armed):
        return None
    if before is None or before.judged != counts.judged:
        return Watch(now.at, counts.frames, counts.judged)
    longest = max(UNJUDGED_AFTER, _INTERVALS / camera.setup.analysis_fps)
    late = now.at - before.since >= longest
    if not before.unjudged and late and counts.frames - before.frames >= UNJUDGED_FRAMES:
        why = counts.why or "none reaches the detector"
        return replace(before, unjudged=f"frames come and none is judged: {why}")
    return before
