"""What is proposed spares false alarms, and every price is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tuning.proposal import LEAST, Candidate, Tried, lines, outcomes, propose

ZONE = Candidate("zone", "leave out the spot", "zones:\n  spot:\n    mode: ignore\n")
HIGHER = Candidate("min_changed", "raise min_changed", "detection:\n  min_changed: 0.2\n")


def tried(name: str, *fires_with: bool, false: bool = False, fires: bool = True) -> Tried:
    return Tried(name, "2026-11-22 08:15:01", false, fires, fires_with)


def said(candidates: list[Candidate], events: list[Tried]) -> str:
    marked = sum(it.false_alarm for it in events)
    return "\n".join(lines("yard", propose(candidates, events, marked=marked, days=3)))


def test_what_spares_most_without_a_price_is_proposed() -> None:
    events = [tried(f"F{n}", False, n > 0, false=True) for n in range(4)]
    found = propose([HIGHER, ZONE], [*events, tried("T", True, True)], marked=4, days=3)
    assert found.best is not None
    assert found.best.candidate is HIGHER
    assert [it.id for it in found.best.spares] == ["F0", "F1", "F2", "F3"]
    words = said([HIGHER, ZONE], [*events, tried("T", True, True)])
    assert "It would have spared 4 of 4 false alarms." in words
    assert "It would have cost none of 1 other events." in words
    assert "    detection:\n      min_changed: 0.2" in words
    assert "Nothing was changed." in words


def test_each_true_event_that_would_be_lost_is_named() -> None:
    events = [tried(f"F{n}", False, false=True) for n in range(4)] + [tried("LOST", False)]
    words = said([ZONE], events)
    assert "It would have cost 1 of 1 other events:" in words
    assert "2026-11-22 08:15:01 LOST" in words


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "Mark at least 2 false alarms first"),
        ([tried("F", False, false=True)], "Mark at least 2"),
        ([tried(f"F{n}", False, false=True, fires=False) for n in range(3)], "too few"),
        ([tried(f"F{n}", True, false=True) for n in range(3)], "no change is worth its price"),
        (
            [tried(f"F{n}", False, false=True) for n in range(2)]
            + [tried(f"T{n}", False) for n in range(2)],
            "no change is worth its price",
        ),
    ],
)
def test_where_nothing_is_proposed_it_is_said_why(events: list[Tried], words: str) -> None:
    assert words in said([ZONE], events)
    assert propose([ZONE], events, marked=len(events), days=1).best is None


EVENTS = st.lists(
    st.builds(
        Tried,
        st.text("ab", min_size=1, max_size=3),
        st.just("2026-11-22 08:15:01"),
        st.booleans(),
        st.booleans(),
        st.tuples(st.booleans(), st.booleans()),
    ),
    max_size=20,
)


@given(EVENTS)
def test_the_price_is_never_hidden_and_never_above_the_gain(events: list[Tried]) -> None:
    found = propose([ZONE, HIGHER], events, marked=20, days=1)
    assert all(it.fires for it in found.tried)
    assert len(found.tried) + found.skipped == len(events)
    for outcome in outcomes([ZONE, HIGHER], found.tried):
        number = [ZONE, HIGHER].index(outcome.candidate)
        gone = {id(it) for it in found.tried if not it.fires_with[number]}
        assert gone == {id(it) for it in (*outcome.spares, *outcome.costs)}
    if found.best is not None:
        assert len(found.best.spares) >= LEAST
        assert len(found.best.spares) > len(found.best.costs)
        assert all(it.worth <= found.best.worth for it in found.others)
    assert len(found.others) + (found.best is not None) == 2
