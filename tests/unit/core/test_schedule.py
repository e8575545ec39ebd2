"""What a schedule has in force: at both changes of summer time, in many zones, under any sun."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.schedule import Location, Planned, Schedule
from schemas.schedule_config import DAYS, Day, Rule

BERLIN = ZoneInfo("Europe/Berlin")
HERE = Location(52.52, 13.40)
TROMSO = Location(69.65, 18.96)

#: Zone, and a day in the middle of two weeks with a change of its clock. Lord Howe changes by half
#: an hour, Santiago and Cairo at midnight: that day has no 00:30.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/St_Johns", date(2026, 3, 8)),
    ("America/St_Johns", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Santiago", date(2026, 4, 5)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 30)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("UTC", date(2026, 3, 29)),
]


def rule(at: str, *days: Day, **values: object) -> Rule:
    return Rule.model_validate({"at": at, "days": days or DAYS, **values})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def changes(schedule: Schedule, name: str, begin: datetime, end: datetime) -> list[datetime]:
    """The moments of a span at which another value comes, found by following `until`."""
    found, now = [], begin
    while (until := schedule.in_force(name, now).until) is not None and until < end:
        assert until > now
        found.append(until)
        now = until
    return found


@pytest.mark.parametrize(("zone", "middle"), CHANGES)
def test_two_weeks_around_a_change_of_the_clock_have_each_time_once_a_day(
    zone: str, middle: date
) -> None:
    here = ZoneInfo(zone)
    times = ("00:30", "01:45", "02:30", "03:15", "12:00", "23:30")
    rules = tuple(rule(at, armed=n % 2 == 0) for n, at in enumerate(times))
    schedule = Schedule(rules, zone=here)
    first = middle - timedelta(days=7)
    begin = datetime.combine(first, time(), here).astimezone(UTC) - timedelta(seconds=1)
    end = datetime.combine(first + timedelta(days=14), time(), here).astimezone(UTC)
    found = changes(schedule, "armed", begin, end)
    days = {first + timedelta(days=n) for n in range(14)}
    for n, text in enumerate(times):
        meant = time.fromisoformat(text)
        mine = [it for it in found if _is(it, meant, here)]
        skipped = [day for day in days if not _exists(day, meant, here)]
        told = {it.astimezone(here).date() for it in mine}
        assert told == days - set(skipped), (text, n)
        assert len(mine) == len(told)
    # what the clock was put forward over comes then: no value of the schedule is lost
    now, highest = begin, begin.astimezone(here).replace(tzinfo=None)
    while now < end:
        # a clock that is put back shows some times again; they were reached before
        highest = max(highest, now.astimezone(here).replace(tzinfo=None))
        assert schedule.in_force("armed", now).value is _by_hand(times, highest), now
        now += timedelta(minutes=15)


def _is(at: datetime, meant: time, zone: ZoneInfo) -> bool:
    return at.astimezone(zone).time() == meant


def _exists(day: date, meant: time, zone: ZoneInfo) -> bool:
    local = datetime.combine(day, meant, zone)
    return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)


def _by_hand(times: tuple[str, ...], highest: datetime) -> bool:
    """The value of the last time of day that a wall clock has reached or jumped over."""
    reached = [n for n, text in enumerate(times) if time.fromisoformat(text) <= highest.time()]
    return (reached[-1] if reached else len(times) - 1) % 2 == 0


def test_a_time_that_does_not_exist_comes_when_the_clock_is_put_forward() -> None:
    schedule = Schedule((rule("02:30", armed=True), rule("04:00", armed=False)), zone=BERLIN)
    found = schedule.in_force("armed", utc("2026-03-29T01:00"))
    assert found.value is True
    assert found.since == utc("2026-03-29T01:00")  # 02:00 became 03:00
    assert found.until == utc("2026-03-29T02:00")


def test_two_times_that_do_not_exist_keep_their_order() -> None:
    rules = (rule("02:45", armed=False), rule("02:15", armed=True))
    schedule = Schedule(rules, zone=BERLIN)
    assert schedule.in_force("armed", utc("2026-03-29T01:00")).value is False


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    schedule = Schedule((rule("02:30", armed=True), rule("02:50", armed=False)), zone=BERLIN)
    found = schedule.in_force("armed", utc("2026-10-25T00:40"))
    assert (found.value, found.since) == (True, utc("2026-10-25T00:30"))
    assert found.until == utc("2026-10-25T00:50")
    again = schedule.in_force("armed", utc("2026-10-25T01:40"))  # 02:40 once more
    assert (again.value, again.since) == (False, utc("2026-10-25T00:50"))


def test_a_week_has_its_days() -> None:
    rules = (rule("08:00", "mon", privacy=False), rule("18:00", "fri", privacy=True))
    schedule = Schedule(rules, zone=ZoneInfo("UTC"))
    weekend = schedule.in_force("privacy", utc("2026-11-29T12:00"))  # a Sunday
    assert weekend == Planned(
        True, utc("2026-11-27T18:00"), utc("2026-11-30T08:00"), utc("2026-11-30T08:00")
    )


def test_the_end_of_a_value_is_when_another_comes_and_a_command_ends_at_the_next_time() -> None:
    rules = (rule("06:00", armed=False), rule("20:00", armed=True), rule("22:00", armed=True))
    found = Schedule(rules, zone=ZoneInfo("UTC")).in_force("armed", utc("2026-11-29T21:00"))
    assert found.until == utc("2026-11-30T06:00")
    assert found.next_at == utc("2026-11-29T22:00")


def test_of_two_rules_at_one_moment_the_later_in_the_list_wins() -> None:
    rules = (rule("06:00", sensitivity="low"), rule("06:00", "sun", sensitivity="high"))
    schedule = Schedule(rules, zone=ZoneInfo("UTC"))
    assert schedule.in_force("sensitivity", utc("2026-11-28T07:00")).value == "low"
    assert schedule.in_force("sensitivity", utc("2026-11-29T07:00")).value == "high"


def test_a_value_that_nothing_takes_back_has_no_end_and_what_no_rule_sets_has_no_value() -> None:
    schedule = Schedule((rule("06:00", armed=True),), zone=ZoneInfo("UTC"))
    found = schedule.in_force("armed", utc("2026-11-29T07:00"))
    assert (found.value, found.until) == (True, None)
    assert found.next_at == utc("2026-11-30T06:00")
    assert schedule.in_force("privacy", utc("2026-11-29T07:00")) == Planned(None, None, None, None)


@pytest.mark.parametrize(
    ("day", "event", "expected"),
    [  # almanac of Berlin, in UTC, within two minutes
        ("2026-06-21", "sunrise", "02:43"),
        ("2026-06-21", "sunset", "19:33"),
        ("2026-12-21", "sunrise", "07:15"),
        ("2026-12-21", "sunset", "14:54"),
    ],
)
def test_the_sun_of_an_almanac(day: str, event: str, expected: str) -> None:
    schedule = Schedule((rule(event, armed=True),), HERE, BERLIN)
    since = schedule.in_force("armed", utc(f"{day}T23:00")).since
    assert since is not None
    assert abs(since - utc(f"{day}T{expected}")) <= timedelta(minutes=2)


def test_an_offset_moves_the_sun() -> None:
    plain = Schedule((rule("sunset", armed=True),), HERE, BERLIN)
    moved = Schedule((rule("sunset-00:30", armed=True),), HERE, BERLIN)
    later = Schedule((rule("sunrise + 1:15", privacy=True),), HERE, BERLIN)
    now = utc("2026-11-29T23:00")
    at, earlier = plain.in_force("armed", now).since, moved.in_force("armed", now).since
    assert at is not None
    assert earlier == at - timedelta(minutes=30)
    sunrise = Schedule((rule("sunrise", privacy=True),), HERE, BERLIN).in_force("privacy", now)
    assert sunrise.since is not None
    assert later.in_force("privacy", now).since == sunrise.since + timedelta(minutes=75)


DARK = (rule("sunset", armed=True), rule("sunrise", armed=False))


def test_in_the_polar_night_what_sunset_set_holds_and_ends_with_the_first_sunrise() -> None:
    schedule = Schedule(DARK, TROMSO, ZoneInfo("Europe/Oslo"))
    found = schedule.in_force("armed", utc("2026-12-21T11:00"))
    assert found.value is True
    assert found.since is not None
    assert found.since.month == 11
    assert found.until is not None
    assert (found.until.year, found.until.month) == (2027, 1)


def test_a_day_that_is_shorter_than_the_offsets_into_it_never_begins() -> None:
    """The last ones before the polar night: sunset's time comes before sunrise's."""
    rules = (rule("sunrise+00:30", armed=False), rule("sunset-00:30", armed=True))
    schedule = Schedule(rules, Location(69.6, 18.9), UTC)
    for day in range(20, 31):
        night = schedule.in_force("armed", datetime(2026, 11, day, 22, 0, tzinfo=UTC))
        assert night.value is True, day
    assert night.until is not None
    assert night.until.year == 2027


def test_a_night_that_is_shorter_than_the_offsets_into_it_never_begins() -> None:
    shorter = Schedule(
        (rule("sunrise-00:45", armed=False), rule("sunset+00:45", armed=True)), TROMSO, UTC
    )
    june = shorter.in_force("armed", datetime(2026, 6, 20, 12, 0, tzinfo=UTC))
    assert june.value is False


def test_on_the_polar_day_what_sunrise_set_holds() -> None:
    schedule = Schedule(DARK, TROMSO, ZoneInfo("Europe/Oslo"))
    found = schedule.in_force("armed", utc("2026-06-21T23:00"))
    assert found.value is False
    assert found.until is not None
    assert found.until.month == 7


@pytest.mark.parametrize("latitude", [-90.0, 90.0, 89.9, -77.8, 67.0])
def test_at_no_pole_anything_fails(latitude: float) -> None:
    schedule = Schedule(DARK, Location(latitude, 0.0), ZoneInfo("UTC"))
    for month in range(1, 13):
        found = schedule.in_force("armed", datetime(2026, month, 15, tzinfo=UTC))
        assert found.value in {True, False, None}


_TIMES = st.one_of(
    st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59)),
    st.builds(
        "{}{}{}:{:02d}".format,
        st.sampled_from(["sunrise", "sunset"]),
        st.sampled_from("+-"),
        st.integers(0, 5),
        st.integers(0, 59),
    ),
)
_RULES = st.lists(
    st.builds(
        lambda at, days, armed: Rule.model_validate(
            {"at": at, "days": sorted(days), "armed": armed}
        ),
        _TIMES,
        st.sets(st.sampled_from(DAYS), min_size=1),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)
_ZONES = st.sampled_from(sorted({zone for zone, _ in CHANGES} | {"Pacific/Kiritimati"}))
_PLACES = st.builds(Location, st.floats(-60, 60), st.floats(-180, 180))
#: From 2025 to 2030.
_MOMENTS = st.integers(1_735_689_600, 1_893_456_000).map(lambda it: datetime.fromtimestamp(it, UTC))


@settings(max_examples=30, deadline=None)
@given(rules=_RULES, zone=_ZONES, place=_PLACES, now=_MOMENTS)
def test_a_value_holds_from_since_until_the_next_time(
    rules: list[Rule], zone: str, place: Location, now: datetime
) -> None:
    schedule = Schedule(tuple(rules), place, ZoneInfo(zone))
    found = schedule.in_force("armed", now)
    assert found.since is not None  # each week has every day
    assert found.next_at is not None
    assert found.since <= now < found.next_at
    assert schedule.in_force("armed", found.since) == found
    assert schedule.in_force("armed", found.next_at - timedelta(microseconds=1)) == found
    then = schedule.in_force("armed", found.next_at)
    assert then.since == found.next_at
    if found.until is None:  # of two rules for one moment the last one counts
        for _ in range(2 * len(rules)):
            assert then.value is found.value
            assert then.next_at is not None
            then = schedule.in_force("armed", then.next_at)
    else:
        assert found.until >= found.next_at
        assert schedule.in_force("armed", found.until).value is not found.value
