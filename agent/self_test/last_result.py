"""What came of the last self test, in the state folder: it outlives a restart, and a kill."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import ValidationError

from agent.runtime.atomic import write_atomic
from agent.runtime.small_files import read_small
from schemas.self_test import SelfTestResult

log = logging.getLogger(__name__)

NAME = "self_test.json"
_LIMIT = 1 << 16
#: Why a test has failed that did not come to its end: the agent ended, or we made a mistake.
FAULT = "interrupted: the thread of the self test failed; the log says why"
INTERRUPTED = "interrupted: the agent ended while the test was running"


def load(state_dir: Path) -> SelfTestResult:
    """The last result; a test that never came to its end has failed."""
    found = stored(state_dir) or SelfTestResult()
    return interrupted(found) if found.result == "running" else found


def stored(state_dir: Path) -> SelfTestResult | None:
    """What the file says, also of a test that runs; None: nothing that can be read."""
    try:
        return SelfTestResult.model_validate_json(read_small(state_dir / NAME, _LIMIT))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("self test: %s cannot be read: %s", state_dir / NAME, error)
        return None


def interrupted(result: SelfTestResult, reason: str = INTERRUPTED) -> SelfTestResult:
    """What has become of a test that did not come to its end."""
    return result.model_copy(update={"result": "failed", "reason": reason})


def keep(state_dir: Path, result: SelfTestResult) -> None:
    """Writes it; what cannot be written is said, and forgotten at the next start."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        write_atomic(state_dir / NAME, result.to_json() + b"\n")
    except OSError as error:
        log.warning("self test: %s cannot be written: %s", state_dir / NAME, error)
