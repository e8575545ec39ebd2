"""The configuration that the documentation tells people to copy."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from tests.support.agent_process import Process
from tests.support.broker import free_port

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "config.example.yaml"


def test_the_example_starts_as_it_is(tmp_path: Path) -> None:
    """Only the state folder and the broker's port are the test's own."""
    shutil.copy(EXAMPLE, tmp_path / "config.yaml")
    env = {
        "SURVEILLANCE_AGENT__STATE_DIR": str(tmp_path / "state"),
        "SURVEILLANCE_MQTT__PORT": str(free_port()),
    }
    with Process(tmp_path / "check.log", "check-config", env=env, cwd=tmp_path) as check:
        assert check.wait() == 0, check.log
    assert "the configuration is good" in check.log
    with Process(tmp_path / "agent.log", "run", env=env, cwd=tmp_path) as agent:
        agent.wait_for_line("starting, version")
        agent.wait_for_line("camera front_door: ")
        agent.signal(signal.SIGTERM)
        assert agent.wait() == 0, agent.log
    assert "Traceback" not in agent.log
