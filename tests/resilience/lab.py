"""A house with everything that can break: camera, broker, link, disk, clock, memory, sound."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest

from tests.resilience.camera import Camera
from tests.resilience.footprint import footprint
from tests.resilience.observation import Footprint, Interval, Life, Taken
from tests.resilience.tools import faultfs
from tests.resilience.watch import Watch
from tests.support import home_assistant
from tests.support.agent_process import CAMERA, House, Process
from tests.support.alsa import SoundCard
from tests.support.broker import Broker, write_passwords
from tests.support.faulty_link import FaultyLink
from tests.support.wallclock import CLOCK, put_ahead, wallclock

T = TypeVar("T")
AGENT_LOGIN = {"username": "pi", "password": "right"}
WATCH_LOGIN = {"username": "watch", "password": "right"}
#: Below the range that Linux hands out by itself.
_PORTS = (15_000, 32_000)
#: In the log of an agent, once each time it begins.
STARTING = b": starting, version"
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Setup:
    """What a house needs to have.

    Attributes:
        seed: of the camera.
        needs: of `disk` (breaks on command), `clock` (can be stepped), `hosts` (the camera has a
            name), `memory`, `cpu` (control groups), `tmp`, `state` (small ones), `sound`,
            `home_assistant` (a real one).
        ahead: seconds that the agent's clock is ahead from the start on.
        zone: the agent's time zone.
    """

    seed: int
    needs: frozenset[str] = frozenset()
    ahead: float = 0.0
    zone: str = "UTC"


class Lab(House):
    """Starts all of it, keeps the agent running as a supervisor would, and notes what it did."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        self._stack = ExitStack()
        self.setup = setup
        (folder / "broker").mkdir()
        self.passwords = folder / "broker" / "passwords"
        self.allow(AGENT_LOGIN, WATCH_LOGIN)
        anyone = "true" if "home_assistant" in setup.needs else "false"  # its rig has no password
        lines = [f"allow_anonymous {anyone}", f"password_file {self.passwords}"]
        self.broker = Broker(folder / "broker", lines)
        self.link = FaultyLink(self.broker.port)
        super().__init__(folder, self.link.port)
        self.camera_port = udp_port(setup.seed)
        self.config["cameras"][CAMERA]["source"] = f"hk://127.0.0.1:{self.camera_port}"
        self.camera = Camera(folder, self.camera_port, setup.seed)
        self.env: dict[str, str] = {"TZ": setup.zone, "TMPDIR": str(folder / "tmp")}
        (folder / "tmp").mkdir()
        self.lives: list[Life] = []
        self.busy: list[Interval] = []
        self.doubled: list[Interval] = []  # another agent spoke on the same topics
        self.forgot: list[float] = []
        self.disarmings: list[float] = []  # when somebody was to disarm it
        self.taken: list[Taken] = []
        self.listening: list[Interval] = []  # when Home Assistant was there to hear events
        self.strays: list[str] = []
        self.findings: list[str] = []  # of a fault, about how it ended
        self.figures: dict[str, float] = {}
        self.leaves: tuple[str, ...] = ()  # what problems begin with that may last
        self.offsets: list[tuple[float, float]] = [(0.0, setup.ahead)]
        self.ending: str | None = None  # what is being done to the agent
        self._told = float("inf")  # since when
        self.short_of_memory = False  # whoever starts now may be killed, too
        self.process: Process | None = None
        self._born = 0.0
        self._looked_at = 0.0
        self._log_size = self._log_begins = 0  # of the agent's log, and where this life's begins
        self.fresh: Footprint | None = None  # of the process that runs, once it was settled
        self.config["mqtt"] |= {**AGENT_LOGIN, "keepalive": 5}
        self.config["cameras"][CAMERA] |= {
            "analysis_fps": 30,
            "recording": {"post_frames": 3, "pre_seconds": 0.5},
        }
        self.config["agent"]["trust_clock"] = "always"

    def __enter__(self) -> Self:
        try:
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._stack.close()

    def _set_up(self) -> None:
        needs, stack = self.setup.needs, self._stack
        if "disk" in needs:
            self.mount_disk()
            stack.callback(lambda: self.disk.stop())  # noqa: PLW0108  the disk of then
        if "clock" in needs or self.setup.ahead:
            (self.folder / CLOCK).write_bytes(bytes(8))
            self.step_clock(self.setup.ahead)
            self.env |= wallclock(self.folder)
        if "hosts" in needs:
            self._name_the_camera()
        for kind in {"memory", "cpu"} & needs:
            self._make_group(kind)
        if "tmp" in needs:
            self._mount_small("tmp", "1m")
        if "state" in needs:
            (self.folder / "state").mkdir()
            self._mount_small("state", "8m")
        if "sound" in needs:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            (self.folder / "sound").mkdir()
            self.sound = SoundCard(self.folder / "sound", patch)
            self.sound.plug_in()
            self.config["beep"] = {"cooldown_seconds": 1}
        self.broker.start()
        self.broker_began = time.monotonic()
        stack.callback(self.broker.kill)
        stack.enter_context(self.link)
        if "home_assistant" in needs:
            self.home_assistant = home_assistant.make(self.folder / "ha", self.broker.port)
            stack.callback(self.home_assistant.stop)
            self.home_assistant.start()
        self.watch = stack.enter_context(Watch(self.broker.port, **WATCH_LOGIN))
        stack.callback(self.camera.kill)
        self.camera.start()

    # ------------------------------------------------------------ the agent, supervised

    def start(self) -> None:
        """Starts the agent; from now on it is started again whenever it ends."""
        log = self.folder / "agent.log"
        self._log_begins = log.stat().st_size if log.exists() else 0
        self._born = self._looked_at = time.monotonic()
        self.ending, self.fresh = "SIGKILL" if self.short_of_memory else None, None
        self._told = float("inf")
        self.process = self.agent(**self.env)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def age(self) -> float:
        """Of the agent's process, in seconds."""
        return time.monotonic() - self._born

    def look_after(self) -> None:
        """What a supervisor does: notes that it ended, starts it again."""
        if self.process is not None and self.process.exit_code is not None:
            self._bury()
            self.start()
        self._note_restart()

    def _note_restart(self) -> None:
        """An agent that restarts itself keeps its process: its log tells."""
        looked_at, self._looked_at = self._looked_at, time.monotonic()
        if self.process is None or self.process.log_file.stat().st_size == self._log_size:
            return
        log = self.process.log_file.read_bytes()
        self._log_size = len(log)
        if log.count(STARTING, self._log_begins) > 1:
            self._log_begins = log.rindex(STARTING)
            span = Interval(self._born, looked_at)
            self.lives.append(Life(span, "restart", 0, self._told))
            self._born, self.fresh, self._told = looked_at, None, float("inf")

    def tell_to_end(self, how: str | None) -> None:
        """What is done to the agent from now on; None: a command that may never get there."""
        self.ending, self._told = how, time.monotonic()

    def end(self, how: str, number: signal.Signals, seconds: float = 60.0) -> None:
        """Ends the agent for good, waiting for it as long as a busy machine may take."""
        assert self.process is not None
        self.tell_to_end(how)
        with suppress(ProcessLookupError):
            self.process.signal(number)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.ending = None  # it had to go by itself
            self.process.kill()
        self._bury()
        self.process = None

    def _bury(self) -> None:
        assert self.process is not None
        code = self.process.exit_code
        span = Interval(self._born, time.monotonic())
        self.lives.append(Life(span, self.ending, -1 if code is None else code, self._told))

    def wait(self, condition: Callable[[], object], seconds: float) -> float | None:
        """Looks after the agent until the condition holds; when it did, None: it did not."""
        deadline = time.monotonic() + seconds
        while True:
            self.look_after()
            if condition():
                return time.monotonic()
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.02)

    def footprint(self) -> Footprint:
        return footprint(self.pid)

    # ------------------------------------------------------------ parts that break

    def at_end(self, what: Callable[[], object]) -> None:
        """Is done when the house is left, however the run went."""
        self._stack.callback(what)

    def enter(self, context: AbstractContextManager[T]) -> T:
        """A part of the house that only this run has; it lasts until the house is left."""
        return self._stack.enter_context(context)

    def home_assistant_says(self, word: str) -> None:
        """Its birth or its farewell; from then on it hears events, or does no more."""
        now = time.monotonic()
        if word == "online":
            self.listening.append(Interval(now, float("inf")))
        else:
            before = self.listening or [Interval(float("-inf"), now)]  # who takes leave was there
            self.listening = [Interval(i.begun, min(i.ended, now)) for i in before]
        self.watch.tell("homeassistant/status", word)

    def mount_disk(self, medium: str = "medium") -> None:
        self.disk: Any = faultfs().FaultFS(self.folder / medium, self.store).start()

    def step_clock(self, ahead: float) -> None:
        """Puts the agent's wall clock so many seconds ahead of the machine's."""
        put_ahead(self.folder, ahead)
        self.offsets.append((time.monotonic(), int(ahead)))

    def allow(self, *logins: dict[str, str]) -> None:
        """Only these users may connect, from the broker's next look at its file on."""
        write_passwords(self.passwords, *logins)

    def _mount_small(self, name: str, size: str) -> None:
        """A file system of its own for one of the agent's folders, that can be filled."""
        place = str(self.folder / name)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "lab", place]
        subprocess.run(mount, check=True)
        self._stack.callback(subprocess.run, ["umount", "-l", place], check=False)

    def write_hosts(self, address: str) -> None:
        """In place: the file is mounted."""
        with (self.folder / "hosts").open("r+") as file:
            file.write(f"{address} lab-camera\n".ljust(60))

    def _name_the_camera(self) -> None:
        hosts = self.folder / "hosts"
        hosts.write_text(" " * 60)
        self.write_hosts("127.0.0.1")
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        self.before += ["unshare", "--mount", "sh", "-c", script, str(hosts)]
        self.config["cameras"][CAMERA]["source"] = f"hk://lab-camera:{self.camera_port}"

    def group(self, kind: str) -> Path:
        """The control group that the agent lives in."""
        return CGROUPS / kind / f"lab-{os.getpid()}-{self.folder.name}"

    def _make_group(self, kind: str) -> None:
        group = self.group(kind)
        group.mkdir()
        self._stack.callback(lambda: _remove(group))
        script = 'echo $$ > "$0" && exec "$@"'
        self.before += ["sh", "-c", script, str(group / "cgroup.procs")]

    def spool_is_empty(self) -> bool:
        return not any((self.folder / "state" / "spool").glob("*"))

    def clean(self) -> None:
        """The folder goes; only after a run in which all was well."""
        shutil.rmtree(self.folder, ignore_errors=True)


def udp_port(seed: int) -> int:
    """Free now, and not one that the kernel gives to others while the camera is off."""
    start = 37 * seed + 101 * os.getpid()  # others look for one at the same time
    for port in range(_PORTS[0] + start % (_PORTS[1] - _PORTS[0]), _PORTS[1]):
        with socket.socket(type=socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no UDP port is free")


def _remove(group: Path) -> None:
    deadline = time.monotonic() + 5
    while group.exists() and time.monotonic() < deadline:
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)
