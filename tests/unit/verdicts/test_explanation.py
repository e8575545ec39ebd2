"""Why there was nothing: each sentence says one thing that is true."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.core.messages import Reason
from agent.core.moments import Moment, moment_of
from agent.verdicts.block import Block, OpenBlock
from agent.verdicts.explanation import Explained, explain
from agent.verdicts.state import State, Stored
from tests.support.verdicts import NOON, T0, block, detection

LATER = NOON + timedelta(hours=2)


def at(seconds: float) -> Moment:
    return moment_of(NOON + timedelta(seconds=seconds))


def ask(*blocks: Block, seconds: float = 10.0) -> Explained:
    return explain(blocks, at(seconds), LATER, T0)


def test_what_was_too_small_is_told_with_its_part_of_the_limit() -> None:
    frames = [(8.0, Reason.QUIET, 0.02), (10.0, Reason.QUIET, 0.05), (25.0, Reason.QUIET, 0.09)]
    found = ask(block(0.0, frames))
    assert "2 frames were judged." in found.sentences
    assert "0.050 % of what is looked at changed" in found.text
    assert "which is 50 % of min_changed 0.100 %" in found.text
    assert found.figures["judged"] == 2
    assert found.figures["strongest"]["min_changed"] == 0.1


def test_profile_robust_is_told_by_the_largest_thing() -> None:
    found = ask(block(0.0, [(10.0, Reason.QUIET, 0.4)], largest=0.02))
    assert "the largest thing that changed" in found.text
    assert "20 % of min_changed" in found.text
    large = ask(block(0.0, [(10.0, Reason.QUIET, 0.4)], largest=0.3))
    assert "above min_changed 0.100 %, but not new in its place" in large.text
    assert "Nothing changed" in ask(block(0.0, [(10.0, Reason.QUIET, 0.0)], largest=0.0)).text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.LIGHT, "looked like a change of light"),
        (Reason.TOO_MUCH, "changed too much"),
        (Reason.RESTLESS, "got nowhere"),
        (Reason.DWELL, "had not lasted for its dwell yet"),
        (Reason.DIRECTION, "not from where it has to come"),
        (Reason.DAMAGED, "were damaged"),
        (Reason.FROZEN, "repeated the picture before"),
        (Reason.WARMING_UP, "had only begun"),
        (Reason.UNCONFIRMED, "in one frame only"),
        (Reason.MOTION, "That was motion"),
    ],
)
def test_each_reason_has_its_sentence(reason: Reason, words: str) -> None:
    assert words in ask(block(0.0, [(10.0, reason, 40.0)])).text


def test_the_zones_that_decided_are_named() -> None:
    opened = OpenBlock("yard", T0, 0.0, State(), sure=True)
    for second, zone in enumerate(["door", "path", "door"], 8):
        opened.judged(detection(second, Reason.DWELL, 4.0)._replace(zone=zone))
    assert "3 of the frames showed motion in a zone" in ask(opened.closed(30.0)).text
    assert "for its dwell yet (door, path); up to 4.000 %" in ask(opened.closed(30.0)).text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State(armed=False), "The camera was disarmed the whole time"),
        (State(away="no answer"), "The camera gave no pictures the whole time: no answer."),
        (State(unjudged="the mask does not fit"), "were not judged: the mask does not fit."),
        (State(store="the disk is full"), "The image store could not be used: the disk is full."),
        (State(records=False), "Recording on motion was off the whole time"),
        (State(event="01JD"), "There was an event: 01JD."),
        (State(), "No frame was judged."),
    ],
)
def test_each_state_has_its_sentence(state: State, words: str) -> None:
    found = ask(block(0.0, state=state))
    assert words in found.text
    assert found.event == (state.event or None)


def test_what_changed_within_the_moment_is_said_to_hold_for_a_part_of_it() -> None:
    found = ask(block(0.0, state=State(armed=False), seconds=10.0), block(10.0))
    assert "disarmed for a part of that time" in found.text


def test_where_nothing_is_known_it_is_said_why() -> None:
    assert "log of verdicts begins at" in ask(block(0.0), seconds=-60.0).text
    assert "did not run then" in ask(block(0.0), block(600.0), seconds=300.0).text
    soon = explain((), at(10.0), NOON + timedelta(seconds=30), T0)
    assert "written twice a minute" in soon.text
    assert "is empty" in explain((), at(0.0), LATER, None).text
    assert explain((), moment_of(LATER), NOON, T0).text == "That moment is still to come."


def test_the_nearest_thing_in_the_store_is_named() -> None:
    stored = [Stored(T0 - 900.0, "yard/2026-11-22/events/114500_A.mp4"),
              Stored(T0 + 60.0, "yard/2026-11-22/monitoring/120100.jpg")]  # fmt: skip
    found = ask(block(0.0, stored=stored))
    assert "The nearest monitoring picture is of" in found.text
    assert found.figures["nearest"]["path"] == stored[1].path
    early = ask(block(0.0, stored=stored), seconds=-800.0)
    assert "The nearest stored clip" in early.text


def test_a_clock_that_nobody_kept_right_or_that_was_set_back_is_told() -> None:
    assert "not synchronised" in ask(block(0.0, sure=False)).text
    twice = ask(
        block(0.0, [(10.0, Reason.QUIET, 0.01)]),
        block(30.0),
        block(0.0, [(10.0, Reason.QUIET, 0.09)]),
    )
    assert "came 2 times" in twice.text
    assert twice.figures["strongest"]["score"] == pytest.approx(0.09, abs=0.001)


def test_the_answer_is_json_of_a_bounded_size() -> None:
    frames = [(n / 200, Reason.QUIET, 0.01) for n in range(2000)]
    data = ask(block(5.0, frames)).to_data()
    assert data["at"] == "2026-11-22T12:00:10Z"
    assert len(str(data)) < 2000


def test_all_events_of_a_minute_are_named() -> None:
    blocks = [
        block(0.0),
        *(block(30.0 * n, state=State(event=f"E{n}")) for n in (1, 2)),
        block(90.0),
    ]
    around = moment_of(NOON)
    whole = Moment(around.at, NOON, NOON + timedelta(minutes=2), around.local, around.offset)
    found = explain(blocks, whole, LATER, T0)
    assert "There were 2 events: E1, E2." in found.text
    assert found.figures["events"] == ["E1", "E2"]
    assert found.event == "E2"
