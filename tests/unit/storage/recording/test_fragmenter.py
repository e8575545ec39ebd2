"""Pictures become fragments: all of them, in order, with their true times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.storage.recording.fragmenter import LAST_MS, LONGEST_MS, ONLY_MS, Cut, Cutter

STEPS = st.lists(st.tuples(st.integers(0, 2500), st.booleans()), min_size=1, max_size=60)


def cut(steps: list[tuple[int, bool]]) -> list[Cut]:
    """Pictures `step` ms apart; the first is a key picture."""
    cutter, cuts, at_ms = Cutter(), [], 0
    for number, (step, key) in enumerate(steps):
        at_ms += step if number else 0
        cuts += cutter.add(bytes([number]), at_ms, key=key or number == 0)
    return cuts + cutter.finish()


@given(STEPS)
def test_no_picture_is_lost_and_none_changes_its_place(steps: list[tuple[int, bool]]) -> None:
    cuts = cut(steps)
    assert b"".join(each.data for each in cuts) == bytes(range(len(steps)))
    assert [each.k for each in cuts] == list(range(len(cuts)))


@given(STEPS)
def test_each_picture_is_shown_until_the_next_one_came(steps: list[tuple[int, bool]]) -> None:
    shown = [sample.ms for each in cut(steps) for sample in each.samples]
    times = [0]
    for step, _ in steps[1:]:
        times.append(times[-1] + step)
    for number, ms in enumerate(shown[:-1]):
        # exact, except that times which stand still are moved on by 1 ms
        assert abs(sum(shown[: number + 1]) - times[number + 1]) <= number + 1
        assert ms >= 1


@given(STEPS)
def test_a_fragment_is_at_most_a_second_unless_one_picture_is(
    steps: list[tuple[int, bool]],
) -> None:
    for each in cut(steps):
        assert sum(s.ms for s in each.samples) <= LONGEST_MS or len(each.samples) == 1


@given(STEPS)
def test_fragments_begin_where_the_one_before_ended(steps: list[tuple[int, bool]]) -> None:
    at = 0
    for each in cut(steps):
        assert each.at_ms == at
        at += sum(s.ms for s in each.samples)


@given(STEPS)
def test_a_key_picture_begins_a_fragment(steps: list[tuple[int, bool]]) -> None:
    for each in cut(steps):
        assert not any(sample.key for sample in each.samples[1:])


def test_the_last_picture_is_shown_as_long_as_the_one_before() -> None:
    assert [s.ms for each in cut([(0, True), (330, False)]) for s in each.samples] == [330, 330]


def test_the_last_picture_after_a_long_stall_is_shown_for_a_bounded_time() -> None:
    shown = [s.ms for each in cut([(0, True), (9000, False)]) for s in each.samples]
    assert shown == [9000, LAST_MS]


def test_a_single_picture_is_shown_for_a_moment() -> None:
    (only,) = cut([(0, True)])
    assert [s.ms for s in only.samples] == [ONLY_MS]


def test_what_is_complete_can_be_had_early_and_nothing_comes_twice() -> None:
    cutter = Cutter()
    assert cutter.add(b"a", 0, key=True) == []
    assert cutter.flush() == []
    assert cutter.add(b"b", 100, key=False) == []
    (early,) = cutter.flush()
    assert early.data == b"a"
    assert [each.data for each in cutter.finish()] == [b"b"]
    assert cutter.finish() == []
