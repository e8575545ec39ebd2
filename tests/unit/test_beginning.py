"""What the engine is told of a process that was killed before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.beginning import close_recordings, open_events_of
from agent.core.state import CameraSetup
from agent.mqtt.journal import Journal
from agent.storage.records import EventClosed
from agent.storage.spool import Spool
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


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-22T08:15:01+00:00", "[]", "{}"])
def test_an_open_event_that_says_nothing_does_not_hinder_the_start(
    journal: Journal, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    journal.append([record(1)])
    journal._file.db.execute("UPDATE open_event SET started = ?", (text,))
    assert open_events_of(journal) == ()
    assert "camera front_door has no end" in caplog.text


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
