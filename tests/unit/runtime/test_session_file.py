from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.runtime.session_file import FOLDER, KEPT, save_session

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def test_a_sessions_packets_are_in_a_file_named_by_time_and_camera(tmp_path: Path) -> None:
    path = save_session(tmp_path, "porch", NOON, b"{}\n")

    assert path == str(tmp_path / FOLDER / "2026-11-23_120000_porch.jsonl")
    assert Path(path).read_bytes() == b"{}\n"


def test_the_oldest_files_are_forgotten(tmp_path: Path) -> None:
    for minute in range(KEPT + 5):
        save_session(tmp_path, "porch", NOON + timedelta(minutes=minute), b"{}\n")

    names = sorted(path.name for path in (tmp_path / FOLDER).iterdir())
    assert len(names) == KEPT
    assert names[0] == "2026-11-23_120500_porch.jsonl"


def test_a_folder_that_cannot_be_made_is_said_and_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FOLDER).write_text("a file is in the way")

    assert save_session(tmp_path, "porch", NOON, b"{}\n") is None
    assert "not kept" in caplog.text
