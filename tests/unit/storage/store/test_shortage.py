"""How much is deleted when the system says that there is no room, and when no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.storage.store.shortage import (
    AHEAD_BYTES,
    AHEAD_FILES,
    BYTES,
    FILES,
    TRIES,
    Batch,
    Shortage,
)


def emptied(shortage: Shortage, size: int = 1000) -> int:
    """Files that one purge deletes of an endless archive of such files; it is run in any case."""
    batch = shortage.take()
    files = 0
    while batch is not None and files < batch.files and files * size < batch.size:
        files += 1
    shortage.purged(files, files * size, None)
    return files


def test_without_a_refusal_nothing_goes() -> None:
    shortage = Shortage()
    shortage.stored(7, 1000)
    assert (shortage.take(), shortage.acute, shortage.cure) == (None, False, None)


def test_each_refusal_is_followed_by_one_batch() -> None:
    shortage = Shortage()
    shortage.refused(5, "no room")
    before = shortage.untried
    assert shortage.take() == Batch(FILES, BYTES)
    assert shortage.take() is None  # it is tried again first
    assert (before, shortage.untried) == (True, False)
    shortage.refused(5, "no room")
    assert shortage.take() == Batch(2 * FILES, 2 * BYTES)


def test_what_deleting_does_not_cure_ends_it() -> None:
    shortage = Shortage()
    gone = 0
    for _ in range(50):
        shortage.refused(5, "no room")
        gone += emptied(shortage)
    assert gone == FILES * (2**TRIES - 1)
    assert shortage.hopeless
    assert shortage.cure is not None
    assert f"{gone} files were deleted for it in vain" in shortage.cure


def test_what_was_refused_and_is_stored_ends_the_shortage() -> None:
    shortage = Shortage()
    for _ in range(TRIES):
        shortage.refused(5, "no room")
        emptied(shortage)
    shortage.stored(4, 1000)  # what was sent before is sent again
    assert shortage.hopeless
    shortage.stored(5, 1000)
    assert (shortage.acute, shortage.hopeless) == (False, False)
    shortage.refused(9, "no room")
    assert shortage.take() == Batch(FILES, BYTES)


def test_a_purge_that_may_not_delete_is_no_try_and_says_why() -> None:
    shortage = Shortage()
    for _ in range(2 * TRIES):
        shortage.refused(5, "no room")
        assert shortage.take() is not None
        shortage.purged(0, 0, "the clock")
    assert (shortage.hopeless, shortage.cure) == (False, "the clock")


@given(st.lists(st.booleans(), max_size=400), st.sampled_from([1000, 1 << 20, 1 << 30]))
def test_an_error_that_comes_and_goes_does_not_empty_the_archive(
    refusals: list[bool], size: int
) -> None:
    """Deleting runs ahead of storing by so much only, in files or in bytes, whatever happens."""
    shortage = Shortage()
    files = stored = 0
    for record, refused in enumerate(refusals, 1):
        if refused:
            shortage.refused(record, "no room")
            files += emptied(shortage, size)
        else:
            shortage.stored(record, size)
            stored += 1
    one = FILES * 2**TRIES  # the batch that goes beyond it
    few = files - stored <= AHEAD_FILES + one
    assert few or (files - stored) * size <= AHEAD_BYTES + 2**TRIES * BYTES + size


def test_a_store_that_is_really_full_makes_room_for_ever() -> None:
    shortage = Shortage()
    room = record = gone = 0
    while record < 5000:
        if room:
            room, record = room - 1, record + 1
            shortage.stored(record, 2 << 20)
        else:
            shortage.refused(record + 1, "no room")
            freed = emptied(shortage, 2 << 20)
            assert freed
            room, gone = room + freed, gone + freed
    assert gone - record <= FILES
