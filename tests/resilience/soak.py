"""The soak: one agent for hours with visits and now and then a fault; does anything grow?"""

from __future__ import annotations

import random
import signal
import time
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.resilience.broker_faults import BrokerKilled, HomeAssistantRestarts, LinkCut
from tests.resilience.camera_faults import CameraGarbage, CameraLoss, CameraReboot, CameraSilence
from tests.resilience.fault import Fault
from tests.resilience.fit import Slope, slope_of
from tests.resilience.footprint import children, cpu_seconds, footprint
from tests.resilience.lab import Lab, Setup
from tests.resilience.process_faults import HungUp
from tests.support.agent_process import YARD

#: Those that leave the process and its store's process alive, one after the other.
FAULTS: tuple[type[Fault], ...] = (
    CameraLoss,
    BrokerKilled,
    CameraSilence,
    HomeAssistantRestarts,
    LinkCut,
    HungUp,
    CameraReboot,
    CameraGarbage,
)
EVERY = 60.0
MEASURE_EVERY = 2.0
#: Part of the time that caches and pools take to fill; it is not fitted.
WARM_UP = 0.25
PARTS = (
    "memory of its own (anonymous), MiB",
    "pages of files that it touched, MiB",
    "threads",
    "descriptors",
    "store process: memory of its own, MiB",
    "store process: pages of files, MiB",
    "store process: descriptors",
)


def soak(hours: float, folder: Path, seed: int) -> dict[str, Any]:
    """The line for the results; `page` is its part of the page."""
    chance, kinds = random.Random(seed), cycle(FAULTS)
    folder.mkdir(parents=True)
    rows: list[tuple[float, ...]] = []
    with Lab(folder, Setup(seed)) as lab:
        lab.start()
        lab.wait(lambda: lab.watch.events(YARD.event_motion, "motion_ended"), 40.0)
        begun, next_fault, faults = time.monotonic(), time.monotonic() + EVERY, 0
        cpu = cpu_seconds(lab.pid)
        while time.monotonic() - begun < hours * 3600 and not lab.lives:
            lab.wait(lambda: False, MEASURE_EVERY)
            rows.append((time.monotonic() - begun, *_measure(lab.pid)))
            lab.watch.heard[:-2000] = []  # an observer must not grow either
            if time.monotonic() >= next_fault:
                fault = next(kinds)(chance)
                fault.inject(lab)
                lab.wait(partial(_is_past, time.monotonic() + fault.lasts), fault.lasts + 1)
                fault.heal(lab)
                faults += 1
                next_fault = time.monotonic() + EVERY
        lived = not lab.lives
        cpu = (cpu_seconds(lab.pid) - cpu) / (time.monotonic() - begun) if lived else 0.0
        events = lab.watch.events(YARD.event_motion, "motion_ended")
        if lived:
            lab.end("SIGTERM", signal.SIGTERM)
    last = events[-1][1]["seq"] // 2 if events else 0
    fitted = rows[int(WARM_UP * len(rows)) :]
    seconds, *columns = zip(*fitted, strict=True)
    slopes = [slope_of(seconds, column) for column in columns]
    flat = lived and all(slope.is_flat for slope in slopes)
    page = _page(rows, slopes, f"{last} events, {faults} faults, {cpu:.1%} of a processor")
    return {"kind": "soak", "flat": flat, "rows": rows, "page": page}


def _measure(pid: int) -> tuple[float, ...]:
    """One number for each of `PARTS`."""
    now, (child,) = footprint(pid), children(pid)
    store = footprint(child)
    return (
        *(now.own_mib, now.rss_mib - now.own_mib, now.threads, now.descriptors),
        *(store.own_mib, store.rss_mib - store.own_mib, store.descriptors),
    )


def _page(rows: list[tuple[float, ...]], slopes: list[Slope], what: str) -> str:
    said = (
        f"One process for {rows[-1][0] / 3600:.2f} hours with a visit each 3.2 s and a fault each"
        f" minute: {what}. Measured each {MEASURE_EVERY:.0f} s; the first quarter, in which caches"
        " fill, is not fitted. The interval takes into account that neighbours are alike.\n"
    )
    lines = [
        "## Soak\n",
        said,
        "| | at first | at last | growth per hour | 95 % interval | |",
        "|---|---|---|---|---|---|",
    ]
    for number, (part, slope) in enumerate(zip(PARTS, slopes, strict=True), 1):
        verdict = "cannot be told from none" if slope.is_flat else "grows"
        lines.append(
            f"| {part} | {rows[0][number]:.0f} | {rows[-1][number]:.0f} | {slope.per_hour:+.2f}"
            f" | {slope.least:+.2f} to {slope.most:+.2f} | {verdict} |"
        )
    return "\n".join(lines) + "\n"


def _is_past(at: float) -> bool:
    return time.monotonic() >= at
