"""The real agent as systemd sees it."""

from __future__ import annotations

import configparser
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, House, Process
from tests.support.systemd import NotifySocket
from tests.support.waiting import wait_until

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "surveillance-agent.service"


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[NotifySocket]:
    with NotifySocket(tmp_path) as listening:
        yield listening


def stopped(agent: Process, systemd: NotifySocket) -> None:
    """Ends it and reads all the while: the kernel keeps only a few messages that nobody reads."""
    agent.signal(signal.SIGTERM)
    systemd.wait_for("STOPPING=1")
    assert agent.wait() == 0


def test_systemd_is_told_ready_then_alive_every_second_then_stopping(
    tmp_path: Path, systemd: NotifySocket
) -> None:
    with House(tmp_path, broker_port=1) as house:
        agent = house.agent(NOTIFY_SOCKET=systemd.address)
        systemd.wait_for("WATCHDOG=1", 3)
        stopped(agent, systemd)
    assert systemd.heard[0] == "READY=1"
    assert set(systemd.heard[1:-1]) == {"WATCHDOG=1"}
    assert systemd.heard[-1] == "STOPPING=1"


def test_a_main_loop_that_stands_still_feeds_no_watchdog(
    tmp_path: Path, systemd: NotifySocket
) -> None:
    with House(tmp_path, broker_port=1) as house:
        agent = house.agent(NOTIFY_SOCKET=systemd.address)
        systemd.wait_for("WATCHDOG=1")
        agent.signal(signal.SIGSTOP)
        wait_until("it stands still", lambda: _state_of(agent.pid) == "T")
        said = len(systemd.listen())
        time.sleep(2.25)  # longer than two ticks: this test waits for nothing to happen
        assert len(systemd.listen()) == said
        agent.signal(signal.SIGCONT)
        systemd.wait_for("WATCHDOG=1", systemd.heard.count("WATCHDOG=1") + 1)


def test_a_restart_by_command_is_a_reload_to_systemd(
    house: House, ear: Ear, systemd: NotifySocket
) -> None:
    agent = house.agent(NOTIFY_SOCKET=systemd.address)
    ear.wait_for(TOPICS.availability)
    systemd.wait_for("READY=1")
    ear.say(TOPICS.restart, "PRESS")
    systemd.wait_for("READY=1", 2)
    stopped(agent, systemd)
    words = [word for word in systemd.heard if word != "WATCHDOG=1"]
    assert words == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]


def test_the_unit_is_understood_by_systemd(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / UNIT.name
    # The program and the user are made by the installation, not there when the file is checked.
    text = UNIT.read_text().replace("/opt/surveillance-agent/bin/surveillance-agent", "/bin/true")
    unit.write_text(text)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    mine = [line for line in checked.stderr.splitlines() if UNIT.name in line]
    assert mine == []


def test_the_unit_is_as_little_exposed_as_the_page_says() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["systemd-analyze", "security", "--offline=true", str(UNIT)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    level = re.search(r"exposure level[^:]*: ([0-9.]+)", said)
    assert level is not None, said
    text = (UNIT.parents[1] / "docs/explanation/security.md").read_text()
    page = re.search(r"says ([0-9.]+), where", text)
    assert page is not None
    # other versions of systemd weigh a little otherwise
    assert float(level[1]) == pytest.approx(float(page[1]), abs=0.3)


def test_the_unit_never_starts_again_on_a_bad_configuration() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    unit.read(UNIT)
    assert unit["Service"]["Type"] == "notify"
    assert unit["Service"]["RestartPreventExitStatus"] == "2"


def test_the_unit_lets_the_agent_ask_whether_the_clock_is_right() -> None:
    text = UNIT.read_text()
    assert "SystemCallFilter=adjtimex clock_adjtime" in text
    assert "\nProtectClock=" not in text  # it forbids to ask as well, and then nothing is purged


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
