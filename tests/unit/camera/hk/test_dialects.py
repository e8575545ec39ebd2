from __future__ import annotations

import pytest

from agent.camera.hk.dialects import FORGET_AFTER, Dialect, DialectChoice


def test_until_one_has_worked_both_are_tried_the_first_first() -> None:
    choice = DialectChoice()

    assert (choice.first_try, choice.second_try) == (Dialect.FIRST, Dialect.SECOND)
    choice.unanswered()
    assert (choice.first_try, choice.second_try) == (Dialect.FIRST, Dialect.SECOND)


@pytest.mark.parametrize("worked", list(Dialect))
def test_what_has_worked_is_spoken_alone(worked: Dialect) -> None:
    choice = DialectChoice()

    choice.opened(worked)

    assert (choice.first_try, choice.second_try) == (worked, None)


def test_what_has_worked_is_forgotten_after_some_openings_without_an_answer() -> None:
    choice = DialectChoice()
    choice.opened(Dialect.SECOND)

    for _ in range(FORGET_AFTER - 1):
        choice.unanswered()
    assert choice.first_try is Dialect.SECOND
    choice.unanswered()
    assert (choice.first_try, choice.second_try) == (Dialect.FIRST, Dialect.SECOND)


@pytest.mark.parametrize("only", list(Dialect))
def test_a_dialect_in_the_url_is_the_only_one(only: Dialect) -> None:
    choice = DialectChoice(only)
    for _ in range(FORGET_AFTER):
        choice.unanswered()

    assert (choice.first_try, choice.second_try) == (only, None)
