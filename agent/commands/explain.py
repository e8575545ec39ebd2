"""`surveillance-agent explain CAMERA WHEN`: reads the log of verdicts, with or without an agent."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Collection
from pathlib import Path

from agent.core.errors import ConfigError
from agent.core.moments import moments
from agent.runtime.clock import Clock
from agent.verdicts.explanation import NEAR, Explained, explain
from agent.verdicts.log import FOLDER, VerdictLog


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The command's own options."""
    sub.add_argument("camera", help="the camera's id, as in the configuration")
    words = "14:03, 14:03:20 or 2026-11-29T14:03: local time, unless it ends with Z or an offset"
    sub.add_argument("when", help=words)
    sub.add_argument("--json", action="store_true", help="the figures, for programs")


def run(
    arguments: argparse.Namespace,
    cameras: Collection[str],
    state_dir: Path,
    clock: Clock,
    say: Callable[[str], object],
) -> None:
    """Says why there was, or was not, an event.

    Raises:
        ConfigError: there is no such camera, or that is no time.
    """
    camera = arguments.camera
    if camera not in cameras:
        raise ConfigError(f"there is no camera {camera!r}; cameras: {', '.join(cameras)}")
    now = clock.utc()
    try:
        asked = moments(arguments.when, now)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    log = VerdictLog(state_dir / FOLDER)
    found = []
    for moment in asked:
        at = moment.at.timestamp()
        blocks = [block for block, _ in log.read(camera, at - NEAR, at + NEAR)]
        found.append(explain(blocks, moment, now, log.begins()))
    if arguments.json:
        data = {"camera": camera, "moments": [it.to_data() for it in found]}
        say(json.dumps(data, indent=2, ensure_ascii=False))
        return
    for one in found:
        for line in _lines(camera, one):
            say(line)


def _lines(camera: str, one: Explained) -> list[str]:
    moment = one.moment
    return [f"{camera}, {moment.local} ({moment.offset}):", *(f"  {it}" for it in one.sentences)]
