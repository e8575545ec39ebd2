"""`surveillance-agent propose CAMERA`: what would spare the false alarms that were marked."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from agent.config.loader import Loaded, agent_id_of
from agent.core.cameras import camera_settings
from agent.core.errors import ConfigError, StoreUnavailable
from agent.runtime.clock import Clock
from agent.runtime.settings_file import load_settings
from agent.service.aiming import Aiming
from agent.service.startup import camera_setups, judged_now
from agent.storage.store.identity import Terms, remembered
from agent.tuning.proposal import Proposal, lines
from agent.tuning.propose import WITHIN, as_json, proposal_for
from agent.tuning.trial import Variant
from schemas.page import Aim

#: Lets everything else on the machine go first.
_NICE = 15


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The command's own options."""
    sub.add_argument("camera", help="the camera's id, as in the configuration")
    words = f"end after this time and print what is known by then; default: {WITHIN:g}"
    sub.add_argument("--seconds", type=float, default=WITHIN, help=words)
    sub.add_argument("--json", action="store_true", help="the same for programs")


def run(
    arguments: argparse.Namespace,
    loaded: Loaded,
    state_dir: Path,
    clock: Clock,
    say: Callable[[str], object],
) -> None:
    """Judges stored events again; changes nothing.

    Raises:
        ConfigError: no such camera, no store, or one that cannot be read.
    """
    camera, store = arguments.camera, loaded.config.store
    if camera not in loaded.config.cameras:
        known = ", ".join(loaded.config.cameras)
        raise ConfigError(f"there is no camera {camera!r}; cameras: {known}")
    if not 1 <= arguments.seconds <= 86_400:
        raise ConfigError(f"--seconds: {arguments.seconds:g} is not in 1..86400")
    if store is None:
        raise ConfigError("propose: no store.path is configured, so there are no marked events")
    os.nice(_NICE)
    path = str(store.path)
    terms = Terms(path, agent_id_of(loaded.config), remembered(state_dir, path))
    variant, by_command = _in_force(loaded, state_dir, camera)
    try:
        found = proposal_for(camera, terms, variant, clock, within=arguments.seconds)
    except (StoreUnavailable, OSError) as error:
        raise ConfigError(f"the image store cannot be read: {error}") from None
    if arguments.json:
        say(json.dumps(as_json(camera, found), indent=2))
        return
    for line in [*lines(camera, found), *_elsewhere(found, variant, by_command=by_command)]:
        say(line)


def _elsewhere(found: Proposal, variant: Variant, *, by_command: bool) -> list[str]:
    """Where the configuration file has not the last word."""
    kind = "" if found.best is None else found.best.candidate.kind
    if kind == "zone" and variant.aim is not None:
        return ["The camera's zones were drawn on the page: draw this one there, too."]
    if kind == "min_changed" and by_command:
        return ["min_changed was set by a command (Motion minimum): set the new value there."]
    return []


def _in_force(loaded: Loaded, state_dir: Path, camera: str) -> tuple[Variant, bool]:
    """How the agent judges the camera: the file, what was drawn, what commands changed.

    True: the minimum is one that a command set.
    """
    applied = Aiming(state_dir).applied(loaded)
    setup = next(it for it in camera_setups(applied.loaded) if it.camera_id == camera)
    settings, stored, _ = camera_settings(setup, load_settings(state_dir))
    config = judged_now(applied.loaded.config.cameras[camera], settings)
    fitted = applied.fitted.get(camera)
    aim: Aim | None = None if fitted is None else fitted.aim
    return Variant("in force", config, aim), "min_changed" in stored
