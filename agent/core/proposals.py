"""What a message says about a proposal."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.proposal import Proposal


@dataclass(frozen=True, slots=True)
class ProposalMade:
    """The answer to a `ProposeChange`, or one of before the start; None and why there is none."""

    camera: str
    proposal: Proposal | None
    error: str = ""
