"""A port that a test was given is nobody else's, in this run or another one, until its end."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.broker import claim, free_port

ASKS = "import sys; from tests.support.broker import claim; print(claim(int(sys.argv[1])))"


def asked(port: str) -> str:
    """What another run of the tests is told."""
    words = [sys.executable, "-c", ASKS, port]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_a_port_is_given_once() -> None:
    port = free_port()
    assert not claim(port)
    assert asked(str(port)) == "False\n"


def test_the_port_of_a_run_that_has_ended_is_given_again() -> None:
    nobodys = str(100_000 + os.getpid())  # no port at all, so `free_port` gives it to nobody
    for _ in range(2):
        assert asked(nobodys) == "True\n"
