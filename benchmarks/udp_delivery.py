"""Frames sent by the simulated camera against frames delivered by the source, over UDP on loopback.

    python benchmarks/udp_delivery.py [--seconds 60] [--dialect 1|2]

All nine cases run at once: 3, 15 and 30 frames/s, each with 0, 2 and 10 % of the image datagrams
lost. `whole` frames had no datagram lost; each has to be delivered. `damaged` counts delivered
frames whose bytes were never sent as one frame; it has to be 0.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import sys
import time
from collections import Counter
from multiprocessing.connection import Connection

from agent.camera.hk.address import HkAddress
from agent.camera.hk.dialects import Dialect
from agent.camera.hk.session import hk_source
from agent.camera.hk.simulator.player import Streaming
from agent.camera.hk.simulator.server import Simulator, SimulatorOptions
from agent.camera.hk.simulator.wire_faults import Faults
from agent.core.frame import Frame
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker

RATES = (3.0, 15.0, 30.0)
LOSSES = (0.0, 0.02, 0.1)


def run_case(fps: float, loss: float, seconds: float, dialect: Dialect, pipe: Connection) -> None:
    """One simulator and one source for so long; sends a line's figures through the pipe."""
    clock = SystemClock()
    sent: Counter[bytes] = Counter()
    whole: Counter[bytes] = Counter()
    delivered: Counter[bytes] = Counter()

    def on_sent(jpeg: bytes, is_whole: bool) -> None:  # noqa: FBT001  a callback
        digest = hashlib.sha256(jpeg).digest()
        sent[digest] += 1
        whole[digest] += is_whole

    def on_frame(frame: Frame) -> None:
        delivered[hashlib.sha256(frame.jpeg).digest()] += 1

    stream = Streaming(fps=fps, faults=Faults(loss=loss))
    options = SimulatorOptions(stream=stream, dialect=dialect)
    simulator = Simulator(options, clock, on_sent)
    address = HkAddress("127.0.0.1", simulator.port, dialect=dialect, hkid="5000")
    source = hk_source("porch", address, clock, on_frame, lambda _state: None)
    workers = [
        Worker(name, run, clock, lambda _name, _error: None)
        for name, run in (("simulator", simulator.run), ("camera", source.run))
    ]
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    # The camera falls silent first, so that nothing is on its way when the source stops.
    simulator.stall(5.0)
    time.sleep(1.0)
    for worker in reversed(workers):
        worker.stop.set()
        worker.join(3.0)
    damaged = sum(count for digest, count in delivered.items() if digest not in sent)
    missed = sum((whole - delivered).values())
    pipe.send(
        (
            sent.total(),
            whole.total(),
            delivered.total(),
            missed,
            damaged,
            simulator.stats.complaints,
        )
    )


def main() -> int:
    """Prints a table; returns 1 if a whole frame is missing or a damaged one was handed on."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--dialect", choices=[str(each) for each in Dialect], default="1")
    args = parser.parse_args()
    cases = []
    for fps in RATES:
        for loss in LOSSES:
            ours, theirs = multiprocessing.Pipe(duplex=False)
            process = multiprocessing.Process(
                target=run_case,
                args=(fps, loss, args.seconds, Dialect(args.dialect), theirs),
                daemon=True,
            )
            process.start()
            cases.append((fps, loss, process, ours))
    print("  fps   loss    sent   whole  delivered  missed  damaged  complaints")
    good = True
    for fps, loss, process, pipe in cases:
        sent, whole, delivered, missed, damaged, complaints = pipe.recv()
        process.join(5.0)
        good = good and not missed and not damaged
        print(
            f"{fps:5g}  {loss:5.0%}  {sent:6}  {whole:6}  {delivered:9}  {missed:6}  "
            f"{damaged:7}  {complaints:10}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
