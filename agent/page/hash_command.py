"""`surveillance-agent hash-password`: a line for `page.password`."""

from __future__ import annotations

import sys
from getpass import getpass

from agent.core.errors import ConfigError
from agent.page.passwords import hashed
from schemas.page_config import SHORTEST_PASSWORD


def asked_hash() -> str:
    """The hash of a password, from the terminal or from a line of standard input.

    Raises:
        ConfigError: it is too short.
    """
    password = getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigError(f"a password needs at least {SHORTEST_PASSWORD} characters")
    return hashed(password)
