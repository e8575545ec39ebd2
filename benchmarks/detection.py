"""What the profiles and other detectors find, miss and imagine: scenes and clips with known truth.

    .venv/bin/python -m benchmarks.detection [--seeds 1,2,3] [--only robust,plain] [--write]
    .venv/bin/python -m benchmarks.detection --sensitivity [--seeds 1,2,3] [--write]
    .venv/bin/python -m benchmarks.detection --scenes faults|limits [--sensitivity] [--seeds 1,2,3]

Made-up scenes (`benchmarks.scenes`, `benchmarks.nuisances`) and, where they lie beside the
checkout, the clips of shared/clips under the same stresses. `--write` puts the tables into
docs/explanation/detection.md between its marks. `--sensitivity` compares the places of that
control instead, by groups of scenes. `--clips` names the folder of the clips
where it lies elsewhere.

Truth is in seconds; an event is found when a motion frame lies in its span, it is false when all
its motion frames lie outside; a false frame is a motion frame in a quiet span.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from benchmarks import faults, nuisances
from benchmarks.peers import Judging, Mixture, Ours, Reference, RunningAverage
from benchmarks.scenes import (
    EMPTY,
    FPS,
    HEIGHT,
    WIDTH,
    Case,
    Happening,
    Plane,
    Span,
    as_sent,
    blotches,
    cases,
)

ROOT = Path(__file__).resolve().parents[1]
CLIPS = ROOT / ".." / "shared" / "clips"
DOCS = ROOT / "docs" / "explanation" / "detection.md"
MARKS = "the tables", "sensitivity"

DETECTORS: dict[str, Callable[[], Judging]] = {
    "seed": lambda: Ours("seed"),
    "plain": lambda: Ours("plain"),
    "robust": lambda: Ours("robust"),
    "running average": RunningAverage,
    "reference": Reference,
    "MOG2": lambda: Mixture("mog2"),
    "KNN": lambda: Mixture("knn"),
}
#: The same profile at each place of the control.
PLACES: dict[str, Callable[[], Judging]] = {
    "plain": lambda: Ours("plain"),
    "low": lambda: Ours("robust", "low"),
    "normal": lambda: Ours("robust", "normal"),
    "high": lambda: Ours("robust", "high"),
}
#: Scenes that are not part of the tables.
FEW = {"faults": faults.cases, "limits": faults.limits}
#: The clips' truth is known to this, in seconds.
TOLERANCE = 0.4
#: A detector that moved within so many seconds before a span is not asked for its delay.
RINGING = 2.0
#: Judged frames without motion that end an event.
POST_FRAMES = 10
#: Stresses that mean something on a clip; some are weather of the scene, not of the camera.
ON_CLIPS = (
    "still",
    "night",
    "noise",
    "cloud",
    "cloud edge",
    "infrared switch",
    "exposure hunting",
    "shake",
    "torn frames",
)


@dataclass
class Score:
    """What one detector made of some cases."""

    wanted: int = 0
    found: int = 0
    events: int = 0
    false_events: int = 0
    false_frames: int = 0
    quiet_frames: int = 0
    firsts: list[int | None] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """The sum of both."""
        self.wanted += other.wanted
        self.found += other.found
        self.events += other.events
        self.false_events += other.false_events
        self.false_frames += other.false_frames
        self.quiet_frames += other.quiet_frames
        self.firsts += other.firsts

    def late(self, plain: Score) -> str:
        """By how many judged frames the first detection was later than plain's: mean and most."""
        both = zip(self.firsts, plain.firsts, strict=True)
        gaps = [a - b for a, b in both if a is not None and b is not None]
        return f"{np.mean(gaps):+.1f} ({max(gaps):+d})" if gaps else "-"


def judge(case: Case, flags: list[bool]) -> Score:
    """Compares motion flags of all frames with the truth."""
    times = [number / case.fps for number in range(len(flags))]
    moving = [time for time, flag in zip(times, flags, strict=True) if flag]
    score = Score(wanted=len(case.present))
    for span in case.present:
        inside = [n for n, t in enumerate(times) if flags[n] and _within(t, (span,))]
        score.found += bool(inside)
        # who rings already does not notice anybody
        ringing = any(span[0] - RINGING <= time < span[0] for time in moving)
        score.firsts.append(inside[0] if inside and not ringing else None)
    score.quiet_frames = sum(_within(time, case.quiet) for time in times)
    score.false_frames = sum(_within(time, case.quiet) for time in moving)
    for event in _events(flags):
        score.events += 1
        score.false_events += not any(_within(times[n], case.present, TOLERANCE) for n in event)
    return score


def _within(time: float, spans: tuple[Span, ...], more: float = 0.0) -> bool:
    return any(start - more <= time <= end + more for start, end in spans)


def _events(flags: list[bool]) -> list[list[int]]:
    """Motion frames by event."""
    events: list[list[int]] = []
    for number, flag in enumerate(flags):
        if flag and events and number - events[-1][-1] < POST_FRAMES:
            events[-1].append(number)
        elif flag:
            events.append([number])
    return events


def clip_cases(folder: Path = CLIPS) -> Iterator[Case]:
    """The clips with truth under each stress; says so when they are not there."""
    if not folder.exists():
        print(f"{folder} is not there: clips skipped", file=sys.stderr)
        return
    truth = json.loads((folder / "truth.json").read_text())
    for name, facts in truth.items():
        if not isinstance(facts, dict) or "present" not in facts:
            continue
        planes = _clip(folder / name)
        quiet = tuple((a + TOLERANCE if a else 0, b - TOLERANCE) for a, b in facts["quiet"])
        present = tuple((a, b) for a, b in facts["present"])
        for stress in ON_CLIPS:
            frames = _stressed(planes, EMPTY[stress])
            yield Case(f"clip, {stress}", frames, present, quiet)


