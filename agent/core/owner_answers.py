"""What owners answer later to an order of the engine: a sound, an explanation, a proposal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.commands import ErrorCode
from schemas.proposal import Proposal


@dataclass(frozen=True, slots=True)
class SoundDone:
    """The answer to a `Play` or a `StopPlay`.

    Attributes:
        code: None where it was carried out.
        message: for who asked; empty where it was carried out.
        request: as in the order.
        at: monotonic seconds.
        seconds: how long it sounded; None for a `StopPlay`.
        silenced: a `StopPlay` ended it; of a `StopPlay`: there was a sound to end.
    """

    code: ErrorCode | None
    message: str
    request: str | None
    at: float
    seconds: float | None = None
    silenced: bool = False


@dataclass(frozen=True, slots=True)
class MomentExplained:
    """The answer to an `ExplainMoment`: JSON for each of its moments; echoes `request`."""

    camera: str
    moments: tuple[dict[str, Any], ...] = field(repr=False)
    request: str | None


@dataclass(frozen=True, slots=True)
class ProposalMade:
    """The answer to a `ProposeChange`, or one of before the start; None and why there is none."""

    camera: str
    proposal: Proposal | None
    error: str = ""
