"""docs/resilience.md, from the lines of results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs/resilience.md"


def page(results: list[dict[str, Any]]) -> str:
    return f"{len(results)}\n"
