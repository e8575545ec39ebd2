"""What the profiles and other detectors find, miss and imagine: scenes and clips with known truth.

    .venv/bin/python -m benchmarks.detection [--seeds 1,2,3] [--only robust,plain] [--write]

Made-up scenes (`benchmarks.scenes`, `benchmarks.nuisances`) and, where they lie beside the
checkout, the clips of shared/clips under the same stresses. `--write` puts the tables into
docs/detection.md between its marks. Truth is in seconds; an event is found when a motion frame lies
in its span, it is false when all its motion frames lie outside; a false frame is a motion frame in
a quiet span.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from benchmarks import nuisances
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
DOCS = ROOT / "docs" / "detection.md"
BEGIN, END = "<!-- begin of the tables -->", "<!-- end of the tables -->"

DETECTORS: dict[str, Callable[[], Judging]] = {
    "seed": lambda: Ours("seed"),
    "plain": lambda: Ours("plain"),
    "robust": lambda: Ours("robust"),
    "running average": RunningAverage,
    "reference": Reference,
    "MOG2": lambda: Mixture("mog2"),
    "KNN": lambda: Mixture("knn"),
}
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


def clip_cases() -> Iterator[Case]:
    """The clips with truth under each stress; says so when they are not there."""
    if not CLIPS.exists():
        print("shared/clips is not beside this checkout: clips skipped", file=sys.stderr)
        return
    truth = json.loads((CLIPS / "truth.json").read_text())
    for name, facts in truth.items():
        if not isinstance(facts, dict) or "present" not in facts:
            continue
        planes = _clip(CLIPS / name)
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


def run(case: Case, names: list[str]) -> dict[str, Score]:
    """All detectors over one case; every frame is drawn once."""
    detectors = {name: DETECTORS[name]() for name in names}
    flags: dict[str, list[bool]] = {name: [] for name in names}
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


def main() -> None:
    """Runs everything and prints, or writes, the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", default="1,2,3", help="of the made-up scenes")
    parser.add_argument("--only", default=",".join(DETECTORS), help="detectors")
    parser.add_argument("--write", action="store_true", help="into docs/detection.md")
    options = parser.parse_args()
    names = [it for it in DETECTORS if it in options.only.split(",")]
    cv2.setNumThreads(1)
    rows: dict[str, dict[str, Score]] = {}
    seeds = [int(it) for it in options.seeds.split(",")]
    made = (case for seed in seeds for case in (*cases(seed), *nuisances.cases(seed)))
    for case in (*made, *clip_cases()):
        row = rows.setdefault(case.name, {name: Score() for name in names})
        for name, score in run(case, names).items():
            row[name].add(score)
    total = {name: Score() for name in names}
    for row in rows.values():
        for name in names:
            total[name].add(row[name])
    rows["**all**"] = total
    text = table(rows, names)
    print(text)
    if options.write:
        before, rest = DOCS.read_text().split(BEGIN)
        after = rest.split(END)[1]
        DOCS.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
