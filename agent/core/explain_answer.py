"""What the log of verdicts tells the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class MomentExplained:
    """The answer to an `ExplainMoment`: JSON for each of its moments; echoes `request`."""

    camera: str
    moments: tuple[dict[str, Any], ...] = field(repr=False)
    request: str | None
