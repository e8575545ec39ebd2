"""`python -m benchmarks.latency`: from the last byte of a frame to the event at a subscriber.

The agent of `agent.service.app` runs whole (vision, engine, journal, broker, recording), but the
frames are put into its mailbox by hand, at a moment known to the nanosecond. The subscriber is a
process of its own. What it is held against is measured in the same run on the same disk and
broker: one fdatasync, one message through the broker, one grey decode.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from agent.config.loader import load
from agent.core.frame import Frame
from agent.service.app import App
from tests.support.broker import Broker

TOPIC = "surveillance/bench/cam/event/motion"
PROBE = "bench/probe"
#: Seconds between two frames: 25 a second.
PACE = 0.04

SUBSCRIBER = f"""
import json, sys, time
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
def heard(_client, _userdata, message):
    at = time.monotonic()
    content = json.loads(message.payload)
    if content.get("event_type", "probe") in ("motion_started", "probe"):
        print(content["seq"], at, message.topic, flush=True)
client = paho.Client(CallbackAPIVersion.VERSION2)
client.on_connect = lambda *_: client.subscribe([("{TOPIC}", 1), ("{PROBE}", 1)])
client.on_subscribe = lambda *_: print("ready", flush=True)
client.on_message = heard
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
"""


class Subscriber:
    """What arrived when, in a process of its own."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SUBSCRIBER, str(port)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        self.probes: dict[int, float] = {}
        self.events: list[float] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            seq, at, topic = line.split()
            if topic == PROBE:
                self.probes[int(seq)] = float(at)
            else:
                self.events.append(float(at))

    def stop(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._thread.join()


def pictures() -> tuple[bytes, bytes]:
    """An empty room, and the same with somebody in it; 640x480 in colour as the camera's."""
    rng = np.random.default_rng(1)
    room = cv2.GaussianBlur(rng.integers(60, 190, (480, 640, 3), dtype=np.uint8), (0, 0), 4)
    visited = room.copy()
    visited[150:330, 250:330] = 255 - room[150:330, 250:330] // 2
    quality = [cv2.IMWRITE_JPEG_QUALITY, 80]
    return tuple(cv2.imencode(".jpg", image, quality)[1].tobytes() for image in (room, visited))  # type: ignore[return-value]  # two


def fdatasync_seconds(folder: Path, count: int = 100) -> float:
    """Median of appending one page and syncing it."""
    taken = []
    descriptor = os.open(folder / "probe", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(count):
        begin = time.perf_counter()
        os.write(descriptor, bytes(4096))
        os.fdatasync(descriptor)
        taken.append(time.perf_counter() - begin)
        time.sleep(0.005)
    os.close(descriptor)
    return statistics.median(taken)


def broker_seconds(port: int, subscriber: Subscriber, first: int, count: int = 100) -> float:
    """Median of publish (QoS 1, an event's size) to arrival, through the broker."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent = {}
    for seq in range(first, first + count):
        payload = json.dumps({"seq": seq, "pad": "x" * 900})
        sent[seq] = time.monotonic()
        client.publish(PROBE, payload, 1).wait_for_publish(5)
        time.sleep(0.005)
    time.sleep(0.2)
    client.disconnect()
    client.loop_stop()
    return statistics.median(subscriber.probes[seq] - at for seq, at in sent.items())


def decode_seconds(jpeg: bytes, count: int = 200) -> float:
    """Median of one grey decode."""
    data = np.frombuffer(jpeg, np.uint8)
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def latencies(app: App, subscriber: Subscriber, events: int) -> list[float]:
    """Seconds from `Frame.at` of the frame that started an event to its arrival."""
    empty, visited = pictures()
    frames = app._parts.cameras[0].frames  # noqa: SLF001  the one place where frames enter
    found: list[float] = []
    seq = 0

    def put(jpeg: bytes) -> float:
        nonlocal seq
        seq += 1
        at = time.monotonic()
        frames.put(Frame(jpeg, at, seq, 1), len(jpeg))
        time.sleep(PACE)
        return at

    for _ in range(20):
        put(empty)
    while len(found) < events:
        before = len(subscriber.events)
        shown = [put(visited) for _ in range(3)]
        for _ in range(12):
            put(empty)
        if len(subscriber.events) > before:
            arrived = subscriber.events[before]
            found.append(arrived - max(at for at in shown if at < arrived - 0.0005))
    return found


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the journal lies; default: a temporary")
    parser.add_argument("--no-store", action="store_true", help="without recording")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        measure(Path(name), arguments.events, store=not arguments.no_store)


def measure(folder: Path, events: int, *, store: bool) -> None:
    """One run; prints milliseconds."""
    broker = Broker(folder).start()
    subscriber = Subscriber(broker.port)
    (folder / "store").mkdir()
    (folder / "state").mkdir()
    environment = {
        "SURVEILLANCE_AGENT__ID": "bench",
        "SURVEILLANCE_MQTT__PORT": str(broker.port),
        "SURVEILLANCE_CAMERAS__CAM__SOURCE": "hk://127.0.0.1:9",
        "SURVEILLANCE_CAMERAS__CAM__ENABLED": "false",
        "SURVEILLANCE_CAMERAS__CAM__ANALYSIS_FPS": "25",
        "SURVEILLANCE_CAMERAS__CAM__RECORDING__POST_FRAMES": "4",
        # the robust profile soon takes a visitor who always stands in one place for furniture
        "SURVEILLANCE_CAMERAS__CAM__DETECTION__PROFILE": "plain",
        "SURVEILLANCE_CAMERAS__CAM__DETECTION__MAX_CHANGED": "60",
        "SURVEILLANCE_BEEP__ENABLED": "false",
    }
    if store:
        environment["SURVEILLANCE_STORE__PATH"] = str(folder / "store")
    app = App(load(None, environment), folder / "state")
    before = (fdatasync_seconds(folder), broker_seconds(broker.port, subscriber, 1))
    runner = threading.Thread(target=_run, args=(app,), daemon=True)
    runner.start()
    time.sleep(2.0)
    found = sorted(latencies(app, subscriber, events))
    app._leave(again=False)  # noqa: SLF001  as a signal does
    runner.join(15)
    after = (fdatasync_seconds(folder), broker_seconds(broker.port, subscriber, 1001))
    subscriber.stop()
    broker.kill()
    sync, message = (statistics.mean(pair) for pair in zip(before, after, strict=True))
    decode = decode_seconds(pictures()[1])
    limit = sync + message + 4 * decode
    rows = {
        "fdatasync": sync,
        "message through the broker": message,
        "grey decode": decode,
        "limit: fdatasync + message + 4 decodes": limit,
        "frame to subscriber, p50": statistics.median(found),
        "frame to subscriber, p90": found[int(len(found) * 0.9)],
        "frame to subscriber, p99": found[int(len(found) * 0.99)],
    }
    for text, seconds in rows.items():
        print(f"{text:42} {seconds * 1000:8.2f} ms")
    verdict = "within" if statistics.median(found) <= limit else "ABOVE"
    print(f"{len(found)} events, p50 {verdict} the limit; load {os.getloadavg()[0]:.1f}")


def _run(app: App) -> None:
    app._signals.install = lambda wake: None  # type: ignore[method-assign]  # noqa: ARG005, SLF001  no main thread
    app.run()


if __name__ == "__main__":
    main()
