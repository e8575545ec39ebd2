"""What a process takes, as the kernel says."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from tests.resilience.observation import Footprint


def footprint(pid: int) -> Footprint:
    """Of a living process."""
    proc = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    return Footprint(
        threads=int(status["Threads"]),
        descriptors=sum(1 for _ in (proc / "fd").iterdir()),
        children=len(children(pid)),
        rss_mib=int(status["VmRSS"].split()[0]) / 1024,
        peak_mib=int(status["VmHWM"].split()[0]) / 1024,
        own_mib=int(status["RssAnon"].split()[0]) / 1024,
    )


def children(pid: int) -> list[int]:
    """Of any of its threads."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found += (task / "children").read_text().split()
    return [int(child) for child in found]


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share_of_cpu(pid: int, seconds: float) -> float:
    """Used while we wait, 1.0: one processor all the time."""
    before, begun = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - begun)
