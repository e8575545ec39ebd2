"""script/install and script/uninstall, below a folder of the test, with a systemctl that notes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.e2e.test_setup import PIP

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    *("agent", "schemas", "ha_discovery", "blueprints", "config", "deploy", "requirements"),
    *("script", "pyproject.toml", "README.md"),
)


class Machine:
    """A root folder, and the commands of an operating system as far as the scripts ask them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.source = folder / "source"
        self.bin = folder / "bin"
        for made in (self.root, self.source, self.bin):
            made.mkdir()
        for name in PARTS:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.source / name)
        self.asked = folder / "asked"
        self.asked.touch()
        self.env = {
            **os.environ,
            "INSTALL_ROOT": str(self.root),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(folder),
            "ASKED": str(self.asked),
            "LIBRARIES": sysconfig.get_path("purelib"),
        }
        self.env.pop("PYTHONPATH", None)
        self.command("id", "echo 0")
        for name in ("systemctl", "useradd", "chgrp", "apt-get"):
            self.command(name, f"echo {name} $* >>$ASKED")
        self.command("getent", "exit 2")
        self.command("dpkg-query", "echo 'install ok installed'")
        for name in ("python3.13", "python3.12", "python3.11"):
            self.command(name, "exit 127")
        pip = folder / "pip.py"
        pip.write_text(PIP)
        self.command(
            "python3",
            f"""case "$*" in
"-m venv --clear "*)
  {sys.executable} -m venv --without-pip --clear "$4" || exit
  cp {pip} "$4"/lib/python*/site-packages/ ;;
*) exec {sys.executable} "$@" ;;
esac""",
        )

    def command(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script, *arguments],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def install(self, *arguments: str) -> str:
        done = self.run(self.source / "script" / "install", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def path(self, name: str) -> Path:
        return self.root / name

    def systemctl(self) -> list[str]:
        lines = self.asked.read_text().splitlines()
        return [line.removeprefix("systemctl ") for line in lines if line.startswith("systemctl")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_service_may_read_what_a_careful_owner_installs(machine: Machine) -> None:
    for path in machine.source.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    script = machine.source / "script" / "install"
    careful = machine.bin / "careful"
    careful.write_text(f"#!/bin/bash\numask 077\nexec {script}\n")
    careful.chmod(0o755)
    done = machine.run(careful)
    assert done.returncode == 0, done.stdout + done.stderr
    home = machine.path("opt/surveillance-agent")
    shut = [
        path
        for path in (home, *home.rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & 0o5 < (0o5 if path.is_dir() else 0o4)
    ]
    assert shut == []
    unit = machine.path("etc/systemd/system/surveillance-agent.service")
    assert unit.stat().st_mode & 0o777 == 0o644
    assert machine.path("etc/surveillance-agent/config.yaml").stat().st_mode & 0o777 == 0o640


def test_one_line_sets_the_service_up_and_one_line_undoes_it(machine: Machine) -> None:
    machine.install()
    command = machine.path("usr/local/bin/surveillance-agent")
    assert subprocess.check_output([command, "version"], text=True).strip()
    unit = machine.path("etc/systemd/system/surveillance-agent.service")
    assert "ExecStart=/opt/surveillance-agent/bin/surveillance-agent run" in unit.read_text()
    assert machine.path("opt/surveillance-agent/bin/surveillance-agent").exists()
    assert machine.systemctl() == [
        "daemon-reload",
        "enable --quiet surveillance-agent",
        "restart surveillance-agent",
    ]
    config = machine.path("etc/surveillance-agent/config.yaml")
    assert config.stat().st_mode & 0o777 == 0o640
    recording = machine.path("mnt/imagestore/film.mp4")
    state = machine.path("var/lib/surveillance-agent/journal.sqlite")
    for kept in (recording, state):
        kept.parent.mkdir(parents=True)
        kept.touch()
    done = machine.run(machine.path("opt/surveillance-agent/uninstall"))
    assert done.returncode == 0, done.stderr
    assert "disable --now --quiet surveillance-agent" in machine.systemctl()
    left = {path.relative_to(machine.root) for path in machine.root.rglob("*") if path.is_file()}
    assert {str(path) for path in left} == {
        "etc/surveillance-agent/config.yaml",
        "mnt/imagestore/film.mp4",
        "var/lib/surveillance-agent/journal.sqlite",
    }
    assert not command.is_symlink()
    assert "userdel surveillance" in done.stdout


def test_a_second_time_it_updates_and_keeps_the_configuration(machine: Machine) -> None:
    machine.install()
    config = machine.path("etc/surveillance-agent/config.yaml")
    own = "cameras: {yard: {source: 'demo:'}}\n"
    config.write_text(own)
    (machine.source / "agent" / "new_module.py").write_text('"""New."""\n')
    (machine.source / "agent" / "cli.py").touch()
    assert "stays as it is" in machine.install("--with", "report")
    assert config.read_text() == own
    assert machine.path("opt/surveillance-agent/agent/new_module.py").exists()
    assert "-r requirements/report.txt" in machine.asked.read_text()


def test_a_bad_configuration_is_named_and_the_running_service_is_left_alone(
    machine: Machine,
) -> None:
    machine.install()
    machine.path("etc/surveillance-agent/config.yaml").write_text("cameras: {yard: {}}\n")
    machine.asked.write_text("")
    done = machine.run(machine.source / "script" / "install")
    assert done.returncode == 1
    assert "cameras.yard.source: is required and missing" in done.stderr
    assert machine.systemctl() == []


@pytest.mark.parametrize(
    ("command", "script", "words"),
    [
        ("id", "echo 1000", "it needs root: sudo script/install"),
        ("uname", "echo armv7l", "armv7l is not supported"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_changed(
    machine: Machine, command: str, script: str, words: str
) -> None:
    machine.command(command, script)
    done = machine.run(machine.source / "script" / "install")
    assert done.returncode == 1
    assert words in done.stderr
    assert list(machine.root.iterdir()) == []


def test_a_folder_of_somebody_is_never_removed(machine: Machine) -> None:
    theirs = machine.path("opt/surveillance-agent/precious")
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    done = machine.run(machine.source / "script" / "install")
    assert "is not from this script" in done.stderr
    done = machine.run(machine.source / "script" / "uninstall")
    assert "nothing is installed" in done.stderr
    assert theirs.exists()
