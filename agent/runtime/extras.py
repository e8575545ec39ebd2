"""What to do where the packages of an extra are missing, in words that fit the installation.

`pip install '.[extra]'` in a checkout would freeze a copy of the agent into the environment. So
no message says to do that.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def how_to_get(extra: str) -> str:
    """The command that installs the packages of an extra, and nothing else."""
    if (_ROOT / "script" / "setup").is_file():
        return f"run `script/setup --with {extra}` in {_ROOT}"
    wanted = [
        line.partition(";")[0].strip()
        for line in metadata.requires("surveillance-agent") or ()
        if f'extra == "{extra}"' in line.replace("'", '"')
    ]
    packages = " ".join(f"'{it}'" for it in wanted)
    return f"run `{sys.prefix}/bin/pip install {packages}`"
