"""Commands that print, as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent import __version__
from agent.storage.verify.store import verify_store
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


def test_the_version_is_told_as_other_programs_do() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "agent", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout == f"surveillance-agent {__version__}\n"


def test_a_shell_completes_commands_and_their_options(tmp_path: Path) -> None:
    script = tmp_path / "completion"
    printed = subprocess.run(
        [sys.executable, "-m", "agent", "completion", "bash"], capture_output=True, check=True
    )
    script.write_bytes(printed.stdout)
    ask = """
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
$(complete -p surveillance-agent | sed -E 's/.*-F ([^ ]+).*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""
    for words, wanted in ((["verif"], "verify"), (["replay", "--sw"], "--sweep")):
        found = subprocess.run(
            ["bash", "-c", ask, "bash", script, "surveillance-agent", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.split() == [wanted], found.stderr


def test_who_waits_for_verify_sees_how_far_it_is(tmp_path: Path) -> None:
    """The bar itself needs a terminal and two seconds; the counting does not."""
    seen: list[int] = []
    day = tmp_path / "store" / "yard" / "2026-11-22"
    (day / "events").mkdir(parents=True)
    (day / "2026-11-22.mp4").write_bytes(bytes(100_000))
    verify_store(tmp_path / "store", seen=seen.append)
    assert sum(seen) > 0
