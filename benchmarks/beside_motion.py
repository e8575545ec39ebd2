"""CPU of the whole agent beside Debian's `motion` on the same HTTP MJPEG stream, in one run.

    .venv/bin/python -m benchmarks.beside_motion [--seconds 30] [--only 640x480@3]
    .venv/bin/python -m benchmarks.beside_motion --only busy

Three agents (profile `plain`, `robust`, and `robust` at the default `analysis_fps` of 3) and
motion read one server at once. Every frame is judged (`analysis_fps` = the stream's rate,
but for the last), recording is off on all sides, MQTT, discovery and health are on. CPU comes from
/proc/<pid>/task/*/schedstat, per frame sent. Motion takes `http://` streams through FFmpeg and
decodes each frame; its picture and film outputs are off, everything else as installed.

No frame is an event, but in the busy case: there somebody always walks through the picture, with
limits as installed, so that an event runs all the time. Of it there is `plain` alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from benchmarks.agent_udp import cpu, memory
from benchmarks.detector import synthetic
from benchmarks.side_by_side import agent, motion
from schemas.detection_config import DetectionConfig
from tests.support.broker import Broker


@dataclass(frozen=True)
class Case:
    """One stream; its goals are plain / motion and robust / motion, at most."""

    width: int
    height: int
    fps: int
    goal: float
    goal_robust: float | None = None
    busy: bool = False

    @property
    def name(self) -> str:
        """As `--only` takes it."""
        return "busy" if self.busy else f"{self.width}x{self.height}@{self.fps}"

    @property
    def title(self) -> str:
        """Its size and rate, and whether it is the busy one."""
        return f"{self.width}x{self.height}@{self.fps}{', busy' if self.busy else ''}"


CASES = (
    Case(640, 480, 15, 0.75, 0.75),
    Case(640, 480, 3, 0.5, 0.6),
    Case(1920, 1080, 5, 0.4),
    Case(480, 360, 15, 0.8, busy=True),
)

_SERVER = """
import glob, sys
from tests.support.web_camera import WebCamera
frames = [open(name, "rb").read() for name in sorted(glob.glob(sys.argv[1] + "/*.jpg"))]
with WebCamera(lambda n: frames[n % len(frames)], fps=float(sys.argv[2])) as camera:
    print(camera.port, flush=True)
    sys.stdin.read()
"""


def _server(frames: Path, fps: int, stack: ExitStack) -> int:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(frames), str(fps)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.callback(process.kill)
    assert process.stdout is not None
    return int(process.stdout.readline())


def _camera(url: str, fps: float, profile: str, *, busy: bool) -> dict[str, Any]:
    # no frame is an event: motion, with its outputs off, does no more either
    limits = {} if busy else {"min_changed": 98, "max_changed": 99}
    return {
        "source": url,
        "analysis_fps": fps,
        "recording": {"enabled": False},
        "detection": {"profile": profile, **limits},
    }


def measure(case: Case, seconds: float) -> bool:
    """Runs one case and prints it; True when its goal is met."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        frames = root / "frames"
        frames.mkdir()
        for number, jpeg in enumerate(synthetic(case.height, case.width, 40, 80, 3.0, 9)):
            (frames / f"{number:03}.jpg").write_bytes(jpeg)
        broker = Broker(root).start()
        stack.callback(broker.kill)
        port = _server(frames, case.fps, stack)
        known = get_args(DetectionConfig.model_fields["profile"].annotation)
        profiles = [
            (profile, fps)
            for profile, fps in (("plain", case.fps), ("robust", case.fps), ("robust", 3.0))
            if profile in known and not (case.busy and profile != "plain")
        ]
        url = f"http://127.0.0.1:{port}/stream"
        pids = {"motion": motion(root, url, (case.width, case.height), case.fps, stack)}
        for profile, fps in profiles:
            name = f"{profile}_{fps:g}"
            if name not in pids:
                camera = _camera(url, fps, profile, busy=case.busy)
                pids[name] = stack.enter_context(agent(root, name, broker, camera)).pid
        time.sleep(8.0)  # start-up, discovery, motion's own warm-up
        before = {name: cpu(pid) for name, pid in pids.items()}
        begun = time.monotonic()
        time.sleep(seconds)
        sent = (time.monotonic() - begun) * case.fps
        cost = {name: (cpu(pid) - before[name]) / sent * 1000 for name, pid in pids.items()}
        resident = {name: memory(pid) for name, pid in pids.items()}
        load = os.getloadavg()[0]
    theirs = cost["motion"]
    print(f"{case.title}, {sent:.0f} frames sent to each, load {load:.1f}")
    for name, one in cost.items():
        ratio = f"{one / theirs:5.2f}x motion"
        print(f"  {name:10} {one:6.2f} ms a frame  {ratio}  {resident[name]:4.0f} MiB")
    goals = {"plain": case.goal, "robust": case.goal_robust}
    met = True
    for profile, goal in goals.items():
        if goal is not None:
            reached = cost[f"{profile}_{case.fps}"] <= goal * theirs
            said = "met" if reached else "MISSED"
            print(f"  goal: {profile} <= {goal}x motion: {said}", flush=True)
            met = met and reached
    return met


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
