"""Rules of a schedule: what is taken, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config.loader import Given
from agent.config.schedule_notes import schedule_notes
from schemas.config import Config
from schemas.schedule_config import Rule

PLACE = {"latitude": 52.52, "longitude": 13.40}


def config(**changes: Any) -> Config:  # noqa: ANN401  keys of the configuration
    return Config.model_validate({"cameras": {"yard": {"source": "demo:"}}, **changes})


def mistakes(**changes: Any) -> list[str]:  # noqa: ANN401  keys of the configuration
    given = Given(None, {"cameras": {"yard": {"source": "demo:"}}, **changes})
    given.config()
    return given.mistakes


@pytest.mark.parametrize(
    ("rule", "where", "words"),
    [
        ({"at": 1320, "armed": True}, "schedule.0.at", 'did you mean "22:00"?'),
        ({"at": "24:00", "armed": True}, "schedule.0.at", "'24:00' is no time"),
        ({"at": "noon", "armed": True}, "schedule.0.at", "`sunrise`, `sunset-00:30`"),
        ({"at": "sunset+7:00", "armed": True}, "schedule.0.at", "at most 6 hours"),
        ({"at": "22:00"}, "schedule.0", "sets nothing: add one of armed, privacy"),
        ({"armed": True}, "schedule.0", "`at` is missing"),
        ({"at": "22:00", "armd": True}, "schedule.0.armd", "did you mean armed?"),
        ({"at": "22:00", "armed": "x"}, "schedule.0.armed", "must be true or false"),
        ({"at": "22:00", "armed": True, "days": ["mo"]}, "schedule.0.days", "'mo' is no day"),
        ({"at": "22:00", "sensitivity": "custom"}, "schedule.0.sensitivity", "must be 'low'"),
    ],
)
def test_a_bad_rule_names_its_key_and_what_helps(
    rule: dict[str, Any], where: str, words: str
) -> None:
    (told,) = mistakes(schedule=[rule])
    assert f": {where}: " in told
    assert words in told
    (told,) = mistakes(cameras={"yard": {"source": "demo:", "schedule": [rule]}})
    assert f"cameras.yard.{where}: " in told
    assert words in told


def test_the_sun_needs_a_place() -> None:
    (told,) = mistakes(schedule=[{"at": "sunrise", "armed": True}])
    assert "schedule: 'sunrise' needs a place: add `location: {latitude: 52.52" in told
    camera = {"source": "demo:", "schedule": [{"at": "sunset-00:30", "armed": True}]}
    (told,) = mistakes(cameras={"yard": camera})
    assert "yard.schedule: 'sunset-00:30' needs a place" in told
    assert mistakes(location=PLACE, cameras={"yard": camera}) == []


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("weekdays", ("mon", "tue", "wed", "thu", "fri")),
        ("weekend", ("sat", "sun")),
        ("daily", ("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
        ("Sun, mon", ("mon", "sun")),
        (["fri", "FRI"], ("fri",)),
    ],
)
def test_days_by_name_and_by_word(days: object, expected: tuple[str, ...]) -> None:
    rule = Rule.model_validate({"at": "7:05", "days": days, "armed": True})
    assert rule.days == expected


def test_a_rule_prints_as_it_is_written() -> None:
    rule = Rule.model_validate({"at": "22:00", "days": "weekend", "armed": True})
    assert repr(rule) == '{at: "22:00", days: [sat, sun], armed: true}'


def test_a_camera_has_its_own_schedule_or_that_of_the_agent_and_none_where_it_is_empty() -> None:
    rules = [{"at": "22:00", "armed": True}]
    cameras = {
        "yard": {"source": "demo:"},
        "hall": {"source": "demo:", "schedule": [{"at": "07:00", "privacy": True}]},
        "pond": {"source": "demo:", "schedule": []},
    }
    made = config(schedule=rules, cameras=cameras)
    assert [it.at for it in made.rules_of("yard")] == ["22:00"]
    assert [it.at for it in made.rules_of("hall")] == ["07:00"]
    assert made.rules_of("pond") == ()


def test_notes_say_what_may_not_be_meant() -> None:
    once = config(schedule=[{"at": "22:00", "armed": True}])
    (note,) = schedule_notes(once, clock_sure=True)
    assert note.startswith("schedule sets armed to nothing but true: no other time takes it back")
    both = [{"at": "sunset", "armed": True}, {"at": "sunrise", "armed": False}]
    assert schedule_notes(config(schedule=both, location=PLACE), clock_sure=True) == []
    (note,) = schedule_notes(config(schedule=both, location=PLACE), clock_sure=False)
    assert "the clock is not synchronised now" in note
    north = {"latitude": 69.6, "longitude": 18.9}
    (note,) = schedule_notes(config(schedule=both, location=north), clock_sure=True)
    assert "on some days the sun does not rise or not set there" in note
    (note,) = schedule_notes(config(location=PLACE), clock_sure=False)
    assert note == "location does nothing: no schedule names sunrise or sunset"
