"""What cameras may cost: memory by two accounts of the process, time by an allowance for each.

An account knows its total. Each camera has a reserve in it that nobody else can take. What lies
above the reserves is for whoever comes first: a camera alone gets all of it. So a camera that sends
pictures as large or as many as it can takes what is free, never what another one needs.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from agent.core.time_allowance import Allowance, Costs
from agent.runtime.clock import Clock, thread_seconds

MIB = 2**20
#: Without another limit the agent stays within this; deploy/surveillance-agent.service and
#: docker-compose.yml say the same.
LEAST_LIMIT = 512 * MIB
#: The agent, its libraries, the children of store and speaker, and what belongs to no camera.
BESIDES = 192 * MIB
#: Part of the limit for pictures as they came, between the camera and the spool.
FRAMES_PART = 3 / 16
#: Of that each camera can have so much whatever the others do: a second of 30 frames of 600 kB.
FRAMES_RESERVE = 20 * MIB
#: Of the rest, for encoders and large pictures: what clips of 1920x1080 need.
WORK_RESERVE = 52 * MIB
#: What is left for work under a limit that is too small.
_LEAST_WORK = 64 * MIB
#: A camera has no more room for what can wait when so much of its frames' share is taken.
_ROOMY = 0.75
#: Part of the processors that one camera, with all others, may keep busy above its own part.
_MOST_BUSY = 0.75
#: Seconds for which a refusal is said, after the last one.
_LATELY = 60.0

#: Control groups of the first kind write a number near 2**63 for none.
_NO_LIMIT = 1 << 50


class Account:
    """Bytes of several holders. Safe between threads, and while the garbage is collected."""

    def __init__(self, total: int, reserve: int) -> None:
        self.total = total
        self._reserve = reserve
        self._used: weakref.WeakKeyDictionary[Share, int] = weakref.WeakKeyDictionary()
        self._given: deque[tuple[Share, int]] = deque()  # bounded by what was taken
        self._lock = threading.Lock()

    def enter(self, share: Share) -> None:
        """One more holder, as long as somebody has it."""
        with self._lock:
            self._used[share] = 0

    def used(self, share: Share) -> int:
        """Bytes that it holds."""
        with self._lock:
            self._settle()
            return self._used[share]

    def most(self, share: Share) -> int:
        """Bytes that it could hold now, those that it holds included."""
        with self._lock:
            self._settle()
            return self._most(share)

    def take(self, share: Share, size: int) -> bool:
        """False: there is no room for so many bytes."""
        with self._lock:
            self._settle()
            if self._used[share] + size > self._most(share):
                return False
            self._used[share] += size
            return True

    def give(self, share: Share, size: int) -> None:
        """Gives back what was taken. Takes no lock: the thread that has it may be the one."""
        self._given.append((share, size))

    def _settle(self) -> None:
        while self._given:
            share, size = self._given.popleft()
            if share in self._used:  # not collected together with what it held
                self._used[share] -= size

    def _most(self, share: Share) -> int:
        kept = min(self._reserve, self.total // max(1, len(self._used)))
        others = [(used, it.ended) for it, used in self._used.items() if it is not share]
        return self.total - sum(used if ended else max(used, kept) for used, ended in others)


class Held:
    """Bytes of an account, given back when nobody has this any more."""

    __slots__ = ("_account", "_share", "_size")

    def __init__(self, account: Account, share: Share, size: int) -> None:
        self._account, self._share, self._size = account, share, size

    def __del__(self) -> None:
        self._account.give(self._share, self._size)


class Memory:
    """The accounts of one process."""

    def __init__(self, limit: int, processors: int | None = None) -> None:
        """Divides what may be taken.

        Args:
            limit: bytes of the whole agent, its children included.
            processors: that there are; None: of this machine.
        """
        frames = int(limit * FRAMES_PART)
        self.frames = Account(frames, FRAMES_RESERVE)
        self.work = Account(max(_LEAST_WORK, limit - BESIDES - frames), WORK_RESERVE)
        self.processors = processors or len(os.sched_getaffinity(0))
        self._lock = threading.Lock()
        self._shares: weakref.WeakSet[Share] = weakref.WeakSet()

    def share(self, clock: Clock) -> Share:
        """One more camera's."""
        share = Share(self, clock)
        with self._lock:
            self._shares.add(share)
        self.frames.enter(share)
        self.work.enter(share)
        return share

    def processors_for(self, share: Share, now: float) -> float:
        """That this camera may keep busy: its part, and most of what the others leave."""
        with self._lock:
            shares = list(self._shares)
        others = [it.busy(now) for it in shares if it is not share and not it.ended]
        return max(self.processors / (len(others) + 1), _MOST_BUSY * self.processors - sum(others))


