"""CPU of a camera's two streams beside Debian's `motion` on its main one, in one run.

    .venv/bin/python -m benchmarks.two_streams [--seconds 30]

The sub-stream is judged (640x360, 10 pictures a second), the main one (1920x1080, 15) kept as the
camera codes it, in case something moves; nothing does. Beside it an agent that judges the main
stream itself, and motion with its outputs off. One RTSP server of GStreamer's sends what was
encoded before. CPU comes from /proc/<pid>/task/*/schedstat; seconds of CPU a second are compared.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.agent_udp import cpu, memory
from benchmarks.side_by_side import agent, motion, rtsp_server
from tests.support.broker import Broker

#: Two streams cost at most so much of motion on the main one.
GOAL = 0.25
_NO_EVENT = {"min_changed": 98, "max_changed": 99}
_START = 12.0
#: Seconds that are encoded, and how often they are sent again.
_ONCE, _TIMES = 8, 60


def _encoded(folder: Path, name: str, size: str, rate: int, kilobits: int) -> Path:
    """A quiet scene with sensor noise, a key picture every two seconds, again and again."""
    once, path = folder / f"{name}_once.mp4", folder / f"{name}.mp4"
    scene = f"smptebars=size={size}:rate={rate}:duration={_ONCE},noise=alls=6:allf=t"
    options = ["-c:v", "libx264", "-preset", "superfast", "-profile:v", "main", "-bf", "0"]
    bits = ["-b:v", f"{kilobits}k", "-maxrate", f"{kilobits}k", "-bufsize", f"{kilobits}k"]
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", scene, "-pix_fmt", "yuv420p"]
    subprocess.run([*command, *options, *bits, "-g", str(2 * rate), str(once)], check=True)
    loop = ["ffmpeg", "-v", "error", "-stream_loop", str(_TIMES), "-i", str(once), "-c", "copy"]
    subprocess.run([*loop, str(path)], check=True)
    return path


def measure(seconds: float) -> bool:
    """Runs it and prints it; True when the goal is met."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = [
            _encoded(root, "main", "1920x1080", 15, 4000),
            _encoded(root, "sub", "640x360", 10, 500),
        ]
        main, sub = rtsp_server(stack, *files)
        broker = Broker(root).start()
        stack.callback(broker.kill)
        pids = {"motion": motion(root, main, (1920, 1080), 15, stack)}
        cameras = {"main_only": {"source": main}, "two": {"source": sub, "record_source": main}}
        for name, camera in cameras.items():
            store = root / f"{name}_store"
            store.mkdir()
            whole = {"detection": _NO_EVENT, "monitoring_interval_seconds": 0, **camera}
            kept = {"path": str(store), "require_mount": False}
            process = agent(root, name, broker, whole, store=kept)
            pids[name] = stack.enter_context(process).pid
        time.sleep(_START)  # start-up, discovery, motion's own warm-up
        before = {name: cpu(pid) for name, pid in pids.items()}
        begun = time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - begun
        cost = {name: (cpu(pid) - before[name]) / passed for name, pid in pids.items()}
        resident = {name: memory(pid) for name, pid in pids.items()}
        load = os.getloadavg()[0]
    print(f"1920x1080@15 and 640x360@10, {passed:.0f} s, load {load:.1f}")
    for name, one in cost.items():
        ratio = f"{one / cost['motion']:5.2f}x motion"
        print(f"  {name:10} {one * 1000:6.1f} ms a second  {ratio}  {resident[name]:4.0f} MiB")
    met = cost["two"] <= GOAL * cost["motion"]
    print(f"  goal: two streams <= {GOAL}x motion: {'met' if met else 'MISSED'}", flush=True)
    return met


def main() -> int:
    """Exit 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    return 0 if measure(parser.parse_args().seconds) else 1


if __name__ == "__main__":
    sys.exit(main())
