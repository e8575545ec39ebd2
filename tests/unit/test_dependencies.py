"""What the packages import is what pyproject.toml declares and docs/dependencies.md explains."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = {"agent", "ha_discovery", "schemas"}


def imported() -> set[str]:
    """Top-level names of everything that the three packages import, lazily or not."""
    names = set()
    for package in OURS:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.split(".")[0])
    return names - OURS - set(sys.stdlib_module_names)


def declared() -> set[str]:
    """Distributions that an installation brings, with its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    lines = [*project["dependencies"], *extras]
    return {_normal(re.split(r"[<>=\[; ]", line)[0]) for line in lines}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).casefold()


def test_everything_imported_is_declared() -> None:
    known = importlib.metadata.packages_distributions()
    missing = {
        name
        for name in imported()
        if not {_normal(distribution) for distribution in known.get(name, [])} & declared()
    }
    # pydantic's own core is imported for its error type, and comes with exactly one version.
    assert missing - {"pydantic_core"} == set()


def test_every_dependency_has_its_reason() -> None:
    text = _normal((ROOT / "docs" / "dependencies.md").read_text())
    assert [name for name in sorted(declared()) if name not in text] == []
