"""What may be deleted by age, and above all what may not."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.core.clock_corrections import Misdated
from agent.core.retention import StoredFile, plan

TODAY = date(2026, 11, 22)


def files(*ages: int) -> list[StoredFile]:
    """One file of each age in days."""
    days = [TODAY - timedelta(days=age) for age in ages]
    return [StoredFile(day, f"front/{day}/{day}.mp4", 1000) for day in days]


def set_to(first: date, last: date, made: date) -> Misdated:
    """The clock was set from `last` to `made`."""
    return Misdated(first, last, (made - last).days * 86_400)


def ages(chosen: tuple[StoredFile, ...]) -> list[int]:
    return [(TODAY - file.day).days for file in chosen]


def test_files_older_than_the_limit_go_oldest_first() -> None:
    assert ages(plan(files(0, 1, 4, 5, 9), TODAY, 4, clock_trusted=True).delete) == [9, 5]


def test_the_last_day_within_the_limit_stays() -> None:
    assert plan(files(0, 4), TODAY, 4, clock_trusted=True).delete == ()


def test_an_empty_store_asks_for_nothing() -> None:
    decided = plan([], TODAY, 4, clock_trusted=False)
    assert decided.delete == ()
    assert decided.refused is None


def test_nothing_goes_while_the_clock_is_not_trusted() -> None:
    decided = plan(files(0, 9), TODAY, 4, clock_trusted=False)
    assert decided.delete == ()
    assert decided.refused == "the clock is not synchronised"


def test_the_newest_day_stays_however_old_it_is() -> None:
    assert ages(plan(files(9, 12), TODAY, 4, clock_trusted=True).delete) == [12]


def test_a_newest_day_implausibly_far_back_means_a_wrong_clock() -> None:
    decided = plan(files(39, 60), TODAY, 4, clock_trusted=True)
    assert decided.delete == ()
    assert decided.refused is not None
    assert "implausibly" in decided.refused


def test_days_to_come_stay() -> None:
    assert ages(plan(files(-400, -1, 0, 9), TODAY, 4, clock_trusted=True).delete) == [9]


@given(st.lists(st.integers(-500, 500), max_size=30), st.integers(1, 100), st.booleans())
def test_never_today_the_newest_day_the_future_or_a_day_within_the_limit(
    given_ages: list[int],
    days: int,
    trusted: bool,  # noqa: FBT001
) -> None:
    chosen = plan(files(*given_ages), TODAY, days, clock_trusted=trusted).delete
    if chosen:
        assert trusted
    for age in ages(chosen):
        assert age > days
        assert age > min(given_ages)


def test_what_is_misdated_goes_in_its_true_turn() -> None:
    before = date(2000, 1, 1)
    misdated = [set_to(before, before, TODAY - timedelta(days=5))]
    found = [*files(0, 3, 9), StoredFile(before, f"front/{before}/{before}.mp4", 1000)]
    decided = plan(found, TODAY, 5, clock_trusted=True, misdated=misdated)
    assert ages(decided.delete) == [9]
    assert [file.day for file in decided.for_room] == [before, TODAY - timedelta(days=3)]
    decided = plan(found, TODAY, 4, clock_trusted=True, misdated=misdated)
    assert [file.day for file in decided.delete] == [TODAY - timedelta(days=9), before]


def test_a_date_to_come_to_which_the_clock_was_set_hinders_nothing() -> None:
    ahead = TODAY + timedelta(days=365)
    misdated = [set_to(TODAY - timedelta(days=20), TODAY, ahead)]
    decided = plan(files(0, 3, 9), TODAY, 4, clock_trusted=True, misdated=misdated)
    assert ages(decided.delete) == [9]
    assert ages(decided.for_room) == [3]


def test_room_is_made_on_the_day_the_clock_is_set_out_of_all_but_what_is_written() -> None:
    begin = date(1970, 1, 1)
    named = [begin + timedelta(days=since) for since in range(21)]
    misdated = [set_to(named[0], named[-1], TODAY)]
    found = [StoredFile(day, f"front/{day}/{day}.mp4", 1000) for day in named]
    decided = plan(found, TODAY, 30, clock_trusted=True, misdated=misdated)
    assert decided.delete == ()
    assert [file.day for file in decided.for_room] == named[:-1]
    decided = plan([*files(0), *found], TODAY, 30, clock_trusted=True, misdated=misdated)
    assert [file.day for file in decided.for_room] == named


def test_days_to_come_make_room_last_but_not_the_newest() -> None:
    decided = plan(files(-400, -399, 0, 2), TODAY, 4, clock_trusted=True)
    assert ages(decided.for_room) == [2, -399]
