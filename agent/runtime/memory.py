"""What cameras may cost: memory by two accounts of the process, time by an allowance for each.

An account knows its total. Each camera has a reserve in it that no other camera can take. The
memory above the reserves goes to the first camera that asks: a single camera gets all of it. So a
camera that sends as many or as large pictures as it can takes only free memory, never the memory
that another camera needs.
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
#: The part of it that each camera always gets: one second of 30 frames of 600 kB.
FRAMES_RESERVE = 20 * MIB
#: Of the rest, for encoders and large pictures: what clips of 1920x1080 need.
WORK_RESERVE = 52 * MIB
#: What is left for work under a limit that is too small.
_LEAST_WORK = 64 * MIB
#: When this part of a camera's share for frames is taken, it keeps no more optional frames.
_ROOMY = 0.75
#: Part of the processors that one camera, with all others, may keep busy above its own part.
_MOST_BUSY = 0.75
#: Seconds between two counts of what a thread took of the processor, at least.
COUNTED_EVERY = 0.1
#: Seconds for which it is known how many processors a camera may keep busy.
_RATE_FOR = 1.0
#: Seconds for which a refusal is said, after the last one.
_LATELY = 60.0

#: Control groups of the first kind write a number near 2**63 for none.
_NO_LIMIT = 1 << 50


class _Use:
    """What one holder has of an account."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0


class Account:
    """Bytes of several holders. Safe between threads, and while the garbage is collected."""

    def __init__(self, total: int, reserve: int) -> None:
        self.total = total
        self._reserve = reserve
        self._uses: weakref.WeakKeyDictionary[Share, _Use] = weakref.WeakKeyDictionary()
        self._taken = 0  # by all of them
        self._others = 0  # bytes that are kept for all but one of them, at least
        self._given: deque[tuple[_Use, int]] = deque()  # bounded by what was taken
        self._lock = threading.Lock()

    def enter(self, share: Share) -> None:
        """One more holder, as long as somebody has it."""
        with self._lock:
            self._uses[share] = _Use()
            self._others = (len(self._uses) - 1) * self._kept()

    def used(self, share: Share) -> int:
        """Bytes that it holds."""
        with self._lock:
            self._settle()
            return self._uses[share].size

    def most(self, share: Share) -> int:
        """Bytes that it could hold now, those that it holds included."""
        with self._lock:
            self._settle()
            return self._most(share)

    def roomy(self, share: Share, part: float) -> bool:
        """Whether it holds less than this part of what it could hold."""
        with self._lock:
            self._settle()
            size = self._uses[share].size
            return size < part * (self._surely() + size) or size < part * self._most(share)

    def take(self, share: Share, size: int) -> Held | None:
        """Takes `size` bytes, as long as the returned object lives; None: they are not free."""
        with self._lock:
            self._settle()
            use = self._uses[share]
            if size > self._surely() and use.size + size > self._most(share):
                return None
            use.size += size
            self._taken += size
            return Held(self, use, size)

    def give(self, use: _Use, size: int) -> None:
        """Gives back what was taken. Takes no lock: the thread that has it may be the one."""
        self._given.append((use, size))

    def _settle(self) -> None:
        while self._given:
            use, size = self._given.popleft()
            use.size -= size
            self._taken -= size

    def _surely(self) -> int:
        """Bytes that each of them could take, at least: as if nobody had used its reserve yet.

        This needs no look at each of them. While one leaves it says less than it could.
        """
        return self.total - self._taken - self._others

    def _most(self, share: Share) -> int:
        kept = self._kept()
        others = [(use.size, it.ended) for it, use in self._uses.items() if it is not share]
        return self.total - sum(used if ended else max(used, kept) for used, ended in others)

    def _kept(self) -> int:
        """Bytes that are kept for each of them."""
        return min(self._reserve, self.total // max(1, len(self._uses)))


class Held:
    """Bytes of an account, given back when nobody has this any more."""

    __slots__ = ("_account", "_size", "_use")

    def __init__(self, account: Account, use: _Use, size: int) -> None:
        self._account, self._use, self._size = account, use, size

    def __del__(self) -> None:
        self._account.give(self._use, self._size)


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
        self._rate, self._rate_at = 0.0, float("-inf")  # processors, and when that was found
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
        """Whether there is memory for frames that are only kept for a possible event."""
        return self._memory.frames.roomy(self, _ROOMY)

    def admit(self, size: int) -> Held | None:
        """Memory for a new frame, as long as the returned object lives; None: refused."""
        now = self._clock.monotonic()
        self.spend()
        if not now - _RATE_FOR < self._rate_at <= now:
            self._rate, self._rate_at = self._memory.processors_for(self, now), now
        if not self._allowance.left(now, self._rate):
            words = f"its pictures take more than {self._rate:.1f} processors"
            self._refuse(f"{words}, which are left for it")
            return None
        held = self._memory.frames.take(self, size)
        if held is None:
            most = self._memory.frames.most(self) // MIB
            self._refuse(f"its pictures that wait take more than {most} MiB")
        return held

    def hold(self, size: int) -> Held | None:
        """Memory for work of `size` bytes, as long as the returned object lives."""
        return self._memory.work.take(self, size)

    @contextmanager
    def work(self, size: int) -> Iterator[bool]:
        """Memory for work of `size` bytes inside the block; False: it is not free, do less."""
        held = self.hold(size) if size else None
        if size and held is None:
            self.reduce(size)
        try:
            yield held is not None or not size
        finally:
            del held

    def reduce(self, size: int) -> None:
        """Counts a picture that was made smaller, or not at all: `size` bytes were not free."""
        self._reduced += 1
        most = self._memory.work.most(self) // MIB
        self._say(f"its pictures need {-(-size // MIB)} MiB of memory, there are {most} for it")

    def spend(self) -> None:
        """Counts what the calling thread took of the processor since it was last counted.

        The system is asked for that now and then only: with each frame of a burst, this took a
        tenth of the thread's time.
        """
        now = self._clock.monotonic()
        if 0.0 <= now - getattr(self._counted, "at", float("-inf")) < COUNTED_EVERY:
            return
        self._counted.at = now
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
