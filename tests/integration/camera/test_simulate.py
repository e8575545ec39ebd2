from __future__ import annotations

import argparse
import logging
import socket
import threading
from pathlib import Path

import pytest

from agent.camera.hk.packets import AckMode
from agent.camera.hk.simulator import command
from agent.camera.hk.simulator.player import Streaming
from agent.camera.hk.simulator.wire_faults import Faults


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulate-camera")
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_without_options_it_is_a_quiet_camera_on_this_machine_alone() -> None:
    options = command.options_from_args(parse())

    assert (options.host, options.port, options.source) == ("127.0.0.1", 5000, None)
    assert options.stream == Streaming(fps=3.0)
    assert options.loop


def test_every_option_reaches_the_simulator() -> None:
    line = (
        "--bind ::1 --port 0 --source x --size own --fps 15 --once --wait --seed 9 --loss .02 "
        "--repeat .01 --reorder .03 --garbage .04 --refuse 2 --resource-reply 156 "
        "--start-reply 372 --extra-early --extra-late --burst --separate --ack counter"
    )

    options = command.options_from_args(parse(*line.split()))

    assert (options.host, options.port, options.source, options.size) == ("::1", 0, "x", None)
    assert (options.seed, options.loop, options.start_with_session) == (9, False, True)
    assert options.stream == Streaming(
        fps=15.0, fives=False, joined_after=None, faults=Faults(0.02, 0.01, 0.03, 0.04)
    )
    manners = options.manners
    assert (manners.refusals, manners.resource_reply, manners.start_reply) == (2, 156, 372)
    assert (manners.extra_early, manners.extra_late, manners.ack) == (True, True, AckMode.COUNTER)


@pytest.mark.parametrize(
    "words",
    ["--loss 2", "--loss x", "--fps 0", "--fps 1000", "--port 70000", "--size 640", "--size 1x1"],
)
def test_an_option_out_of_range_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(*words.split())

    assert "expected" in capsys.readouterr().err


def test_a_source_or_port_that_cannot_be_used_is_exit_2(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()

    assert command.run_from_args(parse("--source", str(tmp_path / "absent")), stop) == 2
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        assert command.run_from_args(parse("--port", port), stop) == 2

    assert "no such clip or folder" in caplog.text
    assert "in use" in caplog.text


def test_it_ends_when_it_is_told_to_and_says_what_it_did(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    stop.set()

    with caplog.at_level(logging.INFO):
        assert command.run_from_args(parse("--port", "0"), stop) == 0

    assert "0 frames" in caplog.text
