"""What a replay gave, as `replay --json` writes it and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.core.event_payloads import sentence
from agent.tuning.replay import Replay
from agent.tuning.sweep import Row


def as_json(result: Replay, rows: Sequence[Row] = ()) -> dict[str, Any]:
    """One clip's result; times are seconds from the clip's start."""
    camera = result.camera
    document: dict[str, Any] = {
        "clip": result.clip,
        "frames": result.frames,
        "frames_damaged": result.damaged,
        "fps": round(result.fps, 3),
        "width": result.width,
        "height": result.height,
        "detector": {
            **camera.detection.used(),
            "post_frames": camera.recording.post_frames,
            "max_event_seconds": camera.max_event_seconds,
            "analysis_fps": camera.analysis_fps,
            "mask": None if camera.mask is None else str(camera.mask),
            "zones": sorted(camera.zones),
        },
        "decisions": _decisions(result),
        "events": _events(result),
        "suppressed": [
            {
                "t": round(it.t, 3),
                "frames": it.count,
                "reason": it.detection.reason.value,
                "score": round(it.detection.score, 4),
                "text": sentence(it.detection),
            }
            for it in result.suppressed
        ],
    }
    if rows:
        document["sweep"] = [
            {
                "change": dict(row.change),
                "motion_frames": row.result.motion_frames,
                "suppressed": len(row.result.suppressed),
                "events": _events(row.result),
            }
            for row in rows
        ]
    return document


def lines(result: Replay) -> list[str]:
    """The result for people, one fact a line."""
    said = [
        (
            f"{result.clip}: {result.width}x{result.height}, {result.frames} frames,"
            f" {clock(result.seconds)}; {len(result.decisions)} judged, {result.motion_frames} with"
            f" motion, {len(result.events)} events, {len(result.suppressed)} suppressed"
        )
    ]
    if result.damaged:
        which = "all" if not result.decisions else f"{result.damaged} frames"
        said.append(f"  damaged: {which} of those looked at could not be decoded")
    said += [
        f"  event {clock(it.start)} to {clock(it.end)}: {sentence(it.peak, it.named)}"
        for it in result.events
    ]
    said += [
        f"  suppressed {clock(it.t)} ({it.count} frames): {sentence(it.detection)}"
        for it in result.suppressed
    ]
    return said


def clock(seconds: float) -> str:
    """`1:02.5` for 62.5 seconds."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes:02d}" if hours else f"{minutes}"
    return f"{hours}:{text}:{rest / 10:04.1f}" if hours else f"{text}:{rest / 10:04.1f}"


def _events(result: Replay) -> list[dict[str, Any]]:
    return [
        {
            "start": round(it.start, 3),
            "end": round(it.end, 3),
            "peak_score": round(it.peak.score, 4),
            **(it.named.fields() if it.named else {}),
        }
        for it in result.events
    ]


def _decisions(result: Replay) -> list[dict[str, Any]]:
    return [
        {
            "frame": it.frame,
            "t": round(it.t, 3),
            "score": round(it.detection.score, 4),
            "changed_pixels": it.detection.changed_pixels,
            "motion": it.detection.motion,
            "reason": it.detection.reason.value,
            **({"zone": it.detection.zone} if it.detection.zone is not None else {}),
        }
        for it in result.decisions
    ]
