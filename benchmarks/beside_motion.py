"""CPU of the whole agent beside Debian's `motion` on the same HTTP MJPEG stream, in one run.

    .venv/bin/python -m benchmarks.beside_motion [--seconds 30] [--only 640x480@3]

Three agents (profile `plain`, `robust`, and `robust` at the default `analysis_fps` of 3) and
motion read one server at once. Every frame is judged (`analysis_fps` = the stream's rate,
but for the last), recording is off on all sides, MQTT, discovery and health are on. CPU comes from
/proc/<pid>/task/*/schedstat, per frame sent. Motion takes `http://` streams through FFmpeg and
decodes each frame; its picture and film outputs are off, everything else as installed.
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

import yaml

from benchmarks.agent_udp import cpu, memory
from benchmarks.detector import synthetic
from schemas.camera_config import DetectionConfig
from tests.support.agent_process import Process
from tests.support.broker import Broker


@dataclass(frozen=True)
class Case:
    """One stream; `goal` is plain / motion, at most (issue 6)."""

    width: int
    height: int
    fps: int
    goal: float

    @property
    def name(self) -> str:
        """As `--only` takes it."""
        return f"{self.width}x{self.height}@{self.fps}"


CASES = (Case(640, 480, 15, 0.75), Case(640, 480, 3, 0.5), Case(1920, 1080, 5, 0.4))

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


def _agent(root: Path, name: str, broker: Broker, port: int, fps: float, profile: str) -> Process:
    folder = root / name
    folder.mkdir()
    # no frame is an event: motion, with its outputs off, does no more either
    limits = {"min_changed": 98, "max_changed": 99}
    camera: dict[str, Any] = {
        "source": f"http://127.0.0.1:{port}/stream",
        "analysis_fps": fps,
        "recording": {"enabled": False},
        "detection": {"profile": profile, **limits},
    }
    config = {
        "agent": {"id": name, "state_dir": str(folder / "state")},
        "mqtt": {"host": "127.0.0.1", "port": broker.port},
        "beep": {"enabled": False},
        "cameras": {"yard": camera},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    agent = Process(folder / "agent.log", "run", "--config", str(path), env={"TZ": "UTC"})
    agent.wait_for_line("live: ", 30)
    return agent


def _motion(root: Path, port: int, case: Case, stack: ExitStack) -> int:
    folder = root / "motion"
    folder.mkdir()
    config = folder / "motion.conf"
    config.write_text(
        f"daemon off\nlog_level 4\nwidth {case.width}\nheight {case.height}\n"
        f"framerate {case.fps}\nnetcam_url http://127.0.0.1:{port}/stream\n"
        f"target_dir {folder}\npicture_output off\nmovie_output off\n"
        "stream_port 0\nwebcontrol_port 0\n"
    )
    log = stack.enter_context((folder / "log").open("wb"))
    process = subprocess.Popen(
        ["motion", "-n", "-c", str(config)], stdout=log, stderr=subprocess.STDOUT, cwd=folder
    )
    stack.callback(process.kill)
    return process.pid


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
            if profile in known
        ]
        pids = {"motion": _motion(root, port, case, stack)}
        for profile, fps in profiles:
            name = f"{profile}_{fps:g}"
            if name not in pids:
                agent = stack.enter_context(_agent(root, name, broker, port, fps, profile))
                pids[name] = agent.pid
        time.sleep(8.0)  # start-up, discovery, motion's own warm-up
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
    met = cost[f"plain_{case.fps}"] <= case.goal * theirs
    print(f"  goal: plain <= {case.goal}x motion: {'met' if met else 'MISSED'}", flush=True)
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
