"""What the engine is told of a process that was killed before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.beginning import open_events_of
from agent.mqtt.journal import Journal
from tests.support.agent_mqtt import record
from tests.support.clock import FakeClock


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
