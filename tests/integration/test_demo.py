"""The demo beside another demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import demo
from agent.app import JOURNAL
from agent.core.errors import ConfigError
from agent.mqtt.journal import Journal
from agent.runtime.clock import SystemClock
from agent.runtime.settings_file import NAME as SETTINGS


def test_a_second_demo_says_so_and_leaves_everything_to_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / SETTINGS).write_text("the first one's")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "demo_state_dir", lambda: state)
    first = Journal(state / JOURNAL, SystemClock())
    said: list[str] = []

    with pytest.raises(ConfigError, match=f"runs already, with its state in {state}"):
        demo.run_demo(said.append)

    first.close()
    assert said == []
    assert (state / SETTINGS).read_text() == "the first one's"
    assert not (tmp_path / demo.STORE).exists()


def test_the_demo_keeps_everything_where_it_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.demo_state_dir() == tmp_path / "demo-state"
    assert list(tmp_path.iterdir()) == []  # `health` only looks
    (tmp_path / "demo-state").write_text("in the way")
    with pytest.raises(ConfigError, match=f"{tmp_path}/demo-state: File exists"):
        demo.run_demo(lambda _line: None)
    assert not (tmp_path / demo.STORE).exists()
