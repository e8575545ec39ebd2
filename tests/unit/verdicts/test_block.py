"""Blocks as bytes: what goes in comes out, and nothing that is torn does harm."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.messages import Detection, Reason
from agent.verdicts.block import (
    LONGEST,
    MOST_FRAMES,
    MOST_STATES,
    Block,
    OpenBlock,
    blocks_in,
    pack,
    unpack,
)
from agent.verdicts.state import State, Stored
from tests.support.verdicts import T0, block, detection

STATES = st.builds(
    State, st.booleans(), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20)
)
FRAMES = st.lists(
    st.tuples(
        st.floats(0.0, 30.0),
        st.sampled_from(Reason),
        st.floats(0.0, 100.0),
        st.none() | st.floats(0.0, 100.0),
        st.none() | st.sampled_from(["door", "gate"]),
    ),
    max_size=40,
)


def read(data: bytes) -> list[Block]:
    found = [unpack(it) for it in blocks_in(data)]
    assert None not in found
    return [it for it in found if it is not None]


@given(FRAMES, st.lists(STATES, max_size=5), st.booleans())
def test_what_was_written_is_read(
    frames: list[tuple[float, Reason, float, float | None, str | None]],
    states: list[State],
    sure: bool,  # noqa: FBT001
) -> None:
    opened = OpenBlock("front_door", T0, 500.0, State(), sure=sure)
    for n, state in enumerate(states):
        opened.is_so(state, 500.0 + n)
    for at, reason, score, largest, zone in frames:
        found = detection(500.0 + at, reason, score, largest)
        opened.judged(found._replace(zone=zone))
    opened.knows(Stored(T0 - 5.0, "front_door/2026-11-22/events/070000_A.mp4"))
    made = opened.closed(530.0)
    (told,) = read(pack(made))
    assert told == made
    for verdict, (at, reason, score, largest, zone) in zip(told.verdicts, frames, strict=True):
        assert verdict.at == pytest.approx(T0 + at, abs=0.006)
        assert verdict.reason == reason
        assert verdict.score == pytest.approx(score, rel=0.001, abs=1e-4)
        assert (verdict.largest is None) == (largest is None)
        assert verdict.rules.zone == zone


@given(st.data())
def test_a_kill_at_any_byte_costs_the_last_block_alone(data: st.DataObject) -> None:
    blocks = [block(n * 30.0, [(1.0, Reason.QUIET, 0.1 * n)]) for n in range(4)]
    packed = [pack(it) for it in blocks]
    whole = b"".join(packed)
    cut = data.draw(st.integers(0, len(whole)))
    after = whole[:cut] + packed[0]  # the agent was started again and writes on
    ends = [sum(map(len, packed[: n + 1])) for n in range(4)]
    assert read(after) == [*(it for it, end in zip(blocks, ends, strict=True) if end <= cut),
                           blocks[0]]  # fmt: skip


@given(st.data())
def test_a_flipped_byte_costs_one_block_and_is_never_believed(data: st.DataObject) -> None:
    blocks = [block(n * 30.0, [(1.0, Reason.QUIET, 0.1 * n)]) for n in range(3)]
    raw = bytearray(b"".join(map(pack, blocks)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    found = read(bytes(raw))
    assert len(found) == 2
    assert all(it in blocks for it in found)


@given(st.binary(max_size=400))
def test_rubbish_is_no_block(data: bytes) -> None:
    assert read(data) == []
    assert read(data + pack(block(0.0)) + data) == [block(0.0)]


def test_a_right_checksum_over_nonsense_is_no_block() -> None:
    good = next(blocks_in(pack(block(0.0, [(1.0, Reason.QUIET, 0.1)]))))
    for body in (b"", b"x", good.body[:-4]):
        assert unpack(replace(good, body=body)) is None
    assert unpack(next(blocks_in(pack(replace(block(0.0), rows=bytes(8)))))) is None


def test_a_block_is_bounded_and_counts_what_it_lost() -> None:
    opened = OpenBlock("yard", T0, 0.0, State(), sure=True)
    for n in range(MOST_FRAMES + 7):
        opened.judged(detection(n / 100, Reason.QUIET, 0.1))
    for n in range(MOST_STATES + 7):
        opened.is_so(State(away=str(n)), n / 10)
    made = opened.closed(2 * LONGEST)
    assert (len(made.verdicts), made.lost, made.seconds) == (MOST_FRAMES, 7, LONGEST)
    assert len(made.states) == MOST_STATES
    assert made.states[-1][1] == State(away=str(MOST_STATES + 6))  # what is true from then on


def test_figures_that_no_detector_should_say_do_no_harm() -> None:
    opened = OpenBlock("yard", T0, 0.0, State(), sure=True)
    for score in (float("inf"), float("-inf"), float("nan"), 1e300):
        odd = Detection(1, -5.0, motion=False, reason=Reason.QUIET, score=score, largest=score)
        opened.judged(odd)
    (told,) = read(pack(opened.closed(1.0)))
    assert len(told.verdicts) == 4
    assert told.verdicts[0].at == T0


def test_a_day_of_a_quiet_camera_is_about_a_megabyte() -> None:
    frames = [(n / 3, Reason.QUIET, 0.02 * (n % 7)) for n in range(90)]
    assert 2880 * len(pack(block(0.0, frames))) < 2_000_000
