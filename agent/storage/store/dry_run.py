"""`surveillance-agent purge --dry-run`: what the next purge would delete, in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from agent.core.errors import ConfigError
from agent.runtime.clock import Clock, clock_is_synchronised
from agent.storage.store.claims import Claims, Owner, known_identity
from agent.storage.store.clock_file import misdated_of
from agent.storage.store.identity import StoreRefused, Terms, open_store, remembered
from agent.storage.store.purge import Purge, Rules
from agent.storage.store.quota import Room
from schemas.config import StoreConfig

_MIB = 1 << 20


def would_remove(
    store: StoreConfig,
    state_dir: Path,
    agent: str,
    cameras: Collection[str],
    clock: Clock,
    *,
    always_trusted: bool,
    alive: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """One line for each file, then the sum, what is left alone, and why nothing may be deleted.

    Args:
        store: the configured one.
        state_dir: the agent's.
        agent: its id.
        cameras: those of the configuration.
        clock: for today's date.
        always_trusted: the clock needs not be synchronised.
        alive: called now and then while the store is read.

    Raises:
        ConfigError: it is not the agent's store.
    """
    path = str(store.path)
    expect = remembered(state_dir, path)
    try:
        manual = store.adopt == "manual"
        terms = Terms(path, "", expect, adopt=False, keep_free=store.keep_free, by_hand=manual)
        opened = open_store(terms)
    except StoreRefused as error:
        raise ConfigError(f"store: {error.code}: {error}") from error
    room = Room(opened.fd, store.keep_free, store.max_size)
    try:
        rules = Rules(
            clock.utc().astimezone().date(),
            store.retention_days,
            clock_trusted=always_trusted or clock_is_synchronised(),
            max_size=room.purge_to_size,
            keep_free=room.purge_to_free,
            misdated=misdated_of(state_dir),
        )
        claims = Claims(opened.fd, Owner(known_identity(state_dir) or "", agent))

        def stranger(camera: str) -> str | None:
            """Whose camera it is, where it is not ours."""
            return claims.stranger(camera, cameras)

        done = Purge(opened.fd, (), room.free, clock, alive, stranger, dry=True).run(rules)
    finally:
        os.close(opened.fd)
    for name, size, reason in done.removed:
        yield f"{name} ({size} bytes, {reason})"
    files, total = done.total()
    yield f"{files} files, {total / _MIB:.1f} MiB would be deleted"
    if left := done.others + [f"{camera} (nobody)" for camera in done.unclaimed]:
        yield f"left alone, not recorded by this agent: {', '.join(left)}"
    if done.refused:
        yield f"nothing is deleted: {done.cure}"
