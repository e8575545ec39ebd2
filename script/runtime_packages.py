"""Prints what the installed agent needs at run time, the demo included: names, sorted."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

OURS = "surveillance-agent"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def main() -> None:
    """Follows the requirements from ours down; what a marker leaves out is not installed."""
    waiting, found = [OURS], set[str]()
    while waiting:
        name = waiting.pop()
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue
        found.add(name)
        for line in needed:
            match = _NAME.match(line)
            wanted = "extra ==" not in line or name == OURS
            if match and wanted and match[0].lower() not in found:
                waiting.append(match[0].lower())
    print(*sorted(found - {OURS}))


if __name__ == "__main__":
    main()
