"""`verify` and `purge --dry-run`: commands that only look at an image store."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from agent.config.loader import Loaded, agent_id_of, state_dir_of
from agent.core.errors import ConfigError
from agent.runtime.clock import SystemClock
from agent.runtime.progress import progress
from agent.storage.store.dry_run import would_remove
from agent.storage.verify.anchor import asked_for
from agent.storage.verify.store import verify_store

Say = Callable[[str], None]


def add_arguments(verify: argparse.ArgumentParser) -> None:
    """What is verified, and against what."""
    verify.add_argument("store", type=Path, help="the store, one camera of it, or one day")
    words = "an anchor from outside of it: anchor.json of the state folder, or what is published"
    verify.add_argument("--against", metavar="FILE|-", help=words)
    verify.add_argument("--key", type=Path, metavar="FILE", help="its signature is to be of this")


def verify(arguments: argparse.Namespace, say: Say) -> int:
    """Prints the report; exit code 1 if anything is wrong."""
    anchors = asked_for(arguments.against, arguments.key)
    with progress("verify", "B") as seen:
        report = verify_store(arguments.store, anchors, seen)
    say("\n".join(report.lines()))
    return 0 if report.good else 1


def purge(loaded: Loaded, say: Say) -> int:
    """Prints what the next purge would delete.

    Raises:
        ConfigError: no store is configured, or it is not the agent's.
    """
    config = loaded.config
    if config.store is None:
        raise ConfigError("purge: no store.path is configured")
    with progress("purge", " folders") as seen:

        def alive() -> None:
            """One more folder was looked at."""
            seen(1)

        lines = list(
            would_remove(
                config.store,
                state_dir_of(config),
                agent_id_of(config),
                config.cameras,
                SystemClock(),
                always_trusted=config.agent.trust_clock == "always",
                alive=alive,
            )
        )
    say("\n".join(lines))
    return 0
