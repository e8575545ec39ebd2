"""Faults of the agent's process and of its speaker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.resilience.fault import REST, Fault
from tests.resilience.footprint import children
from tests.resilience.lab import Lab
from tests.support.agent_process import TOPICS

#: Bytes that are left to the agent's control group; who takes them is smaller than the agent, so
#: that the kernel kills that.
_ROOM = 24 << 20
_HOG = """
import time
open({procs!r}, "w").write("0")
kept = []
while True:
    kept.append(bytearray(1 << 20))
    time.sleep(0.005)
"""
#: Seconds in which the memory is taken; a busy machine is slow to start who takes it.
_HUNGRY_WITHIN = 20.0
#: Seconds in which a process is Python's, not yet the agent's.
_INTERPRETER = 0.3

#: An orderly stop takes up to 8 s; a command is heard and obeyed at once, or later.
_STOP, _HEARD = 12.0, 4.0


class _Ends(Fault):
    """The agent's process ends and is started again; a session that got no farewell is refused."""

    hold = (0.1, 0.3)
    limit = 14.0 + 2 * REST
    loses_frames = True
    once = "process"


class Killed(_Ends):
    name = "process: SIGKILL"

    def inject(self, lab: Lab) -> None:
        lab.tell_to_end("SIGKILL")
        with suppress(ProcessLookupError):
            os.kill(lab.pid, signal.SIGKILL)

    def heal(self, lab: Lab) -> None:
        """The supervisor's business."""
        del lab


class KilledWithChildren(Killed):
    name = "process: SIGKILL of it and its children"

    def inject(self, lab: Lab) -> None:
        lab.tell_to_end("SIGKILL")
        for pid in (lab.pid, *children(lab.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class ChildKilled(Killed):
    name = "process: SIGKILL of the store's child"
    once = ""
    loses_frames = False
    limit = 20.0

    def inject(self, lab: Lab) -> None:
        for pid in children(lab.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Terminated(_Ends):
    name = "process: SIGTERM"

    def inject(self, lab: Lab) -> None:
        self._lives = len(lab.lives)
        lab.tell_to_end("SIGTERM")
        with suppress(ProcessLookupError):
            os.kill(lab.pid, signal.SIGTERM)

    def heal(self, lab: Lab) -> None:
        """Who is ending still answers, and is not to be taken for one that is well."""
        lab.wait(lambda: len(lab.lives) > self._lives, _STOP)


class RestartCommand(Fault):
    name = "command: restart"
    hold = (0.1, 0.3)
    limit = 14.0 + 2 * REST
    loses_frames = True
    once = "process"

    def inject(self, lab: Lab) -> None:
        self._lives = len(lab.lives)
        lab.tell_to_end(None)
        lab.watch.tell(TOPICS.restart, "PRESS")

    def heal(self, lab: Lab) -> None:
        """It does not get there while there is no way to the broker: then it may never come."""
        lab.wait(lambda: len(lab.lives) > self._lives, _HEARD)


class HungUp(Fault):
    name = "process: SIGHUP"
    hold = (0.1, 0.5)

    def inject(self, lab: Lab) -> None:
        lab.wait(lambda: lab.age > _INTERPRETER, 2.0)
        os.kill(lab.pid, signal.SIGHUP)

    def heal(self, lab: Lab) -> None:
        del lab


class Stopped(Fault):
    name = "process: SIGSTOP"
    hold = (1.0, 8.0)
    limit = 14.0 + 2 * REST
    loses_frames = True
    once = "process"

    def inject(self, lab: Lab) -> None:
        os.kill(lab.pid, signal.SIGSTOP)

    def heal(self, lab: Lab) -> None:
        with suppress(ProcessLookupError):
            os.kill(lab.pid, signal.SIGCONT)


def _killed(group: Path) -> int:
    """How often the kernel killed somebody there for want of memory."""
    counts = dict(map(str.split, (group / "memory.oom_control").read_text().splitlines()))
    return int(counts["oom_kill"])


class OutOfMemory(_Ends):
    name = "process: out of memory in its control group"
    needs = frozenset({"memory"})
    hold = (1.0, 2.0)

    def inject(self, lab: Lab) -> None:
        group = lab.group("memory")
        used = int((group / "memory.usage_in_bytes").read_text())
        (group / "memory.limit_in_bytes").write_text(str(used + _ROOM))
        lab.tell_to_end("SIGKILL")
        lab.short_of_memory = True
        script = _HOG.format(procs=str(group / "cgroup.procs"))
        self._hog = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)

    def heal(self, lab: Lab) -> None:
        group = lab.group("memory")
        until = time.monotonic() + _HUNGRY_WITHIN
        while not _killed(group) and time.monotonic() < until:
            time.sleep(0.02)
        self._hog.kill()
        self._hog.wait()
        (group / "memory.limit_in_bytes").write_text("-1")
        lab.short_of_memory = False
        assert _killed(group), "nobody ran out of memory"


class Starved(Fault):
    name = "process: a hundredth of a processor"
    needs = frozenset({"cpu"})
    hold = (1.0, 4.0)
    limit = 14.0 + 2 * REST
    loses_frames = True
    once = "process"

    def inject(self, lab: Lab) -> None:
        (lab.group("cpu") / "cpu.cfs_quota_us").write_text("1000")

    def heal(self, lab: Lab) -> None:
        (lab.group("cpu") / "cpu.cfs_quota_us").write_text("-1")
        counts = dict(map(str.split, (lab.group("cpu") / "cpu.stat").read_text().splitlines()))
        lab.figures["throttled"] = float(counts["nr_throttled"])  # 0: it had nothing to do


class NoSound(Fault):
    name = "sound: no device"
    needs = frozenset({"sound"})
    hold = (2.0, 5.0)
    leaves = "audio_"
    once = "sound"

    def inject(self, lab: Lab) -> None:
        lab.sound.unplug()
        lab.watch.ask("beep")

    def heal(self, lab: Lab) -> None:
        lab.sound.plug_in()


class SoundHangs(NoSound):
    name = "sound: PortAudio hangs"

    def inject(self, lab: Lab) -> None:
        lab.sound.stall(8)
        lab.watch.ask("beep")


class SoundBroken(NoSound):
    name = "sound: PortAudio aborts its process"

    def inject(self, lab: Lab) -> None:
        lab.sound.break_configuration()
        lab.watch.ask("beep")


ALL = (
    Killed,
    KilledWithChildren,
    ChildKilled,
    Terminated,
    RestartCommand,
    HungUp,
    Stopped,
    OutOfMemory,
    Starved,
    NoSound,
    SoundHangs,
    SoundBroken,
)