class Share:
    """What one camera may cost. All its threads use it.

    Attributes:
        ended: the camera is gone, or off: nothing is reserved for it. What it holds still counts.
    """

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self.ended = False
        self._memory = memory
        self._clock = clock
        self._allowance = Allowance(clock.monotonic())
        self._counted = threading.local()
        self._refused = self._reduced = 0
        self._why = ""
        self._why_until = 0.0

    @property
    def costs(self) -> Costs:
        """The counters of now, and why something was refused lately."""
        lately = self._clock.monotonic() < self._why_until
        return Costs(self._refused, self._reduced, self._why if lately else "")

    @property
    def roomy(self) -> bool:
        """Whether there is room for frames that are only kept in case."""
        frames = self._memory.frames
        return frames.used(self) < _ROOMY * frames.most(self)

    def admit(self, size: int) -> Held | None:
        """Room for a frame that came, as long as somebody has what is returned; None: refused."""
        now = self._clock.monotonic()
        self.spend()
        rate = self._memory.processors_for(self, now)
        if not self._allowance.left(now, rate):
            self._refuse(
                f"its pictures take more than {rate:.1f} processors, which are left for it"
            )
            return None
        if not self._memory.frames.take(self, size):
            most = self._memory.frames.most(self) // MIB
            self._refuse(f"its pictures that wait take more than {most} MiB")
            return None
        return Held(self._memory.frames, self, size)

    def hold(self, size: int) -> Held | None:
        """Room for work of so many bytes, as long as somebody has what is returned."""
        return Held(self._memory.work, self, size) if self._memory.work.take(self, size) else None

    @contextmanager
    def work(self, size: int) -> Iterator[bool]:
        """Room for work of so many bytes, meanwhile; False: there is none, make it smaller."""
        held = self.hold(size) if size else None
        if size and held is None:
            self.reduce(size)
        try:
            yield held is not None or not size
        finally:
            del held

    def reduce(self, size: int) -> None:
        """Counts something that was made smaller, or not at all, for want of so many bytes."""
        self._reduced += 1
        most = self._memory.work.most(self) // MIB
        self._say(f"its pictures need {-(-size // MIB)} MiB of memory, there are {most} for it")

    def spend(self) -> None:
        """Counts what the calling thread took of the processor since it last called."""
        used = thread_seconds()
        self._allowance.spend(used - getattr(self._counted, "seconds", used))
        self._counted.seconds = used

    def busy(self, now: float) -> float:
        """Processors that it keeps busy."""
        return self._allowance.busy(now)

    def _refuse(self, why: str) -> None:
        self._refused += 1
        self._say(why)

    def _say(self, why: str) -> None:
        self._why, self._why_until = why, self._clock.monotonic() + _LATELY


@dataclass(frozen=True, slots=True)
class Machine:
    """Where its limits are read."""

    own: Path = Path("/proc/self/cgroup")
    groups: Path = Path("/sys/fs/cgroup")
    memory: Path = Path("/proc/meminfo")


def memory_limit(machine: Machine = Machine()) -> int:
    """Bytes that the agent may take when nobody says it.

    The least limit of its control group and those around it, as systemd and Docker set them; where
    there is none, half of the machine's memory.
    """
    total = _total(machine.memory)
    limits = [it for it in _limits(machine) if it < (total or _NO_LIMIT)]
    return min(limits, default=max(LEAST_LIMIT, total // 2))


def _limits(machine: Machine) -> Iterator[int]:
    for line in _text(machine.own).splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            root, name = machine.groups / "memory", "memory.limit_in_bytes"
        elif not controllers:
            root, name = machine.groups, "memory.max"
        else:
            continue
        group = PurePosixPath(path.lstrip("/"))
        for each in (group, *group.parents):  # in a container the path may be the host's
            said = _text(root / each / name).strip()
            if said.isdecimal():  # not "max"
                yield int(said)


def _total(meminfo: Path) -> int:
    first = _text(meminfo).partition("\n")[0].split()
    return int(first[1]) * 1024 if len(first) > 1 and first[1].isdecimal() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
