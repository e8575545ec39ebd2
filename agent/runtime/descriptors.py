"""Descriptors of this process: open files and connections, and how many there may be."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path

#: The client library of MQTT waits with `select`, which knows no descriptor above this. Where the
#: system gives more, a leak would end in errors that nobody understands; so it ends in a clear one.
MOST = 1024
_OPEN = Path("/proc/self/fd")


def settle_descriptors() -> None:
    """Raises the limit of this process to `MOST` as far as the system lets it, or lowers it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    with suppress(OSError, ValueError):  # then it stays as it is
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def open_descriptors() -> int | None:
    """How many are open; None where the system does not say."""
    try:
        return sum(1 for _ in _OPEN.iterdir()) - 1  # the listing itself has one
    except OSError:
        return None


def most_descriptors() -> int:
    """How many may be open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft
