"""What the classifier names, by class and condition, and what it costs.

    .venv/bin/python -m benchmarks.classify MODEL [MODEL ...] [--clips DIR] [--write]

Material: the clips beside the checkout (shared/clips), by day, at night (three tenths of the
contrast and noise) and at night in grey, as an infrared camera sends it. Windows of 3 s in which
the agent's own detector sees motion are taken as events; their looks are those of the live agent:
the first picture and each better one, once a second, five at most. And places in the empty drawn
scenes of `benchmarks.scenes` (leaves, rain, light, insects before the lens), which must get no
name: three pictures each, a second apart.

Only somebody who looks at the clip knows what is in a window: in `one-by-one-person-detection` all
that moves are persons, in `bottle-detection` hands.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from agent.classify.adapters import ADAPTERS
from agent.classify.geometry import Box
from agent.classify.link import Link, Ready
from agent.classify.model_files import ModelFiles, model_of
from agent.classify.naming import Verdict, best_of
from agent.classify.network import Network
from agent.core.event_label import Label
from agent.core.motion import MotionMachine
from agent.core.orders import VisionSettings
from agent.core.state import vision_settings
from agent.vision.judge import Judge
from agent.vision.zones import View
from benchmarks.scenes import EMPTY, FPS, background, blotches
from schemas.settings import CameraSettings

ROOT = Path(__file__).resolve().parents[1]
CLIPS = ROOT / ".." / "shared" / "clips"
DOCS = ROOT / "docs" / "how-to" / "classify.md"
BEGIN, END = "<!-- begin of the tables -->", "<!-- end of the tables -->"
#: Seconds of a window that is taken as an event: busy clips are one long event.
WINDOW = 3.0
LEAST_MOVING = 3
#: Backgrounds, seconds at which a place in each scene is looked at, and how long.
EMPTY_SEEDS = (1, 2, 3)
EMPTY_AT = (3.0, 9.0, 15.0, 21.0, 27.0)
EMPTY_SECONDS = 3.0

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Shot:
    """A picture of an event, and where something moved."""

    picture: Picture = field(repr=False)
    box: Box | None


@dataclass(frozen=True)
class Event:
    """What the classifier is asked about one event, and what it is."""

    material: str
    condition: str
    truth: str
    shots: tuple[Shot, ...]


Condition = Callable[[Picture, np.random.Generator], Picture]


def day(picture: Picture, rng: np.random.Generator) -> Picture:
    """As it is."""
    del rng
    return picture


def night(picture: Picture, rng: np.random.Generator) -> Picture:
    """Three tenths of the contrast, and noise of 6 grey levels, as in `benchmarks.scenes`."""
    dark = picture * 0.3 + rng.normal(0, 6, picture.shape)
    return np.clip(dark, 0, 255).astype(np.uint8)


def grey_night(picture: Picture, rng: np.random.Generator) -> Picture:
    """The same without colour."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    dark = np.clip(grey * 0.3 + rng.normal(0, 6, grey.shape), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(dark, cv2.COLOR_GRAY2BGR), np.uint8)


CONDITIONS: dict[str, Condition] = {"day": day, "night": night, "grey night": grey_night}
#: Part of a clip's name -> what all that moves in it is.
TRUTHS = {"person": "person", "bottle": "hands"}


def pictures(path: Path) -> Iterator[Picture]:
    """The clip's pictures at the analysis rate."""
    capture = cv2.VideoCapture(str(path))
    rate = capture.get(cv2.CAP_PROP_FPS)
    taken = number = 0
    while True:
        found, picture = capture.read()
        if not found:
            break
        if number / rate >= taken / FPS:
            taken += 1
            yield np.asarray(picture, np.uint8)
        number += 1
    capture.release()


