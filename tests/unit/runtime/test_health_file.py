"""What `health` reads of the running agent."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.runtime import health_file
from agent.runtime.health_file import MAX_AGE, NAME, read_health, remove_health, write_health


def test_a_fresh_file_says_that_the_agent_is_well(tmp_path: Path) -> None:
    assert write_health(tmp_path, "ok", {}, now=1000.0)
    assert read_health(tmp_path, now=1002.0) == (True, "ok, 2 s ago")


def test_without_an_argument_both_sides_use_the_machines_clock(tmp_path: Path) -> None:
    write_health(tmp_path, "ok", {})
    assert read_health(tmp_path)[0]
    assert not read_health(tmp_path, time.monotonic() + MAX_AGE + 1)[0]


@pytest.mark.parametrize(("status", "well"), [("ok", True), ("degraded", True), ("error", False)])
def test_a_degraded_agent_is_well_one_in_error_is_not_and_problems_are_named(
    tmp_path: Path, status: str, *, well: bool
) -> None:
    write_health(tmp_path, status, {"a_blind": "why; help", "store_full": "x"}, now=1000.0)
    text = f"{status}, 0 s ago\n  a_blind: why; help\n  store_full: x"
    assert read_health(tmp_path, now=1000.0) == (well, text)


@pytest.mark.parametrize(("status", "well"), [("ok", True), ("degraded", False), ("error", False)])
def test_strictly_only_what_is_ok_is_well(tmp_path: Path, status: str, *, well: bool) -> None:
    write_health(tmp_path, status, {}, now=1000.0)
    assert read_health(tmp_path, now=1000.0, strict=True)[0] is well


@pytest.mark.parametrize(("age", "well"), [(90.0, True), (90.125, False), (-0.125, False)])
def test_a_file_is_believed_for_ninety_seconds(tmp_path: Path, age: float, *, well: bool) -> None:
    write_health(tmp_path, "ok", {}, now=1000.0)
    assert read_health(tmp_path, now=1000.0 + age)[0] is well


def test_a_file_of_another_boot_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot_id = tmp_path / "boot_id"
    monkeypatch.setattr(health_file, "_BOOT_ID", boot_id)
    boot_id.write_text("before\n")
    write_health(tmp_path, "ok", {}, now=1000.0)
    boot_id.write_text("after\n")
    well, text = read_health(tmp_path, now=1001.0)
    assert not well
    assert "before the machine's restart" in text


def test_a_step_of_the_wall_clock_changes_nothing(tmp_path: Path) -> None:
    write_health(tmp_path, "ok", {}, now=1000.0)
    os.utime(tmp_path / NAME, (0, 0))
    assert read_health(tmp_path, now=1001.0)[0]


def test_no_file_means_not_running(tmp_path: Path) -> None:
    write_health(tmp_path, "ok", {})
    remove_health(tmp_path)
    remove_health(tmp_path)
    well, text = read_health(tmp_path)
    assert not well
    assert str(tmp_path / NAME) in text


def test_writing_leaves_nothing_but_the_file_with_the_process_id(tmp_path: Path) -> None:
    write_health(tmp_path, "ok", {})
    write_health(tmp_path, "ok", {})
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()


def test_a_folder_that_cannot_be_written_is_said_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert not write_health(tmp_path / "absent", "ok", {})
    assert "health file" in caplog.text
    (tmp_path / NAME).mkdir()
    remove_health(tmp_path)
    assert "not removed" in caplog.text
    assert read_health(tmp_path) == (False, f"{tmp_path / NAME}: Is a directory")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=50),
        st.recursive(
            st.none() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ).map(lambda value: json.dumps(value).encode()),
        st.just(b'{"status": [], "boot_id": 1, "at": "x", "problems": 3}'),
        st.just(b"[" * 65_000),
    )
)
def test_no_content_makes_the_reader_raise(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert not read_health(tmp_path, now=1000.0)[0]


@pytest.mark.parametrize("field", ["at", "pid"])
@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1" + "0" * 400, "null"])
def test_a_number_that_is_none_is_answered_not_raised(
    tmp_path: Path, field: str, number: str
) -> None:
    write_health(tmp_path, "ok", {}, now=100.0)
    path = tmp_path / NAME
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, field: "@"}).replace('"@"', number))
    well, _text = read_health(tmp_path, now=100.0)
    assert not well or field == "pid"
