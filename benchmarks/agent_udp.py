"""What a camera costs: CPU of the whole agent over UDP beside the seed's way of working.

    .venv/bin/python -m benchmarks.agent_udp [--seconds 20] [--fps 15]

Each reads a simulated camera of its own at the same time: 640x480 frames of about 54 kB, datagrams
in fives, evenly paced. CPU comes from /proc/<pid>/schedstat, per frame SENT. The agent is the real
process with MQTT, discovery and health, judging every frame, recording off. The seed's way is
rebuilt from the article: gather 81 datagrams, look at every byte for SOI and EOI, decode to colour,
convert, compare, throw away what is left. Also shown: the agent while it records, and memory.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from agent.camera.hk.link import CameraLink
from benchmarks.detector import synthetic
from tests.support.agent_process import House, Process
from tests.support.broker import Broker, free_port

#: Of the seed's way.
GOAL = 0.45
#: MiB of the agent's own process with one camera.
GOAL_MEMORY = 130.0
DATAGRAMS_PER_LOOK = 81


def seeds_way(port: int, ready: multiprocessing.synchronize.Event) -> None:
    """The article's loop, after a handshake by our own link; runs until it is killed."""
    cv2.setNumThreads(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(0.5)
        kept: list[cv2.typing.MatLike] = []
        for buffer in _buffers(sock):
            ready.set()
            jpeg = _one_picture(buffer)
            if jpeg is None:
                continue
            picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            if picture is None:
                continue
            kept = [*kept[-2:], cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)]
            if len(kept) == 3:
                both = cv2.bitwise_and(cv2.absdiff(kept[2], kept[0]), cv2.absdiff(kept[2], kept[1]))
                _, binary = cv2.threshold(both, 50, 255, cv2.THRESH_BINARY)
                cv2.countNonZero(binary)


def _buffers(sock: socket.socket) -> Iterator[bytes]:
    link = CameraLink(9, time.monotonic())
    gathered = bytearray()
    count = 0
    while True:
        for datagram in link.to_send():
            sock.send(datagram)
        try:
            datagram = sock.recv(2048)
        except TimeoutError:
            link.tick(time.monotonic())
            continue
        link.receive(datagram, time.monotonic())
        link.events()
        if len(datagram) < 17:
            continue
        gathered += datagram[15:] if datagram[15:17] == b"\xff\xd8" else datagram[4:]
        count += 1
        if count == DATAGRAMS_PER_LOOK:
            yield bytes(gathered)
            gathered.clear()
            count = 0


def _one_picture(buffer: bytes) -> bytes | None:
    """The first whole picture; the search looks at every byte, as the seed's did."""
    starts, ends = [], []
    for n in range(len(buffer) - 1):
        if buffer[n] == 0xFF and buffer[n + 1] == 0xD8:
            starts.append(n)
        if buffer[n] == 0xFF and buffer[n + 1] == 0xD9:
            ends.append(n + 2)
    start = starts[0] if starts else len(buffer)
    return next((buffer[start:end] for end in ends if end > start), None)


def cpu(pid: int) -> float:
    """Seconds on a processor of all threads of a process."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def memory(pid: int) -> float:
    """Resident MiB of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def children(pid: int) -> list[int]:
    """Process ids of a process's children."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text().split()
    ]


def _house(folder: Path, broker: Broker, fps: float, *, record: bool) -> tuple[House, Process]:
    folder.mkdir()
    house = House(folder, broker.port)
    camera = house.config["cameras"]["yard"]
    camera |= {"analysis_fps": fps, "recording": {"enabled": record}}
    # Every frame is judged and none is an event: the seed's loop does no more either.
    limits = {} if record else {"min_changed": 98, "max_changed": 99}
    camera["detection"] = {"profile": "plain", **limits}
    house.simulate("--fps", str(fps), "--source", str(folder.parent / "frames"))
    agent = house.agent()
    agent.wait_for_line("live", 20)
    return house, agent


def main() -> int:
    """Runs both side by side; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--fps", type=float, default=15.0)
    options = parser.parse_args()
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        frames_folder = root / "frames"
        frames_folder.mkdir()
        for n, jpeg in enumerate(synthetic(480, 640, 60, 80, 3.0, 9)):
            (frames_folder / f"{n:03}.jpg").write_bytes(jpeg)
        broker = Broker(root).start()
        stack.callback(broker.kill)
        house, agent = _house(root / "agent", broker, options.fps, record=False)
        stack.enter_context(house)
        recording, recorder = _house(root / "recorder", broker, options.fps, record=True)
        stack.enter_context(recording)
        port = free_port()
        arguments = ["--port", str(port), "--fps", str(options.fps), "--source", str(frames_folder)]
        camera = Process(root / "seed.log", "simulate-camera", *arguments)
        stack.enter_context(camera)
        camera.wait_for_line("simulator: ")
        context = multiprocessing.get_context("spawn")  # OpenCV's threads do not survive a fork
        ready = context.Event()
        seed = context.Process(target=seeds_way, args=(port, ready), daemon=True)
        seed.start()
        stack.callback(seed.kill)
        assert ready.wait(20)
        assert seed.pid is not None
        time.sleep(5.0)
        before = cpu(agent.pid), cpu(seed.pid), cpu(recorder.pid)
        begun = time.monotonic()
        time.sleep(options.seconds)
        frames = (time.monotonic() - begun) * options.fps
        after = cpu(agent.pid), cpu(seed.pid), cpu(recorder.pid)
        ours, seeds, recorded = (
            (b - a) / frames * 1000 for a, b in zip(before, after, strict=True)
        )
        resident, with_clips = memory(agent.pid), memory(recorder.pid)
        small = [memory(pid) for pid in children(recorder.pid)]
    ratio = ours / seeds
    print(f"{options.fps:g} frames/s, every frame judged, {frames:.0f} frames sent")
    print(f"agent {ours:.2f} ms a frame sent, seed's way {seeds:.2f} ms: ratio {ratio:.2f}")
    print(f"agent that records every visit: {recorded:.2f} ms a frame sent")
    print(f"memory: agent {resident:.0f} MiB, recording {with_clips:.0f} MiB", end="")
    print(f", children {', '.join(f'{mib:.0f}' for mib in small)} MiB")
    met = ratio <= GOAL and max(resident, with_clips) <= GOAL_MEMORY
    print(f"goals: ratio <= {GOAL}, memory <= {GOAL_MEMORY:g} MiB: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
