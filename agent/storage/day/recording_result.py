"""The result that the engine gets for an event's manifest line. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.core.recordings import RecordingFailed, RecordingSaved
from agent.storage.container.h264 import NAMES

#: Bounds numbers to those that JSON's readers know exactly.
_MOST = 1 << 53


def outcome(entry: dict[str, Any]) -> RecordingSaved | RecordingFailed:
    """Saved, or, when no picture of the event has reached the store, failed."""
    camera, event = entry["camera"], entry["id"]
    clip = entry["files"].get("clip")
    if entry.get("gone"):
        reason = "somebody moved or deleted its clip before it could be said to be saved"
        return RecordingFailed(camera, event, "moved", reason)
    if clip is None:
        reason = "no picture of the event could be stored"
        return RecordingFailed(camera, event, "no_frames", reason)
    folder = f"{camera}/{entry['started_local'][:10]}"
    place = entry["day"][0]
    return RecordingSaved(
        camera=camera,
        event_id=event,
        started_utc=datetime.fromisoformat(entry["clip_started"]),
        duration=entry["clip_s"],
        path=f"{folder}/{clip['name']}",
        day_file=f"{folder}/{place['file']}",
        day_position=place["position_ms"] / 1000,
        size=clip["size"],
        codec=_codec(clip),
        frames=entry["frames"],
        truncated=entry["truncated"],
        manual=_reason(entry) == "manual",
    )


def _codec(clip: dict[str, Any]) -> str:
    """What its pictures are coded in; a line of an older agent does not say it."""
    if clip.get("codec") in NAMES:
        return str(clip["codec"])
    return "mjpeg" if clip["name"].endswith(".mkv") else "h264"


def _reason(entry: dict[str, Any]) -> str:
    """What the first judged frame was: a clip on demand has none."""
    explanation = entry.get("explanation") or {}
    start = explanation.get("start") if isinstance(explanation, dict) else None
    return str(start.get("reason", "")) if isinstance(start, dict) else ""


def tells_of(entry: dict[str, Any], camera: str) -> bool:
    """True for a line that `outcome` understands: other programs may write lines into a store.

    What it says may be false all the same; but it is what the agent says, of this camera.
    """
    try:
        told = outcome(entry)
    except (LookupError, TypeError, ValueError, AttributeError):
        return False
    if told.camera != camera or not isinstance(told.event_id, str):
        return False
    if isinstance(told, RecordingFailed):
        return True
    counts = (told.duration, told.day_position, told.size, told.frames)
    return (
        all(type(n) in {int, float} and 0 <= n < _MOST for n in counts)
        and all(type(n) is int for n in (told.size, told.frames))
        and isinstance(told.truncated, bool)
        and told.started_utc.utcoffset() is not None
    )
