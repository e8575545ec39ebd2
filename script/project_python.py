"""Starts a script once more with the Python of the project's environment.

`script/house` needs packages that only this environment has. Its first line starts the system's
Python.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def use_project_python() -> None:
    """Does not return where the system's Python runs; in an environment it does nothing.

    The environment is `.venv`, or VENV as in `script/check`.
    """
    if sys.prefix != sys.base_prefix:
        return
    python = ROOT / os.environ.get("VENV", ".venv") / "bin" / "python"
    if not python.exists():
        sys.exit(f"{python} is not there: run script/setup --dev")
    os.execv(python, [str(python), *sys.argv])  # noqa: S606  no shell is wanted
