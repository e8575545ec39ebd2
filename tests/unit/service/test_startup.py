"""What the engine is told of a process that was killed before it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.core.state import CameraSetup
from agent.mqtt.journal import Journal
from agent.service.startup import close_recordings, open_events_of
from agent.storage.records import EventClosed
from agent.storage.spool.spool import Spool
from schemas.events import MotionEvent
from schemas.settings import CameraSettings
from tests.support.agent_mqtt import record
from tests.support.clock import FakeClock
from tests.support.engine import START, begun


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal.sqlite", FakeClock())
    yield made
    made.close()


BEGUN = MotionEvent(
    event_type="motion_started",
    id="E1",
    seq=1,
    ts=FakeClock().utc(),
    camera="front_door",
    agent="pi",
    score=2.5,
    changed_pixels=77,
    threshold=0.5,
    box=(0.1, 0.1, 0.2, 0.2),
    armed=True,
    started_at=FakeClock().utc(),
    explanation=None,
)


def found(journal: Journal, text: str | bytes) -> MotionEvent:
    """What the engine is told of an open event whose row says so."""
    journal.append([record(1)])
    journal._file.db.execute("UPDATE open_event SET started = ?", (text,))
    (event,) = open_events_of(journal, "pi", FakeClock().utc())
    return event


def test_an_open_event_is_found_as_it_began(journal: Journal) -> None:
    assert found(journal, BEGUN.to_json().decode()) == BEGUN


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-11-22T08:15:01+00:00", "[]", "{}", "[" * 100_000, b"\xff\x00"]
)
def test_an_open_event_that_says_nothing_can_be_ended_all_the_same(
    journal: Journal, text: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    event = found(journal, text)
    assert (event.id, event.camera, event.agent) == ("E1", "front_door", "pi")
    figures = ("score", "changed_pixels", "threshold", "armed", "explanation", "started_at", "box")
    assert [getattr(event, name) for name in figures] == [None] * 7
    assert "the start of event E1 (front_door) is damaged" in caplog.text


@pytest.mark.parametrize("name", sorted(BEGUN.model_dump()))
def test_of_a_damaged_start_everything_else_is_kept(journal: Journal, name: str) -> None:
    said = json.loads(BEGUN.to_json())
    event = found(journal, json.dumps({**said, name: {"not": ["this"]}, "unknown": 1}))
    default = MotionEvent.model_fields[name].get_default()
    sure = {"event_type": "motion_started", "id": "E1", "seq": 1, "camera": "front_door"}
    sure |= {"agent": "pi", "ts": BEGUN.ts}
    lost = sure.get(name, default if not MotionEvent.model_fields[name].is_required() else None)
    assert event == BEGUN.model_copy(update={name: lost})


def started(camera: str) -> MotionEvent:
    what: dict[str, Any] = {"camera": camera, "id": f"01{camera}", "ts": START}
    return MotionEvent.model_construct(**what)


def test_an_event_killed_before_its_recording_began_gets_a_word_about_it(tmp_path: Path) -> None:
    still = CameraSetup("hall", CameraSettings(record_on_motion=False))
    cameras = begun(CameraSetup("yard", CameraSettings()), still).cameras
    spool = Spool(tmp_path)
    close_recordings(spool, [started("yard"), started("hall"), started("gone")], cameras)
    found = spool.read(1)
    assert found is not None
    assert isinstance(found[0], EventClosed)
    assert (found[0].camera, found[0].event, found[0].reason) == ("yard", "01yard", "interrupted")
    assert spool.depth == 1


def test_an_event_of_the_calendars_first_day_hinders_no_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        event = started("yard").model_copy(update={"ts": datetime.min.replace(tzinfo=UTC)})
        spool = Spool(tmp_path)
        close_recordings(spool, [event], begun(CameraSetup("yard", CameraSettings())).cameras)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert spool.depth == 1
