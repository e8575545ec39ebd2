"""The command `adopt-store`: a folder becomes an image store, and the agent's where it says so."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path

from agent.config.loader import agent_id_of, state_dir_of
from agent.core.errors import ConfigError
from agent.core.store_names import is_camera
from agent.storage.store.identity import adopt_store
from schemas.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `adopt-store` but for --config."""
    parser.add_argument("path", nargs="?", type=Path, help="default: store.path")
    parser.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="CAMERA",
        help="make a camera's folder this agent's: it records into it, and deletes what is too old",
    )


def _folders(store: Path) -> list[str]:
    try:
        return [entry.name for entry in store.iterdir() if is_camera(entry.name)]
    except OSError:
        return []  # why it cannot be read is said when it is adopted


def adopt(path: Path | None, take: list[str], config: Config | None) -> str:
    """Adopts the store; returns its uuid.

    Args:
        path: the folder; None: the configured one.
        take: cameras whose folders become this agent's.
        config: the agent's, where it has one.

    Raises:
        ConfigError: no folder is named, it cannot be adopted, or a camera cannot be taken in it.
    """
    path = path or (config.store.path if config and config.store else None)
    if path is None:
        raise ConfigError("adopt-store: name a folder, or configure store.path")
    agent = agent_id_of(config) if config else ""
    # remembered for the configured path only: another folder is not this agent's store
    ours = config is not None and config.store is not None and config.store.path == path
    if take and not ours:
        raise ConfigError("adopt-store: --take is for the configured store.path only")
    if wrong := [camera for camera in take if not is_camera(camera)]:
        raise ConfigError(f"adopt-store: --take {wrong[0]!r} is no camera's id")
    here = [*(config.cameras if config else ()), *_folders(path)]
    if wrong := [camera for camera in take if camera not in here]:
        close = difflib.get_close_matches(wrong[0], here, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(set(here)))}"
        raise ConfigError(
            f"adopt-store: --take {wrong[0]}: there is no such camera, neither in the configuration"
            f" nor in the store; {hint}"
        )
    return adopt_store(path, agent, state_dir_of(config) if config and ours else None, take)
