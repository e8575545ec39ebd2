"""A private Mosquitto on a free port of loopback, with a configuration made for one test."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.support.needs import need
from tests.support.waiting import PATIENCE, wait_until

#: Debian keeps it where only root's PATH looks.
PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
#: Below the range that Linux hands out by itself.
_PORTS = range(15_000, 32_000)
#: Of its own: a test that seeds the common one shall not get the same port again and again.
_CHANCE = random.SystemRandom()
_CLAIMS = os.open(
    Path(tempfile.gettempdir()) / f"surveillance-tests-{os.getuid()}.ports", os.O_RDWR | os.O_CREAT
)
_mine: set[int] = set()


def mosquitto() -> str:
    """The program; without it the test is skipped, or fails where all servers are promised."""
    path = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), *PLACES]))
    need("" if path else "mosquitto is not installed")
    return str(path)


def claim(port: int) -> bool:
    """Whether the port is this process's alone from now on, until its end.

    It has the lock of one byte in a file that all tests of this machine share.
    """
    if port in _mine:
        return False
    try:
        fcntl.lockf(_CLAIMS, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _mine.add(port)
    return True


def free_port() -> int:
    """A port of loopback that nobody has just now, of TCP or of UDP.

    Neither the kernel nor another call gives it to somebody else, in any run of the tests.
    """
    while True:
        port = _CHANCE.choice(_PORTS)
        if not claim(port):
            continue
        kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        with ExitStack() as probes, suppress(OSError):
            for kind in kinds:
                probes.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
            return port


def write_passwords(path: Path, *logins: dict[str, str]) -> None:
    """Makes a `password_file` that lets these in, each with `username` and `password`."""
    path.write_text("")
    program = Path(mosquitto()).name.replace("mosquitto", "mosquitto_passwd")
    for login in logins:
        words = [program, "-b", str(path), login["username"], login["password"]]
        subprocess.run(words, check=True)


class Broker:
    """Start, kill, restart; `log` is what it said.

    `lines` are added to the configuration; `listener` lines belong to the listener (TLS).
    """

    def __init__(
        self,
        folder: Path,
        lines: Sequence[str] = ("allow_anonymous true",),
        listener: Sequence[str] = (),
    ) -> None:
        self._program = mosquitto()
        self.port = free_port()
        self._log = folder / "mosquitto.log"
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            "\n".join(
                [
                    f"listener {self.port} 127.0.0.1",
                    *listener,
                    f"log_dest file {self._log}",
                    "log_type all",
                    "persistence false",
                    # A subscriber that a busy machine holds up must not lose what it waits for.
                    "max_queued_messages 100000",
                    *lines,
                    "",
                ]
            )
        )
        # It drops its rights to the user mosquitto, who has to read what the test wrote.
        self._config.write_text(self._config.read_text() + "user root\n")
        self._written = self._config.read_text()
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, *lines: str) -> None:
        """More lines of the configuration, from the next start on; those of the last call go."""
        self._config.write_text("\n".join([self._written.rstrip(), *lines, ""]))

    def start(self) -> Broker:
        """Starts it and waits for the port."""
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(f"mosquitto listens on {self.port}: {self.log[-300:]}", self._listens)
        return self

    def signal(self, number: signal.Signals) -> None:
        """To the process, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Ends it at once: no DISCONNECT, nothing retained survives."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ends it in good order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
