"""What is left of root: asked of the kernel, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_ASK = """
import subprocess
from agent.runtime.privileges import keep_only_file_rights
keep_only_file_rights()
subprocess.run(["cat", "/proc/self/status"], check=True)  # a child's are its parent's at most
print(open("/proc/self/status").read())
"""


def test_root_keeps_its_right_to_files_alone() -> None:
    if os.geteuid():
        pytest.skip("only root has something to give up")
    said = subprocess.run(
        [sys.executable, "-c", _ASK], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    rights = [line.split() for line in said.splitlines() if line.startswith(("Cap", "NoNew"))]
    assert ["NoNewPrivs:", "1"] in rights
    sets = {(name, int(value, 16)) for name, value in rights if name in {"CapEff:", "CapBnd:"}}
    assert sets == {("CapEff:", 2), ("CapBnd:", 2)}
