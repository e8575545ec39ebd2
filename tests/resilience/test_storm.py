"""A short storm from a fixed seed; the long form is `python -m tests.resilience.storm_runs`."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.channels import COMMANDS as CHANNELS
from tests.resilience import storm_rest
from tests.resilience.storm import Sent, Storm
from tests.resilience.storm_plan import COMMANDS, OUTSIDE, Act, as_text, from_text, plan_of
from tests.resilience.storm_rest import REST, commanded, every_event_has_one_end, run
from tests.support.agent_process import YARD

#: In its storm are cameras of all kinds; one is removed, store and broker go, an aim is drawn.
SEED, LENGTH = 1163, 30
#: The self test has tests of its own, and takes longer than all others.
SHORT = tuple(ask for ask in REST if ask is not storm_rest.the_self_test_passes)


@pytest.mark.timeout(600)
def test_after_a_storm_all_is_as_it_was_commanded(tmp_path: Path) -> None:
    acts = [act for act in plan_of(SEED, LENGTH) if act.what not in {"restart", "stop"}]
    assert run(tmp_path, SEED, acts, SHORT) == []


def test_a_storm_has_every_command_that_there_is() -> None:
    assert sorted(COMMANDS) == sorted(channel.name for channel in CHANNELS)
    assert all(hasattr(Storm, f"_{what}") for what in OUTSIDE)


def test_a_plan_is_the_same_from_its_seed_and_from_its_file() -> None:
    assert plan_of(3) == plan_of(3) != plan_of(4)
    assert from_text(as_text(plan_of(3))) == plan_of(3)


def answered(*answers: bool | None) -> Storm:
    """A storm in which `armed` of the yard was set again and again; None: nobody answered."""
    acts = [Act(0.0, "setCameraSetting", "yard", f"armed {n}") for n in range(len(answers))]
    said = [[] if ok is None else [{"ok": ok}] for ok in answers]
    return cast(
        Storm,
        SimpleNamespace(
            sent=[Sent(act, number, float(number)) for number, act in enumerate(acts)],
            removed={},
            page=SimpleNamespace(orders=[]),
            answered=lambda number: said[number],
        ),
    )


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [((True, True), "1"), ((True, False), "0"), ((True, None), None), ((None, True), "1")],
)
def test_what_was_commanded_last_is_what_was_answered_last(
    answers: tuple[bool | None, ...], wanted: str | None
) -> None:
    assert commanded(answered(*answers))["yard"].get("armed") == wanted


def test_an_event_without_end_or_with_two_is_found() -> None:
    def told(*kinds: str) -> Storm:
        events = [{"seq": n, "id": "A", "event_type": kind} for n, kind in enumerate(kinds, 1)]
        payloads = [json.dumps(event).encode() for event in events]
        ear: Any = SimpleNamespace(payloads=lambda topic: payloads * (topic == YARD.event_motion))
        return cast(Storm, SimpleNamespace(ear=ear))

    begun, ended = "motion_started", "motion_ended"
    assert list(every_event_has_one_end(told(begun, ended))) == []
    assert list(every_event_has_one_end(told(begun)))
    assert list(every_event_has_one_end(told(begun, ended, ended)))
