"""What the laboratory borrows: the team's faulty file system, root's means."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

FAULTFS = Path(__file__).resolve().parents[2] / ".." / "shared/tools/store/faultfs.py"


@lru_cache(maxsize=1)
def missing() -> dict[str, str]:
    """Need of a fault -> why it cannot be had here."""
    root = os.geteuid() == 0
    absent = {}
    if not FAULTFS.exists():
        absent["disk"] = "shared/tools/store is not beside the checkout"
    elif not (root and Path("/dev/fuse").exists() and importlib.util.find_spec("mfusepy")):
        absent["disk"] = "needs root, /dev/fuse and mfusepy"
    if sys.platform != "linux" or shutil.which("cc") is None:
        absent["clock"] = "needs Linux and a C compiler"
    if not (root and shutil.which("unshare") and shutil.which("mount")):
        absent |= dict.fromkeys(("hosts", "tmp", "state"), "needs root, unshare and mount")
    for kind in ("memory", "cpu"):
        if not (root and os.access(f"/sys/fs/cgroup/{kind}/tasks", os.W_OK)):
            absent[kind] = f"needs root and the {kind} controller of cgroup v1"
    if not (os.environ.get("HA_HARNESS") and os.environ.get("HA_VENV")):
        absent["home_assistant"] = "HA_HARNESS and HA_VENV do not name a prepared Home Assistant"
    return absent


@lru_cache(maxsize=1)
def faultfs() -> Any:  # noqa: ANN401  a script of the team's, not a package
    """The module with `FaultFS`."""
    spec = importlib.util.spec_from_file_location("faultfs", FAULTFS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
