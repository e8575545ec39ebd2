"""What the engine is told of an event's manifest line. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.core.messages import RecordingFailed, RecordingSaved


def outcome(entry: dict[str, Any]) -> RecordingSaved | RecordingFailed:
    """Saved, or, when no picture of the event has reached the store, failed."""
    camera, event = entry["camera"], entry["id"]
    clip = entry["files"].get("clip")
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
        codec="mjpeg" if clip["name"].endswith(".mkv") else "h264",
        frames=entry["frames"],
        truncated=entry["truncated"],
    )
