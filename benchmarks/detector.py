"""What a verdict costs: JPEG bytes -> `Detection`, against decoding to grey alone.

    .venv/bin/python -m benchmarks.detector [--rounds 7]

The unit of account is `cv2.imdecode(GRAYSCALE)` in a hot loop that keeps the last three planes, as
detection must. All variants run interleaved over the same frames on one OpenCV thread; CPU time,
best of the rounds. Material: a synthetic noisy scene (about 54 kB at 640x480, 180 kB at 1080p), and
the clip in shared/clips where it lies beside the checkout. `seed's way` is what the project's
ancestor did: decode to colour, convert to grey, allocate every step anew.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from agent.imaging.jpeg import decode_luma
from agent.vision.detector import Detector

Picture = npt.NDArray[np.uint8]
CLIP = (
    Path(__file__).resolve().parents[1]
    / ".."
    / "shared"
    / "clips"
    / "intel_one-by-one-person-detection.mp4"
)
#: Of grey decoding; the goal of the first version, see docs on performance.
GOAL = 1.30
#: Of the seed's way.
GOAL_SEED = 0.75


class Rules(NamedTuple):
    """The default settings."""

    pixel_threshold: int = 50
    min_changed: float = 0.0814
    max_changed: float = 16.28


class Material(NamedTuple):
    """Frames to be judged, as the camera sends them."""

    name: str
    jpegs: list[bytes]


def synthetic(
    height: int, width: int, count: int, quality: int, noise: float, grain: int
) -> Iterator[bytes]:
    """A still scene of blotches `grain` pixels wide, sensor noise, and something that walks by."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 256, (height // grain, width // grain, 3)).astype(np.float32)
    scene = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * 0.6 + 50
    for number in range(count):
        picture = scene + rng.normal(0.0, noise, scene.shape).astype(np.float32)
        left = number * width // count
        picture[height // 3 : height * 2 // 3, left : left + width // 12] = 30.0
        yield encoded(np.clip(picture, 0, 255).astype(np.uint8), quality)


def clip_frames(path: Path, count: int) -> Iterator[bytes]:
    """Every third frame of the clip, 640x480, quality 80."""
    capture = cv2.VideoCapture(str(path))
    for number in range(3 * count):
        found, picture = capture.read()
        if found and number % 3 == 0:
            yield encoded(cv2.resize(picture, (640, 480)).astype(np.uint8), 80)
    capture.release()


def encoded(picture: Picture, quality: int) -> bytes:
    """A JPEG, 4:2:0 as cameras send it."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def grey_decode(jpegs: list[bytes]) -> int:
    """The unit of account."""
    ring: deque[object] = deque(maxlen=3)
    for jpeg in jpegs:
        ring.append(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE))
    return len(jpegs)


def agent(profile: str) -> Callable[[list[bytes]], int]:
    """The agent's own path, header check included."""

    def run(jpegs: list[bytes]) -> int:
        detector, rules, motions = Detector(profile), Rules(), 0
        for seq, jpeg in enumerate(jpegs):
            luma = decode_luma(jpeg)
            if luma is None:
                raise SystemExit("the material is damaged")
            motions += detector.judge(luma, seq, seq / 3, rules).motion
        return motions

    return run


def seeds_way(jpegs: list[bytes]) -> int:
    """Colour decode, grey conversion, fresh arrays."""
    colours: deque[cv2.typing.MatLike] = deque(maxlen=3)  # it kept them to record them
    greys: deque[cv2.typing.MatLike] = deque(maxlen=3)
    motions = 0
    for jpeg in jpegs:
        colour = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if colour is None:
            raise SystemExit("the material is damaged")
        colours.append(colour)
        greys.append(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY))
        if len(greys) == 3:
            n2, n1, n = greys
            both = cv2.bitwise_and(cv2.absdiff(n, n2), cv2.absdiff(n, n1))
            binary = cv2.threshold(both, 50, 255, cv2.THRESH_BINARY)[1]
            motions += 250 < cv2.countNonZero(binary) < 50_000
    return motions


VARIANTS: dict[str, Callable[[list[bytes]], int]] = {
    "grey decode": grey_decode,
    "agent, plain": agent("plain"),
    "agent, seed": agent("seed"),
    "seed's way": seeds_way,
}


def measure(material: Material, rounds: int) -> dict[str, float]:
    """Best CPU seconds per frame of each variant, interleaved."""
    best = dict.fromkeys(VARIANTS, float("inf"))
    for _ in range(rounds + 1):  # the first round warms up and counts no less: best wins
        for name, run in VARIANTS.items():
            before = time.process_time()
            run(material.jpegs)
            best[name] = min(best[name], (time.process_time() - before) / len(material.jpegs))
    return best


def report(material: Material, best: dict[str, float]) -> bool:
    """Prints one table; True when the goals are met."""
    size = sum(map(len, material.jpegs)) / len(material.jpegs) / 1000
    grey, seed = best["grey decode"], best["seed's way"]
    print(f"\n{material.name}: {len(material.jpegs)} frames of {size:.1f} kB")
    for name, seconds in best.items():
        print(
            f"  {name:<14} {seconds * 1e6:7.0f} us  {seconds / grey:5.2f} x grey decode"
            f"  {seconds / seed:5.2f} x seed's way"
        )
    ratios = [best["agent, plain"] / grey, best["agent, seed"] / grey]
    return max(ratios) <= GOAL and best["agent, plain"] / seed <= GOAL_SEED


def main() -> None:
    """Runs everything; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7, help="at least 5")
    rounds = max(5, parser.parse_args().rounds)
    cv2.setNumThreads(1)
    materials = [
        Material("synthetic 640x480", list(synthetic(480, 640, 60, 80, 3.0, 9))),
        Material("synthetic 1920x1080", list(synthetic(1080, 1920, 20, 75, 2.5, 24))),
    ]
    if CLIP.exists():
        materials.append(Material("clip 640x480", list(clip_frames(CLIP, 120))))
    met = [report(it, measure(it, rounds)) for it in materials]
    print(f"\ngoals: <= {GOAL} x grey decode, plain <= {GOAL_SEED} x seed's way: ", end="")
    print("met" if all(met) else "MISSED")
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
