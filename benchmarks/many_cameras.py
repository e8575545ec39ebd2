"""Many cameras in one process: time from last byte to verdict, CPU per frame, and isolation.

    .venv/bin/python -m benchmarks.many_cameras [--cameras 8] [--seconds 30]

Sources and detectors as in the agent (a thread each), HTTP MJPEG of 640x480 at 3 frames a second,
every frame judged. Measured: one camera alone; all of them; all but one while that one is stalled
and another answers every picture with half a picture. Latency is from `Frame.at` (the last byte)
to the moment the detector's word is handed over.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from agent.camera.source import source_for
from agent.core.frame import Frame
from agent.core.messages import FrameScored
from agent.core.orders import VisionOrder, VisionSettings
from agent.runtime.clock import SystemClock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.vision.worker import VisionOptions, VisionWorker
from benchmarks.detector import synthetic

#: Issue 6.
GOAL_MS = 25.0
GOAL_CPU = 1.15
FPS = 3.0

_SERVER = """
import glob, sys
from tests.support.web_camera import WebCamera
frames = [open(name, "rb").read() for name in sorted(glob.glob(sys.argv[1] + "/*.jpg"))]
fault = sys.argv[3]
def picture(n):
    whole = frames[n % len(frames)]
    return whole[: len(whole) // 2] if fault == "torn" else whole
with WebCamera(picture, fps=float(sys.argv[2])) as camera:
    if fault == "stalled":
        camera.stalled.set()
    print(camera.port, flush=True)
    sys.stdin.read()
"""


@dataclass
class Camera:
    """One camera's source and detector, and how long verdicts took."""

    name: str
    url: str
    latencies: list[float] = field(default_factory=list)

    def workers(self) -> list[Worker]:
        """The threads to run."""
        clock = SystemClock()
        frames: Mailbox[Frame] = Mailbox("frames", 16, WhenFull.DROP_OLDEST)
        orders: Mailbox[VisionOrder] = Mailbox("orders", 8, WhenFull.REFUSE)

        def take(frame: Frame) -> None:
            frames.put(frame)

        source = source_for(self.url, self.name, clock, take, _nothing)
        settings = VisionSettings(
            armed=True,
            pixel_threshold=50,
            min_changed=98.0,
            max_changed=99.0,
            post_frames=10,
            record=False,
            monitoring_interval=0.0,
            scores=True,
        )
        options = VisionOptions(profile="plain", analysis_fps=15.0)
        vision = VisionWorker(
            self.name, options, settings, frames, orders, self._said, _nowhere, clock
        )
        bodies = (("vision", vision.run), ("camera", source.run))
        return [Worker(f"{self.name}.{n}", body, clock, _fatal) for n, body in bodies]

    def _said(self, what: object) -> None:
        if isinstance(what, FrameScored):
            self.latencies.append(time.monotonic() - what.detection.at)


def _nothing(_what: object) -> None:
    pass


def _nowhere(_part: object, _size: int) -> bool:
    return True


def _fatal(name: str, error: BaseException) -> None:
    print(f"{name}: {error}", file=sys.stderr)


def _server(frames: Path, fault: str, stack: ExitStack) -> str:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(frames), str(FPS), fault],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.callback(process.kill)
    assert process.stdout is not None
    return f"http://127.0.0.1:{int(process.stdout.readline())}/stream"


def measure(urls: list[str], seconds: float) -> tuple[float, float, float]:
    """(CPU ms per judged frame, median ms, p99 ms) of these cameras together."""
    cameras = [Camera(f"c{number}", url) for number, url in enumerate(urls)]
    workers = [worker for camera in cameras for worker in camera.workers()]
    for worker in workers:
        worker.start()
        threading.Event().wait(0.04)  # cameras are not in step
    time.sleep(3.0)
    for camera in cameras:
        camera.latencies.clear()
    before = time.process_time()
    time.sleep(seconds)
    cost = time.process_time() - before
    latencies = sorted(late for camera in cameras for late in camera.latencies)
    for worker in workers:
        worker.stop.set()
    for worker in workers:
        worker.join(5.0)
    count = len(latencies)
    return (
        cost / count * 1000,
        latencies[count // 2] * 1000,
        latencies[int(count * 0.99)] * 1000,
    )


def main() -> int:
    """All three; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with ExitStack() as stack:
        frames = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for number, jpeg in enumerate(synthetic(480, 640, 40, 80, 3.0, 9)):
            (frames / f"{number:03}.jpg").write_bytes(jpeg)
        good = _server(frames, "none", stack)
        bad = [_server(frames, "stalled", stack), _server(frames, "torn", stack)]
        one = measure([good], options.seconds)
        many = measure([good] * options.cameras, options.seconds)
        some = measure([good] * (options.cameras - 2) + bad, options.seconds)
    print(f"640x480 at {FPS:g} frames/s, plain, every frame judged; load {os.getloadavg()[0]:.1f}")
    rows = (("one camera", one), (f"{options.cameras} cameras", many), ("two of them ill", some))
    for name, (cost, median, worst) in rows:
        late = f"verdict median {median:4.1f} p99 {worst:5.1f} ms"
        print(f"{name:16} {cost:5.2f} ms CPU a frame, {late}")
    ratio = many[0] / one[0]
    met = many[2] <= GOAL_MS and some[2] <= GOAL_MS and ratio <= GOAL_CPU
    goals = f"CPU ratio {ratio:.2f} (goal {GOAL_CPU}), p99 goal {GOAL_MS:g} ms"
    print(f"{goals}: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
