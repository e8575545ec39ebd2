"""CPU of the whole agent beside Debian's `motion` on the same RTSP stream of H.264, in one run.

    .venv/bin/python -m benchmarks.beside_motion_rtsp [--seconds 30] [--only 640x480@15]

Three read one server at once: an agent with default settings (`robust`, three frames a second
judged), an agent that judges every frame with `plain`, and motion. Recording is off on all sides;
MQTT, discovery and health are on. For these two no frame is an event; for a third agent with
default settings somebody always walks through the picture (`busy`), and its event never ends. CPU
comes from /proc/<pid>/task/*/schedstat, per frame sent. The load of the machine is said with the
result: on a busy one all of them cost more, and not quite alike.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from benchmarks.agent_udp import cpu, memory
from benchmarks.detector import synthetic
from benchmarks.side_by_side import agent, motion, rtsp_server
from tests.support.broker import Broker

#: Pictures of the film that is played again and again; something walks through it once.
_FRAMES = 120
#: Seconds from the last agent's start to the measurement, and for the start of all.
_BEFORE, _STARTS_WITHIN = 8.0, 40.0
#: MiB that an agent with default settings has resident, its pre-roll included, at most.
MEMORY_GOAL = 120


@dataclass(frozen=True)
class Case:
    """One stream; `goal` is defaults / motion, at most."""

    width: int
    height: int
    fps: int
    kilobits: int
    goal: float

    @property
    def name(self) -> str:
        """As `--only` takes it."""
        return f"{self.width}x{self.height}@{self.fps}"


CASES = (Case(640, 480, 15, 1000, 0.65), Case(1920, 1080, 15, 4000, 0.5))


def film(path: Path, case: Case, seconds: float) -> None:
    """Codes the scene as a camera does: a key picture each two seconds, no B pictures."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(case.fps))
        stream.width, stream.height, stream.pix_fmt = case.width, case.height, "yuv420p"
        stream.bit_rate, stream.gop_size = case.kilobits * 1000, 2 * case.fps
        stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        packets: list[Any] = []
        for jpeg in synthetic(case.height, case.width, _FRAMES, 95, 2.0, case.width // 70):
            pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert pixels is not None
            frame = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="bgr24")
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for number in range(math.ceil(seconds * case.fps)):  # it begins with a key picture
            packet = packets[number % len(packets)]
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, case.fps)
            packet.stream = stream
            container.mux(packet)


def measure(case: Case, seconds: float) -> bool:
    """Runs one case and prints it; True when its goal is met."""
    # no frame is an event: motion, with its outputs off, does no more either
    quiet = {"min_changed": 98, "max_changed": 99}
    every: dict[str, Any] = {"analysis_fps": case.fps, "detection": {"profile": "plain", **quiet}}
    cameras: dict[str, dict[str, Any]] = {
        "defaults": {"detection": quiet},
        "plain_all": every,
        "busy": {},
    }
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        film(root / "camera.mp4", case, seconds + _BEFORE + _STARTS_WITHIN)
        (url,) = rtsp_server(stack, root / "camera.mp4")
        broker = Broker(root).start()
        stack.callback(broker.kill)
        pids = {"motion": motion(root, url, (case.width, case.height), case.fps, stack)}
        for name, camera in cameras.items():
            whole = {"source": url, "recording": {"enabled": False}, **camera}
            pids[name] = stack.enter_context(agent(root, name, broker, whole)).pid
        time.sleep(_BEFORE)  # start-up, discovery, motion's own warm-up
        before = {name: cpu(pid) for name, pid in pids.items()}
        begun = time.monotonic()
        time.sleep(seconds)
        sent = (time.monotonic() - begun) * case.fps
        cost = {name: (cpu(pid) - before[name]) / sent * 1000 for name, pid in pids.items()}
        resident = {name: memory(pid) for name, pid in pids.items()}
        load = os.getloadavg()[0]
    theirs = cost["motion"]
    print(f"{case.name}, {sent:.0f} frames sent to each, load {load:.1f}")
    for name, one in cost.items():
        ratio = f"{one / theirs:5.2f}x motion"
        print(f"  {name:10} {one:6.2f} ms a frame  {ratio}  {resident[name]:4.0f} MiB")
    goals = {
        f"defaults <= {case.goal}x motion": cost["defaults"] <= case.goal * theirs,
        f"defaults <= {MEMORY_GOAL} MiB": resident["defaults"] <= MEMORY_GOAL,
    }
    for goal, met in goals.items():
        print(f"  goal: {goal}: {'met' if met else 'MISSED'}", flush=True)
    return all(goals.values())


def main() -> int:
    """All cases; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--only", choices=[case.name for case in CASES])
    options = parser.parse_args()
    wanted = [case for case in CASES if options.only in {None, case.name}]
    met = [measure(case, options.seconds) for case in wanted]  # all of them, whatever one says
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
