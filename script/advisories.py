"""Compares what is installed with stored advisories, where no advisory service can be reached.

    .venv/bin/python script/advisories.py FOLDER

FOLDER has advisories in OSV's format, one JSON file each: `PyPI/all.zip`, unpacked, of
osv-vulnerabilities.storage.googleapis.com. Exit 0: none fits; 1: some do; 2: cannot tell.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version


def normal(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def found_in(
    advisories: Iterable[Mapping[str, Any]], installed: Mapping[str, str]
) -> list[tuple[str, str, str, str]]:
    """(package, version, advisory, summary) of each that fits; withdrawn ones do not count."""
    found = set()
    for advisory in advisories:
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            name = normal(package.get("name", ""))
            version = installed.get(name)
            if package.get("ecosystem") == "PyPI" and version and _affects(affected, version):
                found.add((name, version, advisory["id"], advisory.get("summary", "")))
    return sorted(found)


def _affects(affected: Mapping[str, Any], version: str) -> bool:
    if version in affected.get("versions", []):
        return True
    ours = Version(version)
    ranges = (r for r in affected.get("ranges", []) if r.get("type") == "ECOSYSTEM")
    return any(_inside(each.get("events", []), ours) for each in ranges)


def _inside(events: Iterable[Mapping[str, str]], ours: Version) -> bool:
    """Whether a version lies in a range: the events before it, in order, say so (OSV 1.6)."""
    inside = False
    for event in sorted(events, key=lambda it: _version(next(iter(it.values())))):
        kind, value = next(iter(event.items()))
        if kind == "introduced" and ours >= _version(value):
            inside = True
        elif (kind == "fixed" and ours >= _version(value)) or (
            kind == "last_affected" and ours > _version(value)
        ):
            inside = False
    return inside


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")  # looked at too often rather than too seldom


def main() -> int:
    """Reads the folder and prints what fits."""
    files = sorted(Path(sys.argv[1]).glob("*.json")) if len(sys.argv) == 2 else []
    if not files:
        print(
            "usage: script/advisories.py FOLDER, with advisories in OSV's format", file=sys.stderr
        )
        return 2
    advisories = [json.loads(file.read_bytes()) for file in files]
    installed = {normal(it.metadata["Name"]): it.version for it in distributions()}
    newest = max((it.get("modified", "") for it in advisories), default="")
    found = found_in(advisories, installed)
    for line in found:
        print(*line)
    said = f"{len(installed)} packages, {len(files)} advisories, the newest of {newest}"
    print(f"{said}: {len(found)} fit")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
