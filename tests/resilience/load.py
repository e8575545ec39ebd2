"""What gives when the processor is taken away, and in which order."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.resilience.footprint import share_of_cpu
from tests.resilience.gather import frames_of
from tests.resilience.lab import Lab, Setup
from tests.resilience.visits import visits_of
from tests.support.agent_process import YARD

#: Percent of one processor that the agent and its children get, one after the other.
SHARES = (100.0, 5.0, 3.0, 2.0, 1.5, 1.0, 0.7, 0.5, 0.3)
#: Seconds of each.
EACH = 16.0
PERIOD_US = 1_000_000  # the longest: the least quota is 1,000
#: `request/discovery`, which says all counters, is obeyed each 5 s.
NEXT_WORD = 5.5
#: A command that is answered later counts as not answered.
PATIENCE = 10.0
#: A visit that is told so much later is told.
LATE = 12.0


@dataclass(frozen=True)
class Level:
    """What came of one share of a processor."""

    share: float
    used: float
    sent: int
    judged: int
    dropped: int
    visits: int
    told: int
    clips_cut: int
    clips_lost: int
    answered: int
    asked: int
    slowest: float

    @property
    def row(self) -> str:
        return (
            f"| {self.share:g} % | {self.used:.1%} | {self.sent} | {self.judged} | {self.dropped}"
            f" | {self.told} of {self.visits} | {self.clips_cut} | {self.clips_lost}"
            f" | {self.answered} of {self.asked}, {self.slowest:.1f} s |"
        )


@dataclass(frozen=True)
class Counters:
    """The camera's, as published."""

    at: float
    of: dict[str, int]


def load(folder: Path, seed: int) -> dict[str, Any]:
    """The line for the results; `page` is its part of the page."""
    folder.mkdir(parents=True)
    with Lab(folder, Setup(seed, frozenset({"cpu"}))) as lab:
        lab.start()
        lab.wait(lambda: lab.watch.events(YARD.event_motion, "motion_ended"), 40.0)
        levels = []
        before = _counters(lab)
        for share in SHARES:
            level, before = _level(lab, share, before)
            levels.append(level)
        _give(lab, 100.0)
        lab.wait(lambda: lab.watch.last(YARD.availability) == "online", 40.0)
        lab.end("SIGTERM", signal.SIGTERM)
        restarts = len(lab.lives) - 1
    return {"kind": "load", "page": _page(levels, restarts)}


def _give(lab: Lab, share: float) -> None:
    quota = int(share / 100 * PERIOD_US)
    (lab.group("cpu") / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    (lab.group("cpu") / "cpu.cfs_quota_us").write_text(str(quota if share < 100 else -1))


def _level(lab: Lab, share: float, before: Counters) -> tuple[Level, Counters]:
    """The level, and the counters at its end, which are those of the next one's beginning."""
    _give(lab, share)
    begun = time.monotonic()
    used = share_of_cpu(lab.pid, EACH / 2)
    answers = [_asked(lab) for _ in range(3)]
    lab.wait(lambda: time.monotonic() >= begun + EACH, EACH)
    ended = time.monotonic()
    _give(lab, 100.0)  # what happened is asked without haste
    lab.wait(lambda: False, NEXT_WORD)
    after = _counters(lab)
    frames = [f for f in frames_of(lab.camera.journal) if before.at < f.at < after.at]
    seen = [f for f in frames if begun + 1 < f.at < ended - 1]
    visits = [v for v in visits_of(seen) if not seen[0].visitor or v[0].at > seen[0].at + 2]
    told = [at for at, _ in lab.watch.events(YARD.event_motion, "motion_started")]
    clips = [w for at, w in lab.watch.events(YARD.event_recording) if begun < at < ended + 4]
    known = [answer for answer in answers if answer is not None]
    level = Level(
        share=share,
        used=used,
        sent=len(frames),
        judged=after.of["frames_judged"] - before.of["frames_judged"],
        dropped=after.of["frames_dropped"] - before.of["frames_dropped"],
        visits=len(visits),
        told=sum(any(v[0].at - 0.5 < at < v[-1].at + LATE for at in told) for v in visits),
        clips_cut=sum(bool(what.get("truncated")) for what in clips),
        clips_lost=sum(what["event_type"] == "recording_failed" for what in clips),
        answered=len(known),
        asked=len(answers),
        slowest=max(known, default=PATIENCE),
    )
    return level, after


def _asked(lab: Lab) -> float | None:
    """Seconds until a command was answered."""
    begun = time.monotonic()
    transaction = lab.watch.ask("status")
    done = lab.wait(lambda: lab.watch.answer("status", {transaction}), PATIENCE)
    return None if done is None else done - begun


def _counters(lab: Lab) -> Counters:
    """Of the camera, as published now."""
    heard = len(lab.watch.of(YARD.health))
    lab.watch.ask("discovery")
    lab.wait(lambda: len(lab.watch.of(YARD.health)) > heard, 10.0)
    return Counters(time.monotonic(), json.loads(lab.watch.last(YARD.health)))


def _page(levels: list[Level], restarts: int) -> str:
    head = (
        "## Load\n\n"
        f"One camera, six frames a second, a visit each 3.2 s; the agent and its children get less"
        f" and less of one processor, {EACH:.0f} s each and then {NEXT_WORD:g} s all of it."
        f" A visit counts as told within {LATE:.0f} s, a command as answered within"
        f" {PATIENCE:.0f} s. The design's order: frames before analysis, then"
        " clips, never events or commands. A visit is missed where too few of its frames were"
        " judged.\n\n"
        "| share | used by the process | frames sent | judged | dropped before analysis"
        " | visits told | clips cut | clips lost | commands answered, slowest |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    gives = {
        "frames": [it.share for it in levels if it.judged < 0.9 * it.sent],
        "clips": [it.share for it in levels if it.clips_cut + it.clips_lost],
        "events": [it.share for it in levels if it.told < it.visits],
        "commands": [it.share for it in levels if it.answered < it.asked],
    }
    gave = ", ".join(f"{what} {_at(shares)}" for what, shares in gives.items())
    rows = "\n".join(level.row for level in levels)
    return f"{head}\n{rows}\n\nFirst given up: {gave}. Restarts meanwhile: {restarts}.\n"


def _at(shares: list[float]) -> str:
    return f"at {shares[0]:g} %" if shares else "never"
