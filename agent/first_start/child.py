"""The process: `python -m agent.first_start.child`; a task as JSON on standard input, one answer.

Secrets come in by that way only, and none goes out. The process that started it ends it at a
deadline.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.core.errors import ConfigError
from agent.first_start import broker_trial, camera_search, store_trial, writing
from agent.runtime.clock import Clock, SystemClock
from agent.runtime.redaction import hide_url, redact
from schemas.first_start import FirstConfig

#: A task has some kB.
_MOST_TASK = 100_000
Said = dict[str, Any]


def _find(_task: Said, clock: Clock) -> Said:
    return camera_search.found(clock)


def _guess(task: Said, clock: Clock) -> Said:
    return camera_search.guessed(task["host"], task["user"], task["password"], clock)


def _camera(task: Said, clock: Clock) -> Said:
    return camera_search.tried(task["source"], clock)


def _broker(task: Said, clock: Clock) -> Said:
    if words := broker_trial.of_the_demo(task["host"], task["port"], task["demo_broker"]):
        return {"ok": False, "message": words}
    return broker_trial.tried(
        task["host"], task["port"], task["user"], task["password"], clock, tls=task["tls"]
    )


def _store(task: Said, _clock: Clock) -> Said:
    return store_trial.tried(task["path"], make=task["make"])


def _write(task: Said, clock: Clock) -> Said:
    order = FirstConfig.model_validate(task["order"])
    wanted = order.broker
    if wanted is not None and (
        words := broker_trial.of_the_demo(wanted.host, wanted.port, task["demo_broker"])
    ):
        return {"ok": False, "message": words}
    if order.store is not None:
        said = store_trial.tried(order.store, make=False)
        if not said["ok"]:  # the agent would start, and record nothing
            return {"ok": False, "message": f"recordings: {said['message']}"}
    return writing.written(order, task["page"], Path(task["file"]), os.environ, clock)


DO: dict[str, Callable[[Said, Clock], Said]] = {
    "find": _find,
    "guess": _guess,
    "camera": _camera,
    "broker": _broker,
    "store": _store,
    "write": _write,
}


def answer(task: Said, clock: Clock) -> Said:
    """What became of a task; never raises."""
    try:
        return DO[task["do"]](task, clock)
    except ConfigError as error:
        return {"ok": False, "message": redact(str(error))}
    except Exception as error:  # noqa: BLE001  of whatever kind: the page has to say something
        return {"ok": False, "message": f"that failed: {type(error).__name__}"}


def main() -> int:
    """Reads a task, says what became of it."""
    logging.disable(logging.CRITICAL)  # what is tried may fail in every way: the answer says how
    # a camera's program is ended on the way out: it would keep the camera busy
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    with suppress(SystemExit, BrokenPipeError):
        task = json.loads(sys.stdin.buffer.read(_MOST_TASK))
        hide_url(str(task.get("source", "")))
        sys.stdout.write(json.dumps(answer(task, SystemClock())) + "\n")
        sys.stdout.flush()
    os._exit(0)  # a thread that hangs in a look-up is not waited for


if __name__ == "__main__":
    sys.exit(main())
