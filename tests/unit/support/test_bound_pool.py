"""Workers of a pool end with the process that made it, and so does what they started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
#: A job that lasts for ever, and a program that it has started and stops when it is left.
JOB = """
import subprocess
with subprocess.Popen(["sleep", "600"]) as program:
    try:
        print("up", flush=True)
        program.wait()
    finally:
        program.kill()
"""
#: Two workers: one is in that job, the other waits.
PARENT = """
import multiprocessing, sys
from tests.support.bound_pool import BoundPool
context = multiprocessing.get_context(sys.argv[1])
with BoundPool(2, context) as pool:
    jobs = [pool.begin(exec, job) for job in ("", "", sys.argv[2])]
    jobs[-1].result()
"""


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_workers_and_what_their_jobs_started_end_with_a_parent_that_is_killed(start: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, start, JOB], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        parent.kill()
        assert parent.stdout.read() == ""  # nobody holds the pipe any more
