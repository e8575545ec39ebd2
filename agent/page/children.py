"""Child processes of the page that get a task and answer in lines of JSON: how they start."""

from __future__ import annotations

import subprocess
from contextlib import suppress

from agent.runtime.child_link import start_module


def begin(module: str) -> subprocess.Popen[bytes]:
    """Starts one of our modules; its task goes to its standard input, no argument shows it."""
    return start_module(
        module, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


def tell(process: subprocess.Popen[bytes], task: bytes) -> None:
    """The child reads all of it before it does anything."""
    if process.stdin is not None:
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(task)