def clip_events(path: Path, condition: str) -> Iterator[Event]:
    """The clip's events in pieces of 3 s, with the detector's boxes and the pictures of the agent.

    A rest of fewer than 3 frames with motion is no event of its own: somebody's foot at the edge.
    """
    truth = next((t for part, t in TRUTHS.items() if part in path.name), path.stem)
    settings: VisionSettings = vision_settings(CameraSettings())
    rng = np.random.default_rng(11)
    judge, machine = Judge("robust", View()), MotionMachine()
    shots: list[Shot] = []
    best, moving, began = np.zeros((1, 1, 3), np.uint8), 0, 0.0
    for seq, clear in enumerate(pictures(path)):
        at = seq / FPS
        picture = through_jpeg(CONDITIONS[condition](clear, rng))
        luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        detection = judge.judge(luma, seq, at, settings)
        if machine.active and at - began >= WINDOW:
            machine.abandon()
            if moving >= LEAST_MOVING:
                yield Event(path.stem, condition, truth, tuple(shots))
        step = machine.update(detection, settings.post_frames)
        if step.started:
            shots, moving, began = [Shot(picture, detection.box)], 0, at
        moving += detection.motion
        if machine.active and machine.peak.seq == seq:
            best = picture
        if step.improved:
            shots.append(Shot(best, machine.peak.box))
        if step.ended and moving >= LEAST_MOVING:
            yield Event(path.stem, condition, truth, tuple(shots))
    if machine.active and moving >= LEAST_MOVING:
        yield Event(path.stem, condition, truth, tuple(shots))


def through_jpeg(picture: Picture) -> Picture:
    """As a camera sends it."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def insects(
    picture: npt.NDArray[np.float32],
    second: float,
    rng: np.random.Generator,
    grain: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Night, and blurred bright insects just before the lens."""
    del grain, second
    out = picture * 0.3 + rng.normal(0, 6, picture.shape).astype(np.float32)
    height, width = out.shape
    for _ in range(3):
        layer = np.zeros_like(out)
        middle = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        size = (int(rng.uniform(8, 40)), int(rng.uniform(5, 20)))
        cv2.ellipse(layer, middle, size, rng.uniform(0, 180), 0, 360, 170, -1)
        out += cv2.GaussianBlur(layer, (0, 0), 6)
    return out


def empty_events() -> Iterator[Event]:
    """Places in scenes in which nobody is: where the plain rule sees motion, else anywhere."""
    happenings = {**EMPTY, "insects": insects}
    settings = vision_settings(CameraSettings())
    for seed in EMPTY_SEEDS:
        ground = background(np.random.default_rng([seed, 1]))
        grain = blotches(np.random.default_rng([seed, 2]), 5)
        for name, happening in happenings.items():
            rng = np.random.default_rng([seed, *name.encode()])
            for begin in EMPTY_AT:
                judge, shots = Judge("plain", View()), []
                for number in range(int(EMPTY_SECONDS * FPS)):
                    second = begin + number / FPS
                    light = happening(ground.copy(), second, rng, grain)
                    plane = np.clip(light, 0, 255).astype(np.uint8)
                    picture = through_jpeg(np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR)))
                    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
                    found = judge.judge(luma, number, second, settings)
                    if number % 3 == 2:
                        shots.append(Shot(picture, found.box if found.motion else somewhere(rng)))
                yield Event("drawn, empty", name, "nothing", tuple(shots))


def somewhere(rng: np.random.Generator) -> Box:
    """A box of the size of a visitor."""
    width, height = rng.uniform(0.03, 0.25), rng.uniform(0.05, 0.5)
    return rng.uniform(0, 1 - width), rng.uniform(0, 1 - height), width, height


@dataclass
class Row:
    """How often which name was given."""

    events: int = 0
    looks: int = 0
    cpu: float = 0.0
    labels: dict[str, int] = field(default_factory=dict)


