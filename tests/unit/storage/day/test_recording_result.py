"""What a manifest line says, and lines that nobody of us has written."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core.messages import RecordingFailed, RecordingSaved
from agent.storage.day.recording_result import outcome, tells_of

LINE: dict[str, Any] = {
    "id": "01JD9Z3V5X8Q2M4N6P7R9S0T1W",
    "camera": "front",
    "started_local": "2026-11-22T08:15:01.250+01:00",
    "clip_started": "2026-11-22T07:15:00.250Z",
    "clip_s": 3.5,
    "frames": 12,
    "truncated": False,
    "day": [{"file": "2026-11-22.mp4", "position_ms": 1500, "length_ms": 3500}],
    "files": {"clip": {"name": "events/081501_A.mp4", "size": 4000, "sha256": "00"}},
}


def test_a_line_of_ours_is_told() -> None:
    told = outcome(LINE)
    assert isinstance(told, RecordingSaved)
    assert (told.path, told.day_position) == ("front/2026-11-22/events/081501_A.mp4", 1.5)
    assert tells_of(LINE, "front")
    without = {**LINE, "files": {}}
    assert isinstance(outcome(without), RecordingFailed)
    assert tells_of(without, "front")


@pytest.mark.parametrize(
    ("about", "codec"),
    [
        ({"codec": "h265"}, "h265"),
        ({"codec": "h264"}, "h264"),
        ({}, "h264"),
        ({"name": "events/081501_A.mkv"}, "mjpeg"),
        ({"codec": ["x"]}, "h264"),
    ],
)
def test_it_says_what_the_clip_is_coded_in(about: dict[str, Any], codec: str) -> None:
    told = outcome({**LINE, "files": {"clip": {**LINE["files"]["clip"], **about}}})
    assert isinstance(told, RecordingSaved)
    assert told.codec == codec


@pytest.mark.parametrize(
    "change",
    [
        {"camera": "yard"},
        {"camera": None},
        {"id": ["x"]},
        {"files": None},
        {"files": {"clip": 5}},
        {"files": {"clip": {"name": 5, "size": 1}}},
        {"files": {"clip": {"name": "x", "size": "1"}}},
        {"day": []},
        {"day": {}},
        {"day": [{"file": "x", "position_ms": -1}]},
        {"clip_started": "yesterday"},
        {"clip_started": "2026-11-22"},
        {"clip_started": None},
        {"clip_s": True},
        {"frames": 1.5},
        {"frames": 10**30},
        {"truncated": "no"},
        {"started_local": 5},
    ],
)
def test_a_line_that_somebody_else_has_put_there_is_none(change: dict[str, Any]) -> None:
    """Told to the engine, it would end the agent, and again after each start."""
    assert not tells_of({**LINE, **change}, "front")


def test_an_empty_object_is_no_line() -> None:
    assert not tells_of({}, "front")