def _clip(path: Path) -> list[Plane]:
    """Luma of the clip, 640x480, at the analysis rate."""
    capture = cv2.VideoCapture(str(path))
    rate = capture.get(cv2.CAP_PROP_FPS)
    planes: list[Plane] = []
    number = 0
    while True:
        found, picture = capture.read()
        if not found:
            break
        if number / rate >= len(planes) / FPS:
            grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            sized = cv2.resize(grey, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            planes.append(np.asarray(sized, np.uint8))
        number += 1
    capture.release()
    return planes


def _stressed(planes: list[Plane], happening: Happening) -> Callable[[], Iterator[Plane]]:
    def draw() -> Iterator[Plane]:
        rng = np.random.default_rng(5)
        grain = blotches(np.random.default_rng(6), 5)
        for number, plane in enumerate(planes):
            picture = happening(plane.astype(np.float32), number / FPS, rng, grain)
            yield as_sent(picture, rng, noise=0.5)

    return draw


def run(case: Case, makers: Mapping[str, Callable[[], Judging]]) -> dict[str, Score]:
    """All detectors over one case; every frame is drawn once."""
    detectors = {name: maker() for name, maker in makers.items()}
    flags: dict[str, list[bool]] = {name: [] for name in makers}
    for plane in case.frames():
        plane.flags.writeable = False
        for name, detector in detectors.items():
            flags[name].append(detector.motion(plane))
    return {name: judge(case, it) for name, it in flags.items()}


def table(rows: dict[str, dict[str, Score]], names: list[str]) -> str:
    """Markdown: per row and detector events found of wanted, false events, false frames, delay."""
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for row, scores in rows.items():
        cells = [row]
        for name in names:
            it = scores[name]
            text = f"{it.found}/{it.wanted}, " if it.wanted else ""
            text += f"{it.false_events} / {it.false_frames}"
            if it.wanted and name != "plain" and "plain" in scores:
                text += f", {it.late(scores['plain'])}"
            cells.append(text)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


@dataclass(frozen=True)
class Part:
    """What one process draws and judges."""

    scenes: str | None  # of `FEW`; None: all others
    seed: int | None  # None: the real clips
    clips: Path
    names: tuple[str, ...]  # of the detectors


def main() -> None:
    """Runs everything and prints, or writes, the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", default="1,2,3", help="of the made-up scenes")
    parser.add_argument("--only", default=",".join(DETECTORS), help="detectors")
    parser.add_argument("--write", action="store_true", help="into docs/explanation/detection.md")
    parser.add_argument("--sensitivity", action="store_true", help="the places of that control")
    parser.add_argument("--clips", type=Path, default=CLIPS, help="folder of the real clips")
    words = "instead of all others: of cameras and homes, or visitors who are hardly to be seen"
    parser.add_argument("--scenes", choices=FEW, help=words)
    options = parser.parse_args()
    if options.write and options.scenes:
        parser.error("--write takes the tables of all scenes")
    chosen = {n: it for n, it in DETECTORS.items() if n in options.only.split(",")}
    makers = PLACES if options.sensitivity else chosen
    seeds = [int(it) for it in options.seeds.split(",")]
    parts = [Part(options.scenes, seed, options.clips, tuple(makers)) for seed in seeds]
    parts += [] if options.scenes else [Part(None, None, options.clips, tuple(makers))]
    rows: dict[str, dict[str, Score]] = {}
    with multiprocessing.Pool(min(len(parts), os.cpu_count() or 1)) as pool:
        for found in pool.imap(scores_of, parts):
            for group, case, scores in found:
                name = group if options.sensitivity and not options.scenes else case
                row = rows.setdefault(name, {name: Score() for name in makers})
                for name, score in scores.items():
                    row[name].add(score)
    total = {name: Score() for name in makers}
    for row in rows.values():
        for name in makers:
            total[name].add(row[name])
    rows["**all**"] = total
    text = table(rows, list(makers))
    print(text)
    if options.write:
        _write(text, MARKS[options.sensitivity])


def scores_of(part: Part) -> list[tuple[str, str, dict[str, Score]]]:
    """Runs a part in a process of its own: the kind of scene, the case, what each made of it."""
    cv2.setNumThreads(1)
    known = DETECTORS | PLACES
    makers = {name: known[name] for name in part.names}
    return [(group, case.name, run(case, makers)) for group, case in _grouped(part)]


def _grouped(part: Part) -> Iterator[tuple[str, Case]]:
    """Every case, with the kind of scene."""
    if part.seed is None:
        for case in clip_cases(part.clips):
            yield "real clip", case
    elif part.scenes is not None:
        for case in FEW[part.scenes](part.seed):
            yield part.scenes, case
    else:
        for case in cases(part.seed):
            yield "weather, light, camera", case
        for case in nuisances.cases(part.seed):
            yield "insects, infrared, wind, headlights", case


def _write(text: str, mark: str) -> None:
    begin, end = f"<!-- begin of {mark} -->", f"<!-- end of {mark} -->"
    before, rest = DOCS.read_text().split(begin)
    DOCS.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}")


if __name__ == "__main__":
    main()