def ask(network: Network, files: ModelFiles, events: Iterator[Event]) -> dict[tuple[str, ...], Row]:
    """Names every event, as the agent would."""
    rows: dict[tuple[str, ...], Row] = {}
    for event in events:
        verdict = Verdict(files.name, second=ADAPTERS[files.adapter].second)
        before = time.thread_time()
        for shot in event.shots:
            if not verdict.done:
                verdict.look(best_of(network.look(shot.picture, shot.box), shot.box))
        row = rows.setdefault((event.material, event.truth, event.condition), Row())
        label = verdict.named.label if verdict.named else Label.UNKNOWN
        row.events += 1
        row.looks += verdict.looks
        row.cpu += time.thread_time() - before
        row.labels[label.value] = row.labels.get(label.value, 0) + 1
    return rows


def table(rows: dict[tuple[str, ...], Row]) -> list[str]:
    """Markdown."""
    head = "| material | what moves | condition | events | person | vehicle | animal | unknown"
    head += " | looks an event | CPU ms a look | CPU ms an event |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|---|---|"]
    for (material, truth, condition), row in rows.items():
        counts = " | ".join(str(row.labels.get(label.value, 0)) for label in Label)
        looks = row.looks / row.events
        each, whole = 1000 * row.cpu / max(1, row.looks), 1000 * row.cpu / row.events
        lines.append(
            f"| {material} | {truth} | {condition} | {row.events} | {counts} | {looks:.1f} |"
            f" {each:.0f} | {whole:.0f} |"
        )
    return lines


def memory_of(files: ModelFiles) -> str:
    """Of the process that the agent starts, after one look at 1920x1080."""
    link = Link(files)
    try:
        while not isinstance(link.poll(1.0), Ready):
            pass
        scene = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3)).astype(np.uint8)
        _, jpeg = cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, 60])
        link.look(jpeg.tobytes(), (0.4, 0.4, 0.1, 0.2))
        while link.poll(1.0) is None:
            pass
        said = Path(f"/proc/{link.pid}/smaps_rollup").read_text()
        kib = {line.split(":")[0]: int(line.split()[1]) for line in said.splitlines()[1:]}
        own = kib["Private_Dirty"] + kib["Private_Clean"]
        return f"{kib['Rss'] >> 10} MiB resident, {own >> 10} MiB of it shared with nobody"
    finally:
        link.close()


def report(path: Path, clips: Path) -> list[str]:
    """All figures of one network."""
    files = model_of(path)
    cv2.setNumThreads(1)
    network = Network(files)
    rows: dict[tuple[str, ...], Row] = {}
    for clip in sorted(clips.glob("*.mp4")):
        for condition in CONDITIONS:
            rows |= ask(network, files, clip_events(clip, condition))
    empty = ask(network, files, empty_events())
    every = Row()
    for row in empty.values():
        every.events += row.events
        every.looks += row.looks
        every.cpu += row.cpu
        for label, count in row.labels.items():
            every.labels[label] = every.labels.get(label, 0) + count
    rows |= {key: row for key, row in empty.items() if set(row.labels) != {"unknown"}}
    rows["drawn, empty", "nothing", f"all {len(empty)}"] = every
    said = f"Its process: {memory_of(files)}."
    return [f"`{files.name}`, squares of {network.side} pixels:", "", *table(rows), "", said, ""]


def main() -> None:
    """Prints the tables, or writes them into the documentation."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--clips", type=Path, default=CLIPS)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if len(arguments.models) > 1:  # each with a process of its own, for its memory
        command = [sys.executable, "-m", "benchmarks.classify", "--clips", str(arguments.clips)]
        runs = [[*command, str(model)] for model in arguments.models]
        lines = "\n".join(
            subprocess.run(run, check=True, capture_output=True, text=True).stdout for run in runs
        )
    else:
        lines = "\n".join(report(arguments.models[0], arguments.clips))
    print(lines)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"(this benchmark took {most >> 10} MiB at most)", file=sys.stderr)
    if arguments.write:
        head, _, rest = DOCS.read_text().partition(BEGIN)
        _, _, tail = rest.partition(END)
        DOCS.write_text(f"{head}{BEGIN}\n{lines.strip()}\n{END}{tail}")


if __name__ == "__main__":
    main()
