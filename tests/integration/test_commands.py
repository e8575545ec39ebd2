"""Commands that print, as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"agent: {{state_dir: {tmp_path}/deep/state}}\ncameras: {{a: {{source: 'demo:'}}}}\n"
    )
    return path


def started(command: str, config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agent", command, "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("command", ["discovery", "check-config"])
def test_a_reader_that_has_seen_enough_is_no_error(command: str, config: Path) -> None:
    with started(command, config) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(PATIENCE) == 0


def test_check_config_names_the_state_folder_and_makes_none(config: Path) -> None:
    with started("check-config", config) as running:
        told, _ = running.communicate(timeout=PATIENCE)
    folder = config.parent / "deep" / "state"
    assert f"# its state is kept in {folder}\n" in told
    assert not folder.parent.exists()


def test_check_config_is_content_where_only_the_agents_user_may_write(config: Path) -> None:
    config.write_text(config.read_text().replace(f"{config.parent}/deep", str(config)))
    with started("check-config", config) as running:
        told, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    assert f"# note: agent.state_dir: {config}/state: " in told
