"""A command that ends with us is started without code between fork and exec."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.runtime.parent_death import ending_with_us


def test_the_program_runs_with_its_own_words_and_the_usual_signals() -> None:
    command = ["/bin/sh", "-c", "grep SigIgn /proc/$$/status; echo $0 $1", "a b", "-c"]
    said = subprocess.check_output(ending_with_us(command), text=True).splitlines()
    ignored = int(said[0].split()[1], 16)
    assert not ignored & 1 << (signal.SIGPIPE - 1)
    assert said[1] == "a b -c"


def test_it_is_killed_with_the_process_that_started_it() -> None:
    code = (
        "import subprocess, sys, os\n"
        "from agent.runtime.parent_death import ending_with_us\n"
        "subprocess.Popen(ending_with_us(['/bin/sh', '-c', 'echo up; exec sleep 600']))\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        parent.kill()
        assert parent.stdout.read() == ""  # nobody holds the pipe any more


def test_a_program_that_is_not_there_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ending_with_us(["no-such-program-here"])
    (tmp_path / "shut").touch(mode=0o600)
    with pytest.raises(PermissionError):
        ending_with_us([str(tmp_path / "shut")])
