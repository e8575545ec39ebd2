"""The real agent and the simulated camera as processes of their own, as a user starts them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import yaml

from schemas.topics import AgentTopics, CameraTopics
from tests.support.broker import free_port
from tests.support.waiting import PATIENCE, wait_until

CAMERA = "yard"
TOPICS = AgentTopics("surveillance", "pi")
YARD: CameraTopics = TOPICS.camera(CAMERA)


class Process:
    """A command of ours with its log in a file; `before` is a command that executes it.

    Processes may follow each other in one file: each knows its own lines only.
    """

    def __init__(
        self,
        log: Path,
        *arguments: str,
        env: dict[str, str] | None = None,
        before: Sequence[str] = (),
        cwd: Path | None = None,
    ) -> None:
        self.log_file = log
        self._begun = log.stat().st_size if log.exists() else 0  # bytes of those before it
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*before, sys.executable, "-m", "agent", *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        with self.log_file.open("rb") as file:
            file.seek(self._begun)
            return file.read().decode(errors="replace")

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = PATIENCE) -> int:
        return self._process.wait(seconds)

    def kill(self) -> None:
        """Ends it as `kill -9` does."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM; the exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()

    def wait_for_line(self, pattern: str, seconds: float = PATIENCE) -> str:
        """The first line of the log that matches."""
        found = wait_until(
            f"line {pattern!r} in {self.log_file.name}: …{self.log[-800:]}",
            lambda: re.search(f".*{pattern}.*", self.log),
            seconds,
        )
        return found.group(0)


class House:
    """A folder with a camera, a store and a state folder; agents come and go in it."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.store.mkdir(exist_ok=True)
        self.camera_port = free_port()
        self.config: dict[str, Any] = {
            "agent": {"id": "pi", "state_dir": str(folder / "state")},
            "mqtt": {"host": "127.0.0.1", "port": broker_port},
            "store": {"path": str(self.store)},
            "beep": {"enabled": False},
            "cameras": {CAMERA: {"source": f"hk://127.0.0.1:{self.camera_port}"}},
        }
        self.before: list[str] = []  # a command that executes the agent
        self._started: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._started:
            process.__exit__(*error)

    def simulate(self, *arguments: str) -> Process:
        """The camera; by default somebody walks through a room every ten seconds."""
        port = str(self.camera_port)
        process = Process(self.folder / "camera.log", "simulate-camera", "--port", port, *arguments)
        self._started.append(process)
        process.wait_for_line("simulator: camera on port")
        return process

    def agent(self, **env: str) -> Process:
        """The agent, with the configuration as it stands now."""
        process = Process(
            self.folder / "agent.log",
            "run",
            "--config",
            str(self._configured()),
            env={"TZ": "UTC", **env},
            before=self.before,
        )
        self._started.append(process)
        return process

    def _configured(self) -> Path:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.config))
        return path

    def command(
        self, *arguments: str, within: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Another command of ours with the configuration as it stands now, run to its end."""
        return subprocess.run(
            [sys.executable, "-m", "agent", *arguments, "--config", self._configured()],
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
