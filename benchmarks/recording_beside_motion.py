"""CPU while recording beside Debian's `motion`, and two cameras of 1920x1080 on one processor.

    .venv/bin/python -m benchmarks.recording_beside_motion [--seconds 30] [--only 640x480@15]

First part: somebody always walks through the picture. Both sides record that one event as the
camera coded it (motion by `movie_passthrough`), from one RTSP server. The agent's CPU is that of
all its processes, per frame sent. Both must have written a film of the whole time.

Second part (`--only two`): one agent, bound to one processor, watches two cameras of 1920x1080@15.
It prints the frames that came, were judged and were lost, as health counts them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.agent_udp import children, cpu, memory
from benchmarks.beside_motion_rtsp import CASES, Case, film
from benchmarks.side_by_side import agent, motion, rtsp_server
from tests.support.agent_mqtt import Ear
from tests.support.broker import Broker
from tests.support.waiting import wait_until

#: The agent / motion, at most.
GOAL = 0.6
#: Of the frames that came, this part is lost at most.
_MOST_LOST = 0.01
#: Seconds until both record, and for the start of all.
_BEFORE, _STARTS_WITHIN = 10.0, 40.0
#: Seconds between two health messages, and how long the next one is waited for.
_HEALTH, _PATIENCE = 60.0, 90.0
_TWO = "two"


def _of_all(pid: int) -> float:
    """Seconds of CPU of a process and its children."""
    return cpu(pid) + sum(cpu(child) for child in children(pid))


def _written(folder: Path) -> float:
    """MB of the films in a folder."""
    films = [it for it in folder.rglob("*") if it.suffix in {".mp4", ".mkv"}]
    return sum(it.stat().st_size for it in films) / 1e6


def recording(case: Case, seconds: float) -> bool:
    """Runs one case of the first part and prints it; True when its goal is met."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        film(root / "camera.mp4", case, seconds + _BEFORE + _STARTS_WITHIN)
        (url,) = rtsp_server(stack, root / "camera.mp4")
        broker = Broker(root).start()
        stack.callback(broker.kill)
        size = case.width, case.height
        pids = {"motion": motion(root, url, size, case.fps, stack, records=True)}
        store = root / "store"
        store.mkdir()
        kept = {"path": str(store), "require_mount": False}
        camera: dict[str, Any] = {"source": url, "monitoring_interval_seconds": 0}
        process = stack.enter_context(agent(root, "agent", broker, camera, store=kept))
        pids["agent"] = process.pid
        folders = {"motion": root / "motion", "agent": store}
        time.sleep(_BEFORE)
        before = {name: _of_all(pid) for name, pid in pids.items()}
        films = {name: _written(folder) for name, folder in folders.items()}
        begun = time.monotonic()
        time.sleep(seconds)
        sent = (time.monotonic() - begun) * case.fps
        cost = {name: (_of_all(pid) - before[name]) / sent * 1000 for name, pid in pids.items()}
        wrote = {name: _written(folder) - films[name] for name, folder in folders.items()}
        resident = {name: memory(pid) for name, pid in pids.items()}
        load = os.getloadavg()[0]
    print(f"{case.name}, recording, {sent:.0f} frames sent to each, load {load:.1f}")
    for name, one in cost.items():
        ratio = f"{one / cost['motion']:5.2f}x motion"
        figures = f"{one:6.2f} ms a frame  {ratio}  {resident[name]:4.0f} MiB"
        print(f"  {name:10} {figures}  {wrote[name]:5.1f} MB recorded")
    least = 0.5 * seconds * case.kilobits / 8000
    goals = {
        "both record": min(wrote.values()) >= least,
        f"agent <= {GOAL}x motion": cost["agent"] <= GOAL * cost["motion"],
    }
    return _told(goals)


def two_cameras(seconds: float) -> bool:
    """Runs the second part and prints it; True when nothing is lost."""
    case = CASES[-1]
    seconds = max(seconds, _HEALTH)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        films = [root / "one.mp4", root / "other.mp4"]
        film(films[0], case, seconds + 2 * _PATIENCE + _STARTS_WITHIN)
        films[1].write_bytes(films[0].read_bytes())
        urls = rtsp_server(stack, *films)
        broker = Broker(root).start()
        stack.callback(broker.kill)
        ear = stack.enter_context(Ear(broker.port, "surveillance/agent/+/health"))
        one, other = ({"source": url, "recording": {"enabled": False}} for url in urls)
        core = str(min(os.sched_getaffinity(0)))
        process = agent(root, "agent", broker, one, other, before=("taskset", "-c", core))
        pid = stack.enter_context(process).pid
        begins = _health(ear)
        begun, before = time.monotonic(), cpu(pid)
        time.sleep(seconds - 1.0)
        ends = _health(ear)
        busy = (cpu(pid) - before) / (time.monotonic() - begun)
        resident, load = memory(pid), os.getloadavg()[0]
    head = f"two of {case.name} on one processor"
    print(f"{head}, {busy:.0%} of it, {resident:.0f} MiB, load {load:.1f}")
    goals = {}
    for name, last in sorted(ends.items()):
        counted = ("frames", "frames_judged", "frames_dropped", "frames_damaged", "frames_refused")
        came, judged, *lost = (last[it] - begins[name][it] for it in counted)
        print(f"  {name:10} {came} frames, {judged} judged, {sum(lost)} lost")
        goals[f"{name}: lost <= {_MOST_LOST:.0%}"] = sum(lost) <= _MOST_LOST * came
        least = 0.9 * came * 3 / case.fps
        goals[f"{name}: three judged a second"] = judged >= least
    return _told(goals)


def _health(ear: Ear) -> dict[str, dict[str, Any]]:
    """The next health message of both cameras, by camera."""
    heard = len(ear.heard)

    def both() -> dict[str, dict[str, Any]] | None:
        """None: one has not come yet."""
        came = [it for it in ear.heard[heard:] if not it.retain]
        found = {it.topic.split("/")[-2]: json.loads(it.payload) for it in came}
        return found if len(found) == 2 else None

    return wait_until("health of both cameras", both, _PATIENCE)


def _told(goals: dict[str, bool]) -> bool:
    for goal, met in goals.items():
        print(f"  goal: {goal}: {'met' if met else 'MISSED'}", flush=True)
    return all(goals.values())


def main() -> int:
    """All parts; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--only", choices=[*(case.name for case in CASES), _TWO])
    options = parser.parse_args()
    wanted = [case for case in CASES if options.only in {None, case.name}]
    met = [recording(case, options.seconds) for case in wanted]  # all, whatever one says
    if options.only in {None, _TWO}:
        met.append(two_cameras(options.seconds))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
