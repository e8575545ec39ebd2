"""What gives when the processor is taken away or cameras are added, and in which order."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from schemas.topics import CameraTopics
from tests.resilience.camera import Camera
from tests.resilience.footprint import share_of_cpu
from tests.resilience.gather import frames_of
from tests.resilience.lab import Lab, Setup, udp_port
from tests.resilience.visits import visits_of
from tests.support.agent_process import CAMERA, TOPICS, YARD

#: Percent of one processor that the agent and its children get, one after the other.
SHARES = (100.0, 5.0, 3.0, 2.0, 1.5, 1.0, 0.7, 0.5, 0.3)
#: Cameras, and the share that the agent then has for all of them.
CAMERAS, FOR_ALL = (1, 2, 4, 6, 8, 12, 16), 10.0
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
class Site:
    """One of the cameras: where it is told of, and what it has sent."""

    topics: CameraTopics
    journal: Path


@dataclass(frozen=True)
class Level:
    """What came of so little processor, or so many cameras."""

    name: str
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
            f"| {self.name} | {self.used:.1%} | {self.sent} | {self.judged} | {self.dropped}"
            f" | {self.told} of {self.visits} | {self.clips_cut} | {self.clips_lost}"
            f" | {self.answered} of {self.asked}, {self.slowest:.1f} s |"
        )


@dataclass(frozen=True)
class Counters:
    """The cameras', as published, added up."""

    at: float
    of: Counter[str]


def load(what: str, folder: Path, seed: int) -> dict[str, Any]:
    """The line for the results, of `shares` or `cameras`; `page` is its part of the page."""
    folder.mkdir(parents=True)
    parts = {"shares": _shares, "cameras": _cameras}[what](folder, seed)
    return {"kind": what, "seed": seed, "page": "\n".join(parts)}


def _shares(folder: Path, seed: int) -> Iterator[str]:
    """One camera, ever less of a processor."""
    with Lab(folder, Setup(seed, frozenset({"cpu"}))) as lab:
        sites = _begun(lab)
        levels = []
        before = _counters(lab, sites)
        for share in SHARES:
            _give(lab, share)
            level, before = _level(lab, f"{share:g} %", sites, before)
            levels.append(level)
        restarts = len(lab.lives)
        lab.end("SIGTERM", signal.SIGTERM)
    yield (
        "## Load\n\n"
        f"Six frames a second and a visit each 3.2 s from each camera; {EACH:.0f} s of want, then"
        f" {NEXT_WORD:g} s of all the processor. A visit counts as told within {LATE:.0f} s, a"
        f" command as answered within {PATIENCE:.0f} s. The design's order: frames before analysis,"
        " then clips, never events or commands. A visit is missed where too few of its frames were"
        " judged.\n\n"
        "One camera; the agent and its children get less and less of one processor:\n"
    )
    yield from _table("share", levels)
    yield f"Restarts meanwhile: {restarts}.\n"


def _cameras(folder: Path, seed: int) -> Iterator[str]:
    """Ever more cameras, always the same share of a processor."""
    levels = []
    for count in CAMERAS:
        (folder / str(count)).mkdir()
        with Lab(folder / str(count), Setup(seed, frozenset({"cpu"}))) as lab, ExitStack() as stack:
            sites = _begun(lab, *(_added(lab, seed + n, stack) for n in range(1, count)))
            before = _counters(lab, sites)
            _give(lab, FOR_ALL)
            levels.append(_level(lab, str(count), sites, before)[0])
            lab.end("SIGTERM", signal.SIGTERM)
    yield f"More and more cameras, {FOR_ALL:g} % of one processor for all of them:\n"
    yield from _table("cameras", levels)


def _added(lab: Lab, seed: int, stack: ExitStack) -> Site:
    """Another camera, as far as the configuration."""
    name, port = f"yard_{seed}", udp_port(seed)
    folder = lab.folder / name
    folder.mkdir()
    camera = Camera(folder, port, seed)
    stack.callback(camera.kill)
    camera.start()
    about = {**lab.config["cameras"][CAMERA], "source": f"hk://127.0.0.1:{port}"}
    lab.config["cameras"][name] = about
    return Site(TOPICS.camera(name), camera.journal)


