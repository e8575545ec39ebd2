"""Which change would spare false alarms, and what it would cost. Pure.

Each candidate was tried on the same stored events by the code that judges live. What is proposed
is never put in force by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Fewer false alarms that would go may be chance.
LEAST = 2
#: One true event weighs as much as this number of false alarms.
_TRUE_WEIGHS = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that was tried.

    Attributes:
        kind: `zone` or `min_changed`.
        words: what it is, for people.
        yaml: to be put below the camera's id.
    """

    kind: str
    words: str
    yaml: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A stored event that was judged again.

    Attributes:
        id: of the event.
        local: when it began, where the camera hangs.
        false_alarm: somebody has marked it so.
        fires: as things are now.
        fires_with: with each of the candidates.
    """

    id: str
    local: str
    false_alarm: bool
    fires: bool
    fires_with: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a candidate does: false alarms that go, and true events that go with them."""

    candidate: Candidate
    spares: tuple[Tried, ...]
    costs: tuple[Tried, ...]

    @property
    def worth(self) -> int:
        """The higher, the better; below 1 it is not worth the price."""
        return len(self.spares) - _TRUE_WEIGHS * len(self.costs)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What came of it.

    Attributes:
        marked: false alarms that were found.
        days: of the store that were looked at.
        tried: all events that were judged again and still fire.
        skipped: events whose clip cannot be judged, or that do not fire when they are judged again.
        unfinished: events for which there was no time.
        best: None: no candidate is worth its price.
        others: the other candidates, the best first.
    """

    marked: int
    days: int
    tried: tuple[Tried, ...]
    skipped: int
    unfinished: int
    best: Outcome | None
    others: tuple[Outcome, ...]


def outcomes(candidates: Sequence[Candidate], tried: Sequence[Tried]) -> list[Outcome]:
    """What each candidate does, the best first; among equals the earlier one."""
    found = []
    for number, candidate in enumerate(candidates):
        gone = [it for it in tried if it.fires and not it.fires_with[number]]
        spares = tuple(it for it in gone if it.false_alarm)
        costs = tuple(it for it in gone if not it.false_alarm)
        found.append(Outcome(candidate, spares, costs))
    return sorted(found, key=lambda it: -it.worth)


def propose(
    candidates: Sequence[Candidate],
    tried: Sequence[Tried],
    *,
    marked: int,
    days: int,
    skipped: int = 0,
    unfinished: int = 0,
) -> Proposal:
    """Chooses among the candidates; what does not fire as things are now says nothing."""
    telling = tuple(it for it in tried if it.fires)
    ranked = outcomes(candidates, telling)
    good = [it for it in ranked if len(it.spares) >= LEAST and it.worth >= 1]
    best = good[0] if good else None
    others = tuple(it for it in ranked if it is not best)
    skipped += len(tried) - len(telling)
    return Proposal(marked, days, telling, skipped, unfinished, best, others)


def lines(camera: str, proposal: Proposal) -> list[str]:
    """The proposal for somebody at a terminal."""
    false = sum(it.false_alarm for it in proposal.tried)
    true = len(proposal.tried) - false
    said = [
        f"{camera}: false alarms that were marked: {proposal.marked}; days: {proposal.days}.",
        f"{false} of them, and {true} other events, were judged again.",
    ]
    if proposal.skipped:
        said.append(f"{proposal.skipped} events could not be judged again.")
    if proposal.unfinished:
        said.append(f"For {proposal.unfinished} more events there was no time.")
    if proposal.best is None:
        return [*said, *_nothing(proposal, false)]
    best = proposal.best
    said.append(f"Proposed: {best.candidate.words}.")
    said += _price(best, false, true)
    for other in proposal.others:
        gone = f"{len(other.spares)} false alarms and {len(other.costs)} other events would go"
        said.append(f"Also tried: {other.candidate.words}: {gone}.")
    said.append(f"Nothing was changed. To take it, write below `cameras: {camera}:`")
    return [*said, *(f"    {line}" for line in best.candidate.yaml.splitlines())]


def _nothing(proposal: Proposal, false: int) -> list[str]:
    if proposal.marked < LEAST:
        return [f"Mark at least {LEAST} false alarms first: one may be chance."]
    if false < LEAST:
        return ["Nothing is proposed: too few of the false alarms have a clip that still fires."]
    tried = [
        f"Tried: {it.candidate.words}: {len(it.spares)} false alarms and"
        f" {len(it.costs)} other events would go."
        for it in proposal.others
    ]
    return ["Nothing is proposed: no change is worth its price.", *tried]


def _price(best: Outcome, false: int, true: int) -> list[str]:
    said = [f"It would have spared {len(best.spares)} of {false} false alarms."]
    if not best.costs:
        return [*said, f"It would have cost none of {true} other events."]
    said.append(f"It would have cost {len(best.costs)} of {true} other events:")
    return [*said, *(f"    {it.local} {it.id}" for it in best.costs)]
