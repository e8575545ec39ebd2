"""The last result outlives the process; a test that a kill has ended does not run for ever."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.self_test.last_result import INTERRUPTED, NAME, keep, load
from schemas.self_test import SelfTestResult

AT = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
PASSED = SelfTestResult(result="passed", at=AT, seconds=20.0, stages={"picture": 300})


def test_it_is_read_as_it_was_kept(tmp_path: Path) -> None:
    assert load(tmp_path) == SelfTestResult()
    keep(tmp_path / "state", PASSED)
    assert load(tmp_path / "state") == PASSED


def test_one_that_ran_has_failed(tmp_path: Path) -> None:
    keep(tmp_path, SelfTestResult(result="running", at=AT, camera="yard"))
    found = load(tmp_path)
    assert (found.result, found.reason) == ("failed", INTERRUPTED)
    assert (found.at, found.camera) == (AT, "yard")


@pytest.mark.parametrize("content", [b"", b"{}x", b'{"result": "splendid"}', bytes(1 << 17)])
def test_what_cannot_be_read_counts_as_none(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert load(tmp_path) == SelfTestResult()
    assert "cannot be read" in caplog.text


def test_what_cannot_be_written_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("no folder")
    keep(tmp_path / "state", PASSED)
    assert "cannot be written" in caplog.text
