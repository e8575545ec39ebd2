"""From single looks to an event's name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.classify.adapters import Seen, Yolox
from agent.classify.geometry import Box, counts
from agent.core.event_label import RANKS, Label, Named

#: The default score that names an event immediately. With YOLOX-nano one of 417 empty boxes got a
#: name at 0.6; with SSD none, but 85 at 0.4.
MIN_SCORE = 0.6
#: Pictures of one event that are looked at: the first, and better ones, which come at most once a
#: second (`agent.core.motion.IMPROVE_EVERY`). More than five found nothing more.
MOST_LOOKS = 5


def best_of(things: Iterable[Seen], motion: Box | None) -> dict[Label, Seen]:
    """Of each group the strongest thing where something moved."""
    best: dict[Label, Seen] = {}
    for one in things:
        if counts(one.box, motion) and (one.label not in best or one.score > best[one.label].score):
            best[one.label] = one
    return best


@dataclass(slots=True)
class Verdict:
    """An event's looks so far.

    Attributes:
        model: the network's name, for the answer.
        min_score: the score that names an event immediately.
        second: part of it that is enough if a second frame says the same; see `adapters`.
        looks: pictures looked at.
        named: the name so far; only ever replaced by a better one.
    """

    model: str
    min_score: float = MIN_SCORE
    second: float = Yolox.second
    looks: int = 0
    named: Named | None = None
    _fair: dict[Label, list[Seen]] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """True when another look cannot change it, or is not worth its cost."""
        sure = self.named is not None and self.named.label is RANKS[0]
        return sure or self.looks >= MOST_LOOKS

    def look(self, best: dict[Label, Seen]) -> Named:
        """Takes what one picture shows; the name from now on."""
        self.looks += 1
        for label, seen in best.items():
            if seen.score < self.second * self.min_score:
                continue
            fair = self._fair.setdefault(label, [])  # at most MOST_LOOKS
            fair.append(seen)
            if seen.score >= self.min_score or len(fair) >= 2:
                top = max(fair, key=lambda it: it.score)
                self._name(Named(label, self.model, top.word, top.score, top.box))
        self._name(Named(Label.UNKNOWN, self.model))
        return self.named or Named(Label.UNKNOWN, self.model)

    def _name(self, named: Named) -> None:
        if named.better_than(self.named):
            self.named = named
