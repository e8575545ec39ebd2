"""What commands changed outlives a restart; a file that is no such file costs only itself."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.runtime.settings_file import NAME, load_settings, save_settings
from schemas.settings import StoredSettings, StoredValue

SINCE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
STORED = StoredSettings(
    agent={"beep_enabled": StoredValue(value=False, since=SINCE)},
    cameras={
        "yard": {
            "armed": StoredValue(value=False, since=SINCE),
            "post_frames": StoredValue(value=1, since=SINCE),
            "min_changed": StoredValue(value=1.0, since=SINCE),
        }
    },
)


def test_what_was_saved_is_loaded_with_its_types(tmp_path: Path) -> None:
    assert save_settings(tmp_path, STORED)
    loaded = load_settings(tmp_path)
    assert loaded == STORED
    values = [value.value for value in loaded.cameras["yard"].values()]
    assert [type(value) for value in values] == [bool, int, float]
    assert (tmp_path / NAME).stat().st_mode & 0o027 == 0


def test_nothing_was_changed_in_a_new_folder(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == StoredSettings()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe\0",
        b'{"v": 2}',
        b'{"cameras": {"yard": {"armed": true}}}',
        b'{"agent": {"beep_enabled": {"value": "loud", "since": "2026-11-23T08:00:00Z"}}}',
        b'{"agent": {"beep_enabled": {"value": true, "since": "yesterday"}}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_put_aside_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert load_settings(tmp_path) == StoredSettings()
    assert "the configuration is in force" in caplog.text
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [content]
    assert save_settings(tmp_path, STORED)
    assert load_settings(tmp_path) == STORED


def test_a_folder_in_the_files_place_hinders_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).mkdir()
    assert load_settings(tmp_path) == StoredSettings()
    assert save_settings(tmp_path, STORED), caplog.text


def test_a_disk_that_refuses_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    save_settings(tmp_path, STORED)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert not save_settings(tmp_path, StoredSettings())
    assert "a restart will forget them" in caplog.text
    assert load_settings(tmp_path) == STORED
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
