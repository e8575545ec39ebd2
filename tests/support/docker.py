"""Real Docker: images, and the project's compose file in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.support.broker import free_port

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "surveillance-agent:prove"
APP_IMAGE = "surveillance-agent-app:prove"
NAMED_IMAGE = "surveillance-agent-named:prove"


def why_not() -> str | None:
    """The reason why containers cannot be tried here, or None."""
    if os.environ.get("PROVE_CONTAINER") != "1":
        return "builds images and takes minutes: set PROVE_CONTAINER=1"
    if shutil.which("docker") is None:
        return "docker is not installed"
    asked = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60)
    return None if asked.returncode == 0 else "no Docker engine answers"


def docker(*arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401  subprocess's own
    """One docker command with its output as text."""
    done = subprocess.run(
        ["docker", *arguments],
        **{"capture_output": True, "text": True, "timeout": 900, **options},
        check=False,
    )
    assert done.returncode == 0 or not check, f"docker {arguments}: {done.stdout}{done.stderr}"
    return done


def inspect(what: str) -> dict[str, Any]:
    """`docker inspect` of one container or image."""
    found: list[dict[str, Any]] = json.loads(docker("inspect", what).stdout)
    return found[0]


class Project:
    """A checkout as a newcomer has it: compose files, config/, deploy/ and secrets/ in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker_port = free_port()
        for name in ("docker-compose.yml", "compose.sound.yml"):
            shutil.copy(ROOT / name, folder)
        for name in ("config", "deploy"):
            shutil.copytree(ROOT / name, folder / name)
        (folder / "secrets" / "agent").mkdir(parents=True)
        self._environment = {
            **os.environ,
            "AGENT_IMAGE": IMAGE,
            "COMPOSE_PROJECT_NAME": f"prove{uuid.uuid4().hex[:8]}",
            "MQTT_LISTEN": f"127.0.0.1:{self.broker_port}",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            print(self.logs())  # noqa: T201  pytest shows it with the failure
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "2", check=False)

    def configure(self, **changes: object) -> None:
        """Writes config/config.yaml."""
        path = self.folder / "config" / "config.yaml"
        path.write_text(yaml.safe_dump(changes))
        path.chmod(0o644)

    def override(self, services: dict[str, Any]) -> None:
        """Adds to the compose file, as its own override file does."""
        path = self.folder / "docker-compose.override.yml"
        path.write_text(yaml.safe_dump({"services": services}))

    def script(self, *command: str) -> str:
        """A script of the project, with its output."""
        done = subprocess.run(
            [str(self.folder / command[0]), *command[1:]],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def compose(self, *arguments: str, check: bool = True) -> str:
        """One compose command, with its output."""
        options = {"cwd": self.folder, "env": self._environment}
        done = docker("compose", *arguments, check=check, **options)
        return done.stdout + done.stderr

    def container(self, service: str = "agent") -> dict[str, Any]:
        """What Docker knows about a service's container."""
        return inspect(self.compose("ps", "--all", "--quiet", service).split()[0])

    def run_in_agent(self, *command: str, check: bool = True) -> str:
        """A command in the running agent's container, as its user."""
        return self.compose("exec", "-T", "agent", *command, check=check)

    def logs(self) -> str:
        """Of all services."""
        return self.compose("--profile", "*", "logs", "--no-color", check=False)