def _begun(lab: Lab, *more: Site) -> list[Site]:
    """All cameras, once the agent has told of somebody in front of each."""
    sites = [Site(YARD, lab.camera.journal), *more]
    lab.start()
    for site in sites:
        topic = site.topics.event_motion
        told = lab.wait(partial(lab.watch.events, topic, "motion_ended"), 60.0)
        assert told is not None, f"nothing on {topic}"
    return sites


def _give(lab: Lab, share: float) -> None:
    quota = int(share / 100 * PERIOD_US)
    (lab.group("cpu") / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    (lab.group("cpu") / "cpu.cfs_quota_us").write_text(str(quota if share < 100 else -1))


def _level(lab: Lab, name: str, sites: list[Site], before: Counters) -> tuple[Level, Counters]:
    """The level, and the counters at its end, which are those of the next one's beginning."""
    begun = time.monotonic()
    used = share_of_cpu(lab.pid, EACH / 2)
    answers = [_asked(lab) for _ in range(3)]
    lab.wait(lambda: time.monotonic() >= begun + EACH, EACH)
    ended = time.monotonic()
    _give(lab, 100.0)  # what happened is asked without haste
    lab.wait(lambda: False, NEXT_WORD)
    after = _counters(lab, sites)
    frames = [f for s in sites for f in frames_of(s.journal) if before.at < f.at < after.at]
    visits = [_visits(lab, site, begun + 1, ended - 1) for site in sites]
    heard = [each for site in sites for each in lab.watch.events(site.topics.event_recording)]
    clips = [what for at, what in heard if begun < at < ended + 4]
    known = [answer for answer in answers if answer is not None]
    level = Level(
        name=name,
        used=used,
        sent=len(frames),
        judged=after.of["frames_judged"] - before.of["frames_judged"],
        dropped=after.of["frames_dropped"] - before.of["frames_dropped"],
        visits=sum(there for there, _ in visits),
        told=sum(told for _, told in visits),
        clips_cut=sum(bool(what.get("truncated")) for what in clips),
        clips_lost=sum(what["event_type"] == "recording_failed" for what in clips),
        answered=len(known),
        asked=len(answers),
        slowest=max(known, default=PATIENCE),
    )
    return level, after


def _visits(lab: Lab, site: Site, begun: float, ended: float) -> tuple[int, int]:
    """How many there were in front of a camera in that time, and how many were told."""
    seen = [f for f in frames_of(site.journal) if begun < f.at < ended]
    visits = [v for v in visits_of(seen) if not seen[0].visitor or v[0].at > seen[0].at + 2]
    told = [at for at, _ in lab.watch.events(site.topics.event_motion, "motion_started")]
    known = (any(v[0].at - 0.5 < at < v[-1].at + LATE for at in told) for v in visits)
    return len(visits), sum(known)


def _asked(lab: Lab) -> float | None:
    """Seconds until a command was answered."""
    begun = time.monotonic()
    transaction = lab.watch.ask("status")
    done = lab.wait(lambda: lab.watch.answer("status", {transaction}), PATIENCE)
    return None if done is None else done - begun


def _counters(lab: Lab, sites: list[Site]) -> Counters:
    """Of all cameras, as published now."""
    heard = {site.topics.health: len(lab.watch.of(site.topics.health)) for site in sites}
    lab.watch.ask("discovery")
    lab.wait(lambda: all(len(lab.watch.of(topic)) > n for topic, n in heard.items()), 10.0)
    total: Counter[str] = Counter()
    for topic in heard:
        health = json.loads(lab.watch.last(topic))
        total.update({name: health[name] for name in ("frames_judged", "frames_dropped")})
    return Counters(time.monotonic(), total)


def _table(what: str, levels: list[Level]) -> Iterator[str]:
    yield (
        f"| {what} | used by the process | frames sent | judged | dropped before analysis"
        " | visits told | clips cut | clips lost | commands answered, slowest |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    yield from (level.row for level in levels)
    gives = {
        "frames": [it.name for it in levels if it.judged < 0.9 * it.sent],
        "clips": [it.name for it in levels if it.clips_cut + it.clips_lost],
        "events": [it.name for it in levels if it.told < it.visits],
        "commands": [it.name for it in levels if it.answered < it.asked],
    }
    gave = (f"{part} at {names[0]}" if names else f"{part} never" for part, names in gives.items())
    yield f"\nFirst given up: {', '.join(gave)}.\n"
