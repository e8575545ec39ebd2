"""A camera of the second dialect and its discovery, over UDP on loopback."""

from __future__ import annotations

import argparse
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from agent.camera.hk.address import HkAddress
from agent.camera.hk.dialects import Dialect
from agent.camera.hk.discovery import find
from agent.camera.hk.session import hk_source
from agent.camera.hk.simulator.player import Streaming
from agent.camera.hk.simulator.server import Simulator, SimulatorOptions
from agent.camera.hk.simulator.wire_faults import Faults
from agent.camera.hk.tools import discover
from agent.camera.reconnect import Timing
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState, SessionLog
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from tests.support.broker import free_port
from tests.support.waiting import PATIENCE, wait_until

CLOCK = SystemClock()
QUICK = Timing(retry_first=0.125, retry_limit=0.25, unreachable=0.25, refused=0.25, unknown=10.0)
SECOND = SimulatorOptions(
    stream=Streaming(fps=20), dialect=Dialect.SECOND, discovery_port=0, seed=3
)


class Pair:
    """A simulator and a source that watches it, each in its thread."""

    def __init__(self, options: SimulatorOptions, dialect: Dialect | None) -> None:
        self.sent: list[tuple[bytes, bool]] = []
        self.frames: list[Frame] = []
        self.states: list[CameraState] = []
        self.logs: list[SessionLog] = []
        self.simulator = Simulator(
            options, CLOCK, lambda jpeg, whole: self.sent.append((jpeg, whole))
        )
        address = HkAddress(
            "127.0.0.1",
            self.simulator.port,
            dialect=dialect,
            discovery_port=self.simulator.discovery_port or free_port(),
        )
        self.source = hk_source(
            "porch",
            address,
            CLOCK,
            self.frames.append,
            self.states.append,
            QUICK,
            keep_log=self._keep,
        )
        self.workers = [
            Worker(name, run, CLOCK, lambda _name, error: pytest.fail(str(error)))
            for name, run in (("simulator", self.simulator.run), ("camera", self.source.run))
        ]

    def _keep(self, log: SessionLog) -> str:
        self.logs.append(log)
        return f"log {len(self.logs)}"

    def state(self, code: CameraCode) -> CameraState | None:
        return next((state for state in self.states if state.code is code), None)


@contextmanager
def pair(options: SimulatorOptions = SECOND, dialect: Dialect | None = None) -> Iterator[Pair]:
    made = Pair(options, dialect)
    for worker in made.workers:
        worker.start()
    try:
        yield made
    finally:
        for worker in reversed(made.workers):
            worker.stop.set()
            assert worker.join(PATIENCE)


def test_a_camera_that_answers_only_the_second_dialect_is_found_out_and_delivers_all() -> None:
    with pair() as made:
        wait_until("40 frames", lambda: len(made.frames) >= 40)
        live = made.state(CameraCode.LIVE)
        made.workers[1].stop.set()
        assert made.workers[1].join(PATIENCE)
        wait_until("the farewell", lambda: made.simulator.stats.sessions == 1)

    assert live is not None
    assert "second dialect, not confirmed on hardware" in live.reason
    assert made.simulator.complaints == []
    sent = [jpeg for jpeg, _ in made.sent]
    got = [frame.jpeg for frame in made.frames]
    assert got == sent[: len(got)]


def test_what_worked_is_spoken_at_once_after_a_reboot() -> None:
    with pair() as made:
        wait_until("frames", lambda: len(made.frames) >= 3)
        made.simulator.reboot(2.5)
        wait_until("another session", lambda: made.source.stats.sessions == 2)
        wait_until("its frames", lambda: made.frames[-1].session == 2)

    assert made.simulator.complaints == []


@pytest.mark.parametrize("loss", [0.02, 0.1])
def test_with_losses_no_damaged_frame_is_handed_on(loss: float) -> None:
    lossy = replace(SECOND, stream=replace(SECOND.stream, faults=Faults(loss=loss, reorder=0.01)))

    with pair(lossy, Dialect.SECOND) as made:
        wait_until("sent frames", lambda: len(made.sent) >= 80)

    assert {frame.jpeg for frame in made.frames} <= {jpeg for jpeg, _ in made.sent}
    assert made.frames


def test_a_camera_that_is_off_is_unreachable_in_the_words_of_the_first_dialect() -> None:
    with pair(replace(SECOND, discovery_port=None)) as made:
        made.simulator.silence(60.0)
        wait_until("unreachable", lambda: made.state(CameraCode.UNREACHABLE))
        state = made.state(CameraCode.UNREACHABLE)

    assert state is not None
    assert "no answer to the first status" in state.reason
    assert state.log == "log 1"
    said = [json.loads(line) for line in made.logs[0].lines.splitlines()]
    assert "dialect 1" in said[0]["note"]
    assert [line["sent"] for line in said if "sent" in line] == ["hello", "status 82"]
    assert "dialect 2" in "".join(str(line.get("note")) for line in said)


def test_failures_in_a_row_are_kept_once() -> None:
    with pair(replace(SECOND, discovery_port=None), Dialect.FIRST) as made:
        wait_until(
            "three failures",
            lambda: sum(s.code is CameraCode.UNREACHABLE for s in made.states) >= 3,
        )

    assert len(made.logs) == 1
    assert [s.log for s in made.states if s.code is CameraCode.UNREACHABLE][:3] == [
        "log 1",
        None,
        None,
    ]


def test_a_lost_session_keeps_its_last_packets() -> None:
    with pair(SECOND, Dialect.SECOND) as made:
        wait_until("frames", lambda: len(made.frames) >= 10)
        made.simulator.silence(3.0)
        wait_until("a log", lambda: made.logs)

    said = [json.loads(line) for line in made.logs[0].lines.splitlines()]
    assert said[-1]["note"] == "no datagram for 2 s"
    assert any(line.get("times", 0) > 3 for line in said)


def test_cameras_are_found_by_address_and_shown_as_sources() -> None:
    with pair() as made:
        port = made.simulator.discovery_port
        assert port is not None
        found = find(["127.0.0.1"], CLOCK, lambda: True, 3.0, port=port, most=1)

    (camera,) = found
    assert (camera.host, camera.hkid, camera.port) == ("127.0.0.1", "5000", made.simulator.port)
    lines = discover.table(found)
    assert lines[0].split() == ["address", "id", "port", "name", "source"]
    assert lines[1].endswith(f"hk://127.0.0.1:{made.simulator.port}")


def test_nobody_answers_within_the_deadline_and_a_stop_ends_it_sooner() -> None:
    begun = CLOCK.monotonic()
    assert find(["127.0.0.1"], CLOCK, lambda: True, 0.5, port=free_port()) == []
    assert CLOCK.monotonic() - begun > 0.4

    assert find(["127.0.0.1"], CLOCK, lambda: False, 60.0, port=free_port()) == []
    assert "no camera answered" in discover.table([])[0]


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1", "61", "x"])
def test_a_discovery_that_would_never_end_or_never_begin_is_refused(seconds: str) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    discover.add_arguments(parser)
    assert parser.parse_args(["--seconds", "0.5"]).seconds == 0.5
    with pytest.raises(argparse.ArgumentError):
        parser.parse_args(["--seconds", seconds])


def test_a_taken_discovery_port_costs_only_the_discovery() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        simulator = Simulator(replace(SECOND, discovery_port=taken.getsockname()[1]), CLOCK)

    assert simulator.discovery_port is None
    simulator.close()
