from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.core.messages import ClipPart, SessionLog
from agent.core.store_names import SESSIONS
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.session_file import KEPT, save_session, session_keeper

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def test_a_sessions_packets_are_in_a_file_named_by_time_and_camera(tmp_path: Path) -> None:
    path = save_session(tmp_path, "porch", NOON, b"{}\n")

    assert path == str(tmp_path / SESSIONS / "2026-11-23_120000_porch.jsonl")
    assert Path(path).read_bytes() == b"{}\n"


def test_the_oldest_files_are_forgotten(tmp_path: Path) -> None:
    for minute in range(KEPT + 5):
        save_session(tmp_path, "porch", NOON + timedelta(minutes=minute), b"{}\n")

    names = sorted(path.name for path in (tmp_path / SESSIONS).iterdir())
    assert len(names) == KEPT
    assert names[0] == "2026-11-23_120500_porch.jsonl"


def test_a_folder_that_cannot_be_made_is_said_and_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / SESSIONS).write_text("a file is in the way")

    assert save_session(tmp_path, "porch", NOON, b"{}\n") is None
    assert "not kept" in caplog.text


def no_folder() -> Path:
    raise ConfigError("agent.state_dir: not writable")


def test_with_a_store_the_packets_go_to_the_recorder_and_the_place_is_named() -> None:
    parts: Mailbox[ClipPart] = Mailbox("parts", 1, WhenFull.REFUSE)
    keep = session_keeper(parts, no_folder)
    session = SessionLog("porch", NOON, b"{}\n")
    local = NOON.astimezone()

    assert keep(session) == f"porch/{local:%Y-%m-%d}/sessions/{local:%H%M%S}.jsonl"
    assert keep(session) is None  # a full box
    assert parts.get() is session


def test_without_a_store_the_packets_go_to_the_state_folder(tmp_path: Path) -> None:
    session = SessionLog("porch", NOON, b"{}\n")

    place = session_keeper(None, lambda: tmp_path)(session)

    assert place is not None
    assert Path(place).read_bytes() == b"{}\n"
    assert session_keeper(None, no_folder)(session) is None


def test_after_the_clock_was_set_back_the_newest_files_are_kept(tmp_path: Path) -> None:
    for minute in range(KEPT):
        save_session(tmp_path, "porch", NOON + timedelta(minutes=minute), b"before\n")
    back = NOON - timedelta(days=400)
    made = [save_session(tmp_path, "porch", back + timedelta(minutes=n), b"{}\n") for n in range(3)]
    kept = {str(file) for file in (tmp_path / "sessions").glob("*.jsonl")}
    assert set(made) <= kept
    assert len(kept) == KEPT
