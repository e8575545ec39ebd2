"""The demo beside another demo, and beside somebody's broker."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.demo import run
from agent.demo.broker import free_port
from agent.mqtt.journal import JOURNAL, Journal
from agent.runtime.clock import SystemClock
from agent.runtime.settings_file import NAME as SETTINGS
from tests.support import broker
from tests.support.waiting import PATIENCE


def test_a_second_demo_says_so_and_leaves_everything_to_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / SETTINGS).write_text("the first one's")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "STATE", state)
    first = Journal(state / JOURNAL, SystemClock())
    said: list[str] = []

    with pytest.raises(ConfigError, match=f"runs already, with its state in {state}"):
        run.run_demo(said.append)

    first.close()
    assert said == []
    assert (state / SETTINGS).read_text() == "the first one's"
    assert not (tmp_path / run.STORE).exists()


def test_the_demo_keeps_everything_where_it_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo-state").write_text("in the way")
    with pytest.raises(ConfigError, match=f"{tmp_path}/demo-state: File exists"):
        run.run_demo(lambda _line: None)
    assert not (tmp_path / run.STORE).exists()


def test_a_broker_that_already_runs_is_left_alone_and_the_demos_own_is_named(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebodys:
        taken = somebodys.getsockname()[1]
        script = (
            "from agent import cli, demo\n"
            f"demo.PORT = {taken}\n"
            "raise SystemExit(cli.run_command(['demo']))\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            said = ""
            assert running.stdout
            for line in running.stdout:
                said += line
                if "connected, MQTT" in line:
                    running.send_signal(signal.SIGINT)
            assert running.wait(PATIENCE) == 0
        somebodys.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            somebodys.accept()
    ports = set(re.findall(r"mosquitto_\w+ -h 127.0.0.1 -p (\d+) ", said))
    assert len(ports) == 1
    assert str(taken) not in ports
    assert f"broker 127.0.0.1:{ports.pop()}: connected" in said


def test_the_usual_port_is_taken_where_nobody_has_it() -> None:
    port = broker.free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert free_port(port) not in {0, port}
    assert free_port(port) == port
