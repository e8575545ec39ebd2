"""A clock that begins in the past and is set later; what it named counts as of the setting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.clock_corrections import MOST, Misdated, Shown, look, made_on

BEGAN = datetime(2000, 1, 1, tzinfo=UTC)
SET = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def set_by(shown: Shown, step: timedelta, after: timedelta = timedelta()) -> Shown:
    """The clock runs on for `after`, then it is set by `step`."""
    at, utc = 20.0 + after.total_seconds(), datetime.fromtimestamp(shown.zero, UTC)
    return look(shown, "boot", at, utc + timedelta(seconds=at) + step)


def made(day: date, shown: Shown) -> date:
    """By what is known on the day of `SET`."""
    return made_on(day, shown.misdated, SET.date())


def booted(at: float = 20.0) -> Shown:
    return look(None, "boot", at, BEGAN + timedelta(seconds=at))


def test_a_clock_that_only_runs_says_nothing_new() -> None:
    shown = look(None, "boot", 20.0, BEGAN + timedelta(seconds=20), sure=True)
    later = look(shown, "boot", 90_020.0, BEGAN + timedelta(seconds=90_021))
    assert later is shown
    assert later.misdated == ()


def test_what_was_dated_before_the_clock_was_set_counts_as_of_when_it_was_made() -> None:
    shown = look(booted(), "boot", 20 * 86_400.0, SET)
    assert [(each.first, each.last) for each in shown.misdated] == [
        (date(2000, 1, 1), date(2000, 1, 21))
    ]
    assert made(date(2000, 1, 21), shown) == SET.date()
    assert made(date(2000, 1, 6), shown) in {SET.date() - 15 * DAY, SET.date() - 14 * DAY}
    assert made(date(2000, 1, 22), shown) == date(2000, 1, 22)
    assert look(shown, "boot", 20 * 86_400.0 + 1, SET) is shown


def test_it_is_remembered_over_boots_and_a_new_boot_is_no_step() -> None:
    shown = look(booted(), "boot", 100.0, SET, sure=True)
    again = look(shown, "next boot", 5.0, BEGAN)
    assert again.misdated == shown.misdated
    set_again = look(again, "next boot", 60.0, SET + HOUR)
    assert len(set_again.misdated) == 2
    assert made(BEGAN.date(), set_again) == SET.date()


def test_a_clock_set_back_makes_nothing_older() -> None:
    shown = look(None, "boot", 20.0, SET)
    back = look(shown, "boot", 30.0, SET - DAY)
    assert made(SET.date(), back) == SET.date()
    assert back.since == (SET - DAY).date()


def test_a_day_never_gets_older_than_its_name() -> None:
    misdated = (Misdated(date(2026, 11, 1), date(2026, 11, 30), -20 * 86_400),)
    assert made_on(date(2026, 11, 20), misdated, SET.date()) == date(2026, 11, 20)


def test_a_clock_that_is_set_for_ever_fills_no_memory() -> None:
    shown = booted()
    for hours in range(1, MOST + 40):
        shown = look(shown, "boot", 20.0, BEGAN + hours * 2 * HOUR)
    assert len(shown.misdated) == MOST
    for boot in range(200):
        shown = look(look(shown, f"{boot}", 0.0, BEGAN), f"{boot}", 0.0, SET)
    assert len(shown.misdated) <= 2 * MOST


def test_a_clock_that_is_set_forward_and_back_for_ever_pushes_nothing_else_out() -> None:
    shown = once = look(booted(), "boot", 100.0, SET)
    for _ in range(2 * MOST):
        shown = set_by(set_by(shown, 2 * HOUR), -2 * HOUR)
    assert shown.misdated[0] == once.misdated[0]
    assert shown.since == once.since


@pytest.mark.parametrize(
    "steps",
    [(365,), (5,), (365, 365), (365, -300), (-300, 40), (-9000, -9000)],
    ids=lambda steps: " then ".join(map(str, steps)),
)
def test_a_mistake_that_is_taken_back_changes_no_age(steps: tuple[int, ...]) -> None:
    shown = look(None, "boot", 20.0, SET)
    for number, step in enumerate(steps):
        shown = set_by(shown, step * DAY, (20 + 10 * number) * DAY)
    shown = set_by(shown, -sum(steps) * DAY, (20 + 10 * len(steps)) * DAY)
    assert shown.since == SET.date()
    for age in range(20):
        day = SET.date() + age * DAY
        assert made_on(day, shown.misdated, date(2099, 1, 1)) == day


def test_what_was_dated_before_a_wrong_setting_counts_by_the_right_one() -> None:
    for wrong in (SET + 365 * DAY, SET - 365 * DAY, BEGAN - 365 * DAY):
        shown = look(booted(), "boot", 86_400.0 * 20, wrong)
        shown = look(shown, "boot", 86_400.0 * 20 + 600, SET + timedelta(seconds=600))
        assert made(date(2000, 1, 21), shown) == SET.date()


def test_a_mistake_of_the_boot_before_is_taken_back_too() -> None:
    right = look(None, "boot", 20.0, SET)
    ahead = look(set_by(right, 365 * DAY), "next boot", 0.0, SET + 365 * DAY)
    back = look(ahead, "next boot", 60.0, SET)
    assert made_on(SET.date(), back.misdated, date(2099, 1, 1)) == SET.date()


def test_a_date_to_come_to_which_the_clock_was_set_says_nothing() -> None:
    misdated = (Misdated(date(2026, 11, 1), SET.date(), 365 * 86_400),)
    assert made_on(date(2026, 11, 2), misdated, SET.date()) == date(2026, 11, 2)


def test_dates_far_apart_cannot_overflow() -> None:
    for later in (10**13, -(10**13)):
        misdated = [Misdated(date.min, date.max, later)]
        for day in (date.min, date.max):
            assert made_on(day, misdated, SET.date()) == day
        known = Shown("boot", SET.timestamp(), SET.date(), SET.timestamp(), earlier=tuple(misdated))
        assert look(known, "boot", 0.0, BEGAN).earlier == tuple(misdated)


def test_a_clock_that_was_two_hours_late_renews_no_age_by_more_than_a_day() -> None:
    shown = set_by(look(None, "boot", 20.0, SET), 2 * HOUR, 20 * DAY)
    assert made_on(SET.date(), shown.misdated, SET.date() + 20 * DAY) == SET.date() + DAY


@pytest.mark.parametrize("boot", ["boot", "next boot"])
def test_a_clock_set_in_several_steps_is_followed_from_one_to_the_next(boot: str) -> None:
    shown = look(None, "boot", 20.0, datetime(1970, 1, 1, tzinfo=UTC))
    shown = look(shown, "boot", 21.0, BEGAN)
    shown = look(shown, boot, 22.0, BEGAN)  # it may go on with what it had
    shown = look(shown, boot, 23.0, SET)
    assert made(date(1970, 1, 1), shown) == made(BEGAN.date(), shown) == SET.date()


@pytest.mark.parametrize("begins", [None, BEGAN], ids=["where it stopped", "in 2000"])
@pytest.mark.parametrize("set_early", [False, True], ids=["set later", "set before we look"])
def test_what_a_boot_recorded_whose_clock_was_never_set_is_as_old_as_it_is(
    begins: datetime | None,
    set_early: bool,  # noqa: FBT001
) -> None:
    shown = booted()
    for hours in range(1, 240):
        shown = look(shown, "boot", hours * 3600.0, BEGAN + hours * HOUR)
    if not set_early:
        shown = look(shown, "next boot", 0.0, begins or BEGAN + 240 * HOUR)
    shown = look(shown, "next boot", 60.0, SET, sure=True)
    assert made(date(2000, 1, 10), shown) == SET.date()
    assert made(date(2000, 1, 5), shown) in {SET.date() - 5 * DAY, SET.date() - 4 * DAY}


def test_boots_that_end_with_a_sure_clock_keep_their_ages_whatever_the_next_one_begins_with() -> (
    None
):
    shown = look(None, "boot", 20.0, SET - 9 * DAY, sure=True)
    shown = look(shown, "next boot", 0.0, SET - 9 * DAY)
    shown = look(shown, "next boot", 60.0, SET, sure=True)
    assert made(SET.date() - 10 * DAY, shown) == SET.date() - 10 * DAY
    assert made(SET.date() - 9 * DAY, shown) == SET.date()  # this boot showed that date, too


def test_a_clock_that_nobody_ever_calls_right_renews_no_age_at_a_boot() -> None:
    shown = booted()
    for boot in range(1, 100):
        shown = look(shown, f"{boot}", 0.0, BEGAN + boot * DAY)
    assert shown.misdated == ()


def test_a_clock_that_is_not_sure_is_followed_by_the_hour_until_it_is() -> None:
    shown = booted()
    assert look(shown, "boot", 3_600.0, BEGAN + HOUR) is shown
    later = look(shown, "boot", 3_620.0, BEGAN + HOUR + timedelta(seconds=20))
    assert later.until == shown.until + 3_600.0
    sure = look(later, "boot", 3_700.0, BEGAN + timedelta(seconds=3_700), sure=True)
    assert sure.sure
    assert look(sure, "boot", 9e6, BEGAN + timedelta(seconds=9e6)) is sure


@pytest.mark.parametrize("by_hand", [None, 1, 30, 58], ids=lambda boot: f"set by hand: {boot}")
@pytest.mark.parametrize("boots", [14, 33, 60, MOST + 60])
def test_boots_that_nobody_is_sure_of_forget_nothing_however_many_they_are(
    boots: int, by_hand: int | None
) -> None:
    """On for twelve hours a day, each boot going on where the last one stopped; at last right."""
    shown, clock, recordings = None, BEGAN, []
    true = SET - boots * DAY
    for boot in range(boots):
        for hour in range(12):
            clock += 365 * DAY if (boot, hour) == (by_hand, 6) else timedelta()
            shown = look(shown, f"{boot}", hour * 3600.0, clock)
            recordings.append((clock.date(), true.date()))
            clock, true = clock + HOUR, true + HOUR
        true += 12 * HOUR
    shown = look(look(shown, "last", 0.0, clock), "last", 60.0, true, sure=True)
    assert len(shown.own) <= MOST
    for dated, true_day in recordings:
        assert true_day <= made(dated, shown)


def test_a_clock_that_is_set_in_each_boot_forgets_nothing_however_many_they_are() -> None:
    shown, recordings, boots = None, [], MOST
    for boot in range(boots):
        true = SET - (boots - boot) * DAY
        for hour in range(4):
            clock = true - 12 * HOUR if hour < 2 else true
            shown = look(shown, f"{boot}", hour * 3600.0, clock + hour * HOUR)
            recordings.append(((clock + hour * HOUR).date(), (true + hour * HOUR).date()))
    assert shown is not None
    assert len(shown.own) == MOST
    for dated, true_day in recordings:
        assert true_day <= made(dated, shown)


@given(
    st.lists(
        st.tuples(st.integers(-20_000, 400), st.integers(1, 200), st.sampled_from("sgbr")),
        max_size=6,
    )
)
def test_nothing_ever_counts_as_older_than_it_is(spans: list[tuple[int, int, str]]) -> None:
    """A clock is set; a boot goes on where it was, begins in the same past, or is right at once."""
    at, shown, recordings, boot, booted_at = 0.0, None, [], 0, 0.0
    wrong = -9_000 * DAY
    for wrong_days, hours, how in [*spans, (0, 1, "s")]:
        if how == "s":
            wrong = wrong_days * DAY
        else:
            boot, at = boot + 1, at + 7_200.0
            booted_at = at
            begins = SET - 9_000 * DAY - (SET + timedelta(seconds=at))
            wrong = {"g": wrong - 2 * HOUR, "b": begins, "r": 0 * DAY}[how]
        for after in range(hours + 1):
            true = SET + timedelta(seconds=at) + after * HOUR
            local, since = true + wrong, at - booted_at + after * 3600.0
            shown = look(shown, f"{boot}", since, local, sure=not wrong)
            recordings.append((local.date(), true.date()))
        at += hours * 3600.0
    assert shown is not None
    for dated, true_day in recordings:
        assert made_on(dated, shown.misdated, recordings[-1][1]) >= true_day
