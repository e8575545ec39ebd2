"""`surveillance-agent self-test [CAMERA]`: asks the running agent for a self test, and waits."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import get_args

from agent.core.errors import ConfigError
from agent.core.self_test_commands import LONGEST, SELF_TEST_EVERY
from agent.runtime.clock import Clock
from agent.runtime.health_file import is_alive
from agent.self_test.last_result import stored
from agent.self_test.request_file import FORGOTTEN_AFTER, want, wanted, withdraw
from schemas.self_test import SelfTestResult, StageName

#: Seconds between two looks, and until the agent must have begun: it waits after another test.
_STEP = 0.2
_BEGINS_WITHIN = SELF_TEST_EVERY + 30.0

#: What has to happen in each stage.
WORDS: dict[StageName, str] = {
    "picture": "a drawn picture is decoded and judged",
    "motion": "the detector sees the drawn visitor",
    "event": "the event begins, and ends by itself",
    "clip": "the recorder makes a clip",
    "store": "the store has the clip",
    "playback": "the clip is read back, and plays",
    "mqtt": "a message comes back from the broker",
}

Say = Callable[[str], object]


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The command's own options."""
    words = "whose detection and recording settings are used; default: the first camera"
    sub.add_argument("camera", nargs="?", help=words)
    sub.add_argument("--json", action="store_true", help="the result for programs")


def run(
    arguments: argparse.Namespace, cameras: Collection[str], folder: Path, clock: Clock, say: Say
) -> int:
    """Asks, waits and prints each stage; exit code 0 passed, 1 failed or no result.

    Raises:
        ConfigError: there is no such camera, or the state folder cannot be written.
    """
    camera = arguments.camera
    if camera is not None and camera not in cameras:
        raise ConfigError(f"there is no camera {camera!r}; cameras: {', '.join(cameras)}")
    lives, why = is_alive(folder)
    if not lives:
        say(f"no self test: {why}")
        return 1
    if wanted(folder) is not None:
        say(f"no self test: another command waits for one; try again in {FORGOTTEN_AFTER:g} s")
        return 1
    before = stored(folder)
    try:
        want(folder, camera)
    except PermissionError as error:
        raise ConfigError(f"{folder}: {error.strerror}: run it as the agent's user") from None
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}") from None
    try:
        result, why = _wait(folder, before, clock)
    finally:
        withdraw(folder)
    if result is None:
        say(f"no result of the self test: {why}")
        return 1
    if camera not in {None, result.camera}:
        say(f"no self test: that of camera {result.camera} was begun instead; ask again")
        return 1
    for line in [result.to_json().decode()] if arguments.json else lines(result):
        say(line)
    return 0 if result.result == "passed" else 1


def _wait(
    folder: Path, before: SelfTestResult | None, clock: Clock
) -> tuple[SelfTestResult | None, str]:
    """The result, or why there is none."""
    late, never = clock.monotonic() + _BEGINS_WITHIN, threading.Event()
    while wanted(folder) is not None:
        if clock.monotonic() >= late:
            return None, f"the agent did not begin it within {_BEGINS_WITHIN:g} s; see its log"
        lives, why = is_alive(folder)
        if not lives:
            return None, why
        clock.wait(never, _STEP)
    late = clock.monotonic() + LONGEST
    while (found := stored(folder)) is None or found == before or found.result == "running":
        if clock.monotonic() >= late:
            return None, f"the test did not end within {LONGEST:g} s; see the agent's log"
        lives, why = is_alive(folder)
        if not lives:
            return None, f"the agent ended while the test was running: {why}"
        clock.wait(never, _STEP)
    return found, ""


def lines(result: SelfTestResult) -> Iterator[str]:
    """What came of it, stage by stage, in words."""
    took = "" if result.seconds is None else f" in {result.seconds:.1f} s"
    yield f"self test with the settings of {result.camera}: {result.result}{took}"
    for stage in get_args(StageName):
        yield f"  {stage:<9} {_of(stage, result)}"
    if result.result == "failed" and result.stage is None:
        yield f"  {result.reason}"


def _of(stage: StageName, result: SelfTestResult) -> str:
    if (took := result.stages.get(stage)) is not None:
        return f"passed in {took / 1000:.1f} s: {WORDS[stage]}"
    if (why := result.skipped.get(stage)) is not None:
        return f"left out: {why}"
    return f"failed: {result.reason}" if stage == result.stage else f"not reached: {WORDS[stage]}"
