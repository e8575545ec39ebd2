"""Mailboxes lose what they say they lose, and count it."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runtime.mailbox import Mailbox, WhenFull
from tests.support.waiting import PATIENCE, wait_until


def box(capacity: int, when_full: WhenFull, limit: int | None = None) -> Mailbox[int]:
    return Mailbox("test", capacity, when_full, limit_bytes=limit)


def test_messages_come_out_in_order() -> None:
    b = box(3, WhenFull.REFUSE)
    for n in range(3):
        assert b.put(n)
    assert [b.get() for _ in range(4)] == [0, 1, 2, None]


def test_those_that_wait_can_be_counted_by_kind() -> None:
    b = box(4, WhenFull.REFUSE)
    for n in (1, 2, 3, 5):
        b.put(n)
    assert b.count(lambda n: n % 2 == 1) == 3
    assert b.depth == 4


def test_a_full_box_refuses_and_counts() -> None:
    b = box(1, WhenFull.REFUSE)
    assert b.put(1)
    assert not b.put(2)
    assert (b.depth, b.dropped, b.get()) == (1, 1, 1)


def test_a_full_box_drops_its_oldest_and_counts() -> None:
    b = box(2, WhenFull.DROP_OLDEST)
    assert all(b.put(n) for n in range(5))
    assert (b.dropped, b.get(), b.get()) == (3, 3, 4)


def test_bytes_are_a_limit_too() -> None:
    b = box(100, WhenFull.REFUSE, limit=10)
    assert b.put(1, size=6)
    assert not b.put(2, size=5)
    assert b.put(3, size=4)
    b.get()
    assert b.put(4, size=6)


def test_a_message_larger_than_the_whole_box_is_refused_even_by_a_dropping_one() -> None:
    b = box(4, WhenFull.DROP_OLDEST, limit=10)
    b.put(1, size=4)
    assert not b.put(2, size=11)
    assert b.dropped == 2
    assert b.get() is None


def test_clearing_is_no_loss() -> None:
    b = box(4, WhenFull.REFUSE, limit=10)
    b.put(1, size=10)
    assert b.clear() == 1
    assert b.dropped == 0
    assert b.put(2, size=10)


def test_a_waiting_reader_is_woken() -> None:
    b = box(1, WhenFull.REFUSE)
    got: list[int | None] = []
    reader = threading.Thread(target=lambda: got.append(b.get(5.0)))
    reader.start()
    b.put(7)
    reader.join(PATIENCE)
    assert got == [7]


def test_a_reader_waits_no_longer_than_told() -> None:
    assert box(1, WhenFull.REFUSE).get(0.01) is None


def test_an_interrupt_ends_one_waiting_without_a_message() -> None:
    b = box(1, WhenFull.REFUSE)
    b.interrupt()
    assert b.get(60.0) is None
    b.put(7)
    b.interrupt()
    assert b.get(60.0) == 7


def test_a_box_without_room_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        box(0, WhenFull.REFUSE)


@given(st.lists(st.one_of(st.integers(0, 9), st.none())), st.sampled_from(WhenFull))
def test_nothing_is_lost_uncounted(steps: list[int | None], when_full: WhenFull) -> None:
    b = box(3, when_full, limit=12)
    put = got = 0
    for size in steps:
        if size is None:
            got += b.get() is not None
        else:
            put += 1
            b.put(size, size=size)
        assert b.depth <= 3
    assert put == got + b.depth + b.dropped


def test_of_a_kind_of_which_the_newest_counts_one_waits_in_its_place_and_none_is_refused() -> None:
    b: Mailbox[int | str] = Mailbox("test", 2, WhenFull.REFUSE, limit_bytes=10, newest_of=(str,))
    assert b.put("first", 4)
    assert b.put(1, 6)
    assert all(b.put(word, 3) for word in ("second", "third"))
    assert (b.depth, b.dropped) == (2, 0)
    assert not b.put(2)
    assert [b.get(), b.get(), b.get()] == ["third", 1, None]
    assert b.put(3, 10), "what was replaced weighs nothing"
    assert b.put("fourth"), "also into a full one"
    assert not b.put(4)
    assert [b.get(), b.get()] == [3, "fourth"]


def test_what_can_wait_wakes_nobody_and_comes_with_what_cannot() -> None:
    b = box(8, WhenFull.REFUSE)
    got: list[int | None] = []
    reader = threading.Thread(target=lambda: got.extend(b.get(PATIENCE) for _ in range(2)))
    reader.start()
    wait_until("the reader sleeps", lambda: b._waits)
    b.put(1, can_wait=True)
    assert b._waits
    b.put(2)
    reader.join(PATIENCE)
    assert got == [1, 2]


@pytest.mark.parametrize(("count", "size"), [(4, 0), (2, 5)])
def test_a_box_that_is_half_full_wakes_its_reader_in_any_case(count: int, size: int) -> None:
    b = box(8, WhenFull.REFUSE, limit=20)
    got: list[int | None] = []
    reader = threading.Thread(target=lambda: got.append(b.get(None)))
    reader.start()
    wait_until("the reader sleeps", lambda: b._waits)
    for n in range(count):
        b.put(n, size=size, can_wait=True)
    reader.join(PATIENCE)
    assert got == [0]


def test_what_can_wait_is_taken_at_the_end_of_a_wait() -> None:
    b = box(8, WhenFull.REFUSE)
    got: list[int | None] = []
    reader = threading.Thread(target=lambda: got.append(b.get(0.5)))
    reader.start()
    b.put(1, can_wait=True)
    reader.join(PATIENCE)
    assert got == [1]
