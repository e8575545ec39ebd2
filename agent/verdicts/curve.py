"""Curve and spans of some time, out of blocks. Pure.

Of each five seconds the strongest frame is shown, with what decided then.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from agent.core.messages import SUPPRESSING
from agent.verdicts.block import Block, Verdict
from agent.verdicts.state import State

#: Seconds of a bucket.
BUCKET = 5.0
#: Spans of one answer; the oldest goes.
MOST_SPANS = 2000
#: Suppressed frames with less between them are one span.
_SUPPRESSED_GAP = 15.0
#: Seconds between two blocks that are no gap: a block ends where the next one begins.
GAP = 5.0
_NOT_RUNNING = "the agent did not run, could not write its log, or the clock was set"


class Bucket(NamedTuple):
    """The strongest frame of some seconds; `at` is the first of them, since 1970."""

    at: float
    score: float
    least: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some time in which something was so: `kind` as in `schemas.page.Span`, times are epochs."""

    kind: str
    begin: float
    end: float
    text: str


@dataclass(slots=True)
class Past:
    """What happened at one camera from `begin` to `end`; grows with each block.

    A block has to be added in the order in which it was written.
    """

    begin: float
    end: float
    buckets: dict[int, Bucket] = field(default_factory=dict)
    _spans: list[Stretch] = field(default_factory=list)
    _open: dict[str, Stretch] = field(default_factory=dict)
    _until: float | None = None  # where the last block ended

    def copy(self) -> Past:
        """Another one, to which more can be added."""
        return Past(
            self.begin, self.end, dict(self.buckets), list(self._spans), dict(self._open),
            self._until,
        )  # fmt: skip

    def add(self, block: Block) -> None:
        """Takes in a further block."""
        if self._until is not None and block.begin - self._until > GAP:
            self._note(Stretch("stopped", self._until, block.begin, _NOT_RUNNING))
        self._until = block.end
        for at, until, state in states_in(block):
            for kind, text in _said(state).items():
                self._while(kind, at, until, text)
        self._frames(block)

    def curve(self) -> list[Bucket]:
        """The buckets in order."""
        first, last = self.begin - BUCKET, self.end
        return [it for _, it in sorted(self.buckets.items()) if first < it.at < last]

    def spans(self) -> list[Stretch]:
        """What was so at some moment in between, in order of its beginning."""
        every = [*self._spans, *self._open.values()]
        found = [it for it in every if it.end >= self.begin and it.begin <= self.end]
        return sorted(found, key=lambda it: it.begin)[-MOST_SPANS:]

    def _frames(self, block: Block) -> None:
        table = block.table()
        if not len(table):
            return
        at = block.begin + table["at"] / 100.0
        numbers = (at // BUCKET).astype(np.int64)
        order = np.lexsort((table["score"], numbers))
        last = np.flatnonzero(np.diff(numbers[order], append=np.iinfo(np.int64).max))
        for row in order[last]:  # the strongest of each bucket
            number, score = int(numbers[row]), float(table["score"][row])
            known = self.buckets.get(number)
            if known is None or score >= known.score:
                least = block.rules[table["rules"][row]].min_changed
                self.buckets[number] = Bucket(number * BUCKET, score, least)
        if SUPPRESSING.isdisjoint(block.reasons):
            return
        for verdict in block.verdicts:
            if verdict.reason in SUPPRESSING:
                self._lasts(verdict)

    def _while(self, kind: str, begin: float, end: float, text: str) -> None:
        """Something is so for that time; or, with an empty text, is not."""
        running = self._open.get(kind)
        if running is not None and running.text == text and begin - running.end <= GAP:
            self._open[kind] = replace(running, end=end)
            return
        if running is not None:
            self._note(self._open.pop(kind))
        if text:
            self._open[kind] = Stretch(kind, begin, end, text)

    def _lasts(self, verdict: Verdict) -> None:
        """A frame was suppressed; frames near each other are one span."""
        running, at = self._open.get("suppressed"), verdict.at
        if running is not None and 0 <= at - running.end <= _SUPPRESSED_GAP:
            self._open["suppressed"] = replace(running, end=at)
            return
        if running is not None:
            self._note(running)
        zone = "" if verdict.rules.zone is None else f"zone {verdict.rules.zone}: "
        text = f"{zone}{verdict.score:.3f} % changed: {verdict.reason.replace('_', ' ')}"
        self._open["suppressed"] = Stretch("suppressed", at, at, text)

    def _note(self, span: Stretch) -> None:
        self._spans.append(span)
        del self._spans[:-MOST_SPANS]


def states_in(block: Block) -> list[tuple[float, float, State]]:
    """From when until when a block's states held."""
    ends = [at for at, _ in block.states[1:]] + [block.end]
    return [(at, end, state) for (at, state), end in zip(block.states, ends, strict=True)]


def _said(state: State) -> dict[str, str]:
    away = state.away or state.unjudged
    return {"disarmed": "" if state.armed else "disarmed", "away": away}
