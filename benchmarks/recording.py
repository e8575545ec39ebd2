"""What a recorded frame costs: JPEG bytes -> turned, stamped, encoded, cut and in the spool.

    .venv/bin/python -m benchmarks.recording [--rounds 5]

The unit of account is `cv2.imdecode(GRAYSCALE)` in a hot loop, as in benchmarks.detector. The
recorder's whole path per frame, JPEG decoding and spool files included, turned by 180 degrees, with
the timestamp; CPU time, best of the rounds, interleaved. The seed's way is what the project's
ancestor did: colour decode, flip, text, XVID.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from agent.core.frame import Frame
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipPart,
    ClipStart,
    Detection,
    EndReason,
    Reason,
)
from agent.imaging.orientation import Orientation
from agent.runtime.clock import SystemClock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.storage.recording.open_clip import RecorderOptions
from agent.storage.recording.recorder import RecorderWorker
from agent.storage.spool.spool import Spool
from benchmarks.detector import CLIP, Material, clip_frames, grey_decode, synthetic

#: Of grey decoding at 640x480 (demanded by the store's issue).
GOALS = {"ultrafast": 6.0, "superfast": 8.0, "original": 0.15}
_FPS = 10


class Sizes:
    """Bytes per frame of each variant, by name."""

    def __init__(self) -> None:
        self.of: dict[str, float] = {}


def recorder(preset: str, sizes: Sizes) -> Callable[[list[bytes]], int]:
    """The agent's own path; `original` is no preset: the pictures are kept as they come."""

    def run(jpegs: list[bytes]) -> int:
        clock = SystemClock()
        original = preset == "original"
        options = RecorderOptions(
            Orientation(180),
            timestamp=True,
            preset="ultrafast" if original else preset,
            original=original,
        )
        parts: Mailbox[ClipPart] = Mailbox("parts", len(jpegs) + 2, WhenFull.REFUSE)
        frames = [Frame(jpeg, n / _FPS, n, 1) for n, jpeg in enumerate(jpegs)]
        found = Detection(2, frames[2].at, motion=True, reason=Reason.MOTION)
        first = tuple(frames[:3])
        triggers = (frames[0], frames[1], frames[2])
        now = datetime(2026, 11, 22, 8, tzinfo=UTC)
        event = "01JD9Z3V5X8Q2M4N6P7R9S0T1W"
        parts.put(ClipStart("front", event, found.at, now, first, triggers, b"", found))
        for frame in frames[3:]:
            parts.put(ClipFrame(event, frame))
        parts.put(ClipEnd(event, frames[-1].at, EndReason.CLEARED, frames[2], found, 9))
        with tempfile.TemporaryDirectory() as folder:
            spool = Spool(Path(folder))
            worker = Worker("recorder", lambda _: None, clock, lambda *_: None)
            subject = RecorderWorker("front", options, parts, spool, clock, UTC)
            worker.stop.set()  # what is in the mailbox is worked off all the same
            subject.run(worker)
            if f"recorder, {preset}" not in sizes.of:  # in the first round only: it costs
                sizes.of[f"recorder, {preset}"] = _fragment_bytes(spool) / len(jpegs)
            return subject.stats.frames

    return run


def seeds_way(sizes: Sizes) -> Callable[[list[bytes]], int]:
    """Colour decode, flip, text, XVID in an AVI."""

    def run(jpegs: list[bytes]) -> int:
        writer: cv2.VideoWriter | None = None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "day.avi"
            for jpeg in jpegs:
                colour = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
                if colour is None:
                    raise SystemExit("the material is damaged")
                picture = cv2.flip(colour, -1)
                font = cv2.FONT_HERSHEY_SIMPLEX
                cv2.putText(picture, "2026-11-22 08:15:01", (10, 20), font, 0.5, (255, 255, 255))
                if writer is None:
                    code = cv2.VideoWriter.fourcc(*"XVID")
                    writer = cv2.VideoWriter(str(path), code, _FPS, picture.shape[1::-1])
                writer.write(picture)
            if writer is not None:
                writer.release()
            sizes.of["seed's way"] = path.stat().st_size / len(jpegs)
        return len(jpegs)

    return run


def _fragment_bytes(spool: Spool) -> int:
    total = number = 0
    while (following := spool.after(number)) is not None:
        number = following
        found = spool.read(number)
        if found is not None and found[0].word == "fragment":
            total += len(found[0].body)
    return total


def measure(material: Material, rounds: int) -> bool:
    """Prints one table; True when the goals are met."""
    sizes = Sizes()
    variants: dict[str, Callable[[list[bytes]], int]] = {
        "grey decode": grey_decode,
        "recorder, ultrafast": recorder("ultrafast", sizes),
        "recorder, superfast": recorder("superfast", sizes),
        "recorder, original": recorder("original", sizes),
        "seed's way": seeds_way(sizes),
    }
    best = dict.fromkeys(variants, float("inf"))
    for _ in range(rounds):
        for name, run in variants.items():
            before = time.process_time()
            if run(material.jpegs) != len(material.jpegs):
                raise SystemExit(f"{name}: not every frame was recorded")
            best[name] = min(best[name], (time.process_time() - before) / len(material.jpegs))
    grey = best["grey decode"]
    kilobytes = sum(map(len, material.jpegs)) / len(material.jpegs) / 1000
    print(f"\n{material.name}: {len(material.jpegs)} frames of {kilobytes:.1f} kB")
    for name, seconds in best.items():
        size = f"  {sizes.of[name] / 1000:5.1f} kB" if name in sizes.of else ""
        print(f"  {name:<20} {seconds * 1e6:7.0f} us  {seconds / grey:5.2f} x grey decode{size}")
    return all(best[f"recorder, {preset}"] / grey <= goal for preset, goal in GOALS.items())


def main() -> None:
    """Runs everything; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5, help="at least 3")
    rounds = max(3, parser.parse_args().rounds)
    cv2.setNumThreads(1)
    materials = [Material("synthetic 640x480", list(synthetic(480, 640, 90, 80, 3.0, 9)))]
    if CLIP.exists():
        materials.append(Material("clip 640x480", list(clip_frames(CLIP, 120))))
    met = [measure(it, rounds) for it in materials]
    print(f"\ngoals, in grey decodes: {GOALS}: ", end="")
    print("met" if all(met) else "MISSED")
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
