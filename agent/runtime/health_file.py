"""The file through which `surveillance-agent health` sees how the running agent is.

Its age is measured on the monotonic clock of this boot. So a step of the wall clock cannot make a
dead agent look alive, or a living one dead. Containers share that clock with their host.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from agent.runtime.atomic import write_atomic
from agent.runtime.small_files import read_small

log = logging.getLogger(__name__)

NAME = "health.json"
#: Seconds after which a file says: the agent hangs or is gone. The engine writes it every
#: minute and at each change; the rest is for a busy machine.
MAX_AGE = 90.0

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MAX_BYTES = 65_536  # protects the reader against a file that is not ours


def write_health(
    folder: Path, status: str, problems: Mapping[str, str], now: float | None = None
) -> bool:
    """Replaces the file; False (and a log line) when the disk refuses.

    Args:
        folder: the agent's state folder.
        status: ok, degraded or error.
        problems: codes, and of each why and what helps, as in the health payload.
        now: monotonic seconds; None: of this moment.
    """
    facts = {
        "status": status,
        "problems": dict(problems),
        "pid": os.getpid(),
        "boot_id": _boot_id(),
        "at": time.monotonic() if now is None else now,
    }
    try:
        write_atomic(folder / NAME, json.dumps(facts).encode() + b"\n", sync=False)
    except OSError as error:
        log.warning("health file %s: not written: %s", folder / NAME, error)
        return False
    return True


def remove_health(folder: Path) -> None:
    """Removes the file when the agent ends, so that nobody takes it for running."""
    try:
        (folder / NAME).unlink(missing_ok=True)
    except OSError as error:
        log.warning("health file %s: not removed: %s", folder / NAME, error)


def read_health(
    folder: Path, now: float | None = None, *, strict: bool = False
) -> tuple[bool, str]:
    """Whether the agent is well, and why: a line, and one more for each problem.

    Well is: it wrote the file within `MAX_AGE` seconds, in this boot, and its status is not
    `error`. A degraded agent does its work as far as it can, and a restart would not help it.

    Args:
        folder: the agent's state folder.
        now: monotonic seconds; None: of this moment.
        strict: only `ok` is well.
    """
    facts, why = _read(folder, now)
    if facts is None:
        return False, why
    well = {"ok"} if strict else {"ok", "degraded"}
    lines = [f"{facts.status}, {facts.age:.0f} s ago", *facts.problems]
    return facts.status in well, "\n".join(lines)


def is_alive(folder: Path) -> tuple[bool, str]:
    """Whether the agent runs, however well it is; else why it seems not to."""
    facts, why = _read(folder, None)
    return facts is not None, why


class _Facts(NamedTuple):
    status: str
    age: float
    problems: list[str]


def _read(folder: Path, now: float | None) -> tuple[_Facts | None, str]:
    """What the file of a living agent says, or why it is none."""
    path = folder / NAME
    try:
        facts = json.loads(read_small(path, _MAX_BYTES))
        status, boot_id, at = str(facts["status"]), str(facts["boot_id"]), float(facts["at"])
        pid = int(facts["pid"])
        problems = [f"  {code}: {words}" for code, words in facts["problems"].items()]
    except FileNotFoundError:
        where = f"not running, or its state folder is another one: no {path}"
        return None, f"{where}; call this as the agent's user"
    except OSError as error:
        return None, f"{path}: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None, f"{path}: not a health file"
    age = (time.monotonic() if now is None else now) - at
    if not _lives(pid):
        return None, "not running: it ended without saying so"
    if boot_id != _boot_id():
        return None, "not running: the last sign of life is from before the machine's restart"
    if not 0.0 <= age <= MAX_AGE:
        return None, f"not running, or hanging: the last sign of life is {age:.0f} s old"
    return _Facts(status, age, problems), ""


def _lives(pid: int) -> bool:
    """Whether there is such a process; one of another user is one, too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:  # not Linux: the age alone decides
        return ""
