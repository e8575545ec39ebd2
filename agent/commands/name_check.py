"""Says which command was probably meant by a word that is none. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from agent.core.errors import ConfigError


def check_name(argv: Sequence[str], known: Collection[str]) -> None:
    """Looks at the first word of a command line.

    Raises:
        ConfigError: it is no command, and no option.
    """
    name = argv[0] if argv else "-"
    if name.startswith("-") or name in known:
        return
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "--help lists all"
    raise ConfigError(f"{name[:60]!r} is no command; {hint}")
