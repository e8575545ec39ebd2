"""What happened in the last hours, out of what was said: counts and the best pictures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

#: Messages of a camera and stream that are looked at: some 600 events. Reading them takes the mqtt
#: thread about 0.1 s on a Pi.
MOST = 2_000
#: Pictures that are named.
BEST = 3

#: What people want to see first.
_RANK = {"person": 3, "vehicle": 2, "animal": 1}

#: Messages of one camera, oldest first: its motion events, its recordings.
Said = tuple[Sequence[Any], Sequence[Any]]


def digest(said: Mapping[str, Said], since: datetime, hours: float) -> dict[str, Any]:
    """The answer's `data`.

    Args:
        said: messages of each camera; anything in them that is not as it should be is left out.
        since: events that began then or later count.
        hours: as they were asked for.

    Returns:
        `events` and `cameras` (counts), `labels` (counts by name, `unnamed` among them), `saved`
        and `failed` (recordings), `best`, and `more`: there were too many messages to read all.
    """
    events = [e for camera, (motion, _) in said.items() for e in _events(camera, motion, since)]
    clips = [c for _, recordings in said.values() for c in _dicts(recordings) if _in(c, since)]
    paths = {str(c.get("motion_id")): c.get("path") for c in clips}
    results = Counter(str(c.get("event_type")) for c in clips)
    shown = [e for e in events if isinstance(paths.get(e["id"]), str)]
    best = sorted(shown, key=_worth, reverse=True)[:BEST]
    return {
        "hours": hours,
        "since": since.isoformat(timespec="seconds"),
        "events": len(events),
        "cameras": dict(Counter(e["camera"] for e in events)),
        "labels": dict(Counter(str(e.get("label") or "unnamed") for e in events)),
        "saved": results["recording_saved"],
        "failed": results["recording_failed"],
        "best": [_best(event, str(paths[event["id"]])) for event in best],
        "more": any(_is_cut(motion, since) for motion, _ in said.values()),
    }


def _events(camera: str, motion: Sequence[Any], since: datetime) -> list[dict[str, Any]]:
    """Each event once, with the newest of what was said of it."""
    found: dict[str, dict[str, Any]] = {}
    for message in _dicts(motion):
        counts = message.get("event_type") != "motion_suppressed" and _in(message, since)
        if counts and isinstance(message.get("id"), str):
            new = {key: value for key, value in message.items() if value is not None}
            found[message["id"]] = {**found.get(message["id"], {}), **new, "camera": camera}
    return list(found.values())


def _best(event: Mapping[str, Any], path: str) -> dict[str, Any]:
    wanted = ("id", "camera", "started_at", "duration_s", "label", "top_score", "peak_score")
    facts = {key: event.get(key) for key in wanted}
    return {**facts, "clip": path, "picture": str(PurePosixPath(path).with_suffix(".jpg"))}


def _worth(event: Mapping[str, Any]) -> tuple[int, float, float]:
    rank = _RANK.get(str(event.get("label")), 0)
    return rank, _number(event.get("top_score")), _number(event.get("peak_score"))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _in(message: Mapping[str, Any], since: datetime) -> bool:
    began = _time(message)
    return began is not None and began >= since


def _is_cut(messages: Sequence[Any], since: datetime) -> bool:
    """As many messages as are read, and the oldest of them counts, too."""
    return len(messages) >= MOST and any(_in(message, since) for message in _dicts(messages[:1]))


def _time(message: Mapping[str, Any]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(message.get("started_at") or message.get("ts")))
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def _dicts(messages: Sequence[Any]) -> list[dict[str, Any]]:
    return [message for message in messages if isinstance(message, dict)]
