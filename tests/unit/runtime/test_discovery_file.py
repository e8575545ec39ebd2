"""What Home Assistant was told is remembered; a file that says nothing costs the clean-up only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.runtime.discovery_file import NAME, forget_discovery, load_discovery, save_discovery

PUBLISHED = {"homeassistant/device/yard/config": {"cmps": {"motion": {"p": "binary_sensor"}}}}
GRAVES = {"homeassistant/device/lane/config": {"cmps": {"gone": {"p": "sensor"}}}}


def test_what_was_published_and_what_is_to_be_buried_come_back(tmp_path: Path) -> None:
    save_discovery(tmp_path, PUBLISHED, GRAVES)
    assert load_discovery(tmp_path) == (PUBLISHED, GRAVES)
    forget_discovery(tmp_path)
    forget_discovery(tmp_path)
    assert load_discovery(tmp_path) == ({}, {})


def test_the_same_again_is_not_written(tmp_path: Path) -> None:
    save_discovery(tmp_path, PUBLISHED, {})
    os.utime(tmp_path / NAME, (1, 1))
    save_discovery(tmp_path, PUBLISHED, {})
    assert (tmp_path / NAME).stat().st_mtime == 1
    save_discovery(tmp_path, PUBLISHED, GRAVES)
    assert load_discovery(tmp_path) == (PUBLISHED, GRAVES)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"published": {}}',
        b'{"published": [], "graves": {}}',
        b'{"published": {"t": 1}, "graves": {}}',
        b'{"published": {"t": {"cmps": {"a": {"p": 1}}}}, "graves": {}}',
        b'{"published": {"t": {"cmps": []}}, "graves": {}}',
        b'{"published": {}, "graves": {"t": {"cmps": {"a": {}}}}}',
    ],
)
def test_a_foreign_file_is_no_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert load_discovery(tmp_path) == ({}, {})
    assert "old entities may stay" in caplog.text


def test_a_disk_that_refuses_costs_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).mkdir()
    save_discovery(tmp_path, PUBLISHED, {})
    forget_discovery(tmp_path)
    assert load_discovery(tmp_path) == ({}, {})
    assert "not saved" in caplog.text
    assert "not removed" in caplog.text
