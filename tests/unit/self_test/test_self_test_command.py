"""The command `self-test` next to others that ask at the same time; the agent is a hand here."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.commands import self_test
from agent.core.errors import ConfigError
from agent.runtime.clock import Waitable
from agent.runtime.health_file import write_health
from agent.self_test.last_result import keep
from agent.self_test.request_file import FORGOTTEN_AFTER, Wanted, Wishes, want, wanted, withdraw
from schemas.self_test import SelfTestResult
from tests.support.clock import START, FakeClock


class Hand(FakeClock):
    """Does something while the command waits."""

    def __init__(self, does: Callable[[], object]) -> None:
        super().__init__()
        self._does = does

    def wait(self, stop: Waitable, seconds: float) -> bool:
        self._does()
        return super().wait(stop, seconds)


def run(folder: Path, camera: str | None, does: Callable[[], object]) -> tuple[int, list[str]]:
    write_health(folder, "ok", {})
    said: list[str] = []
    arguments = argparse.Namespace(camera=camera, json=False)
    code = self_test.run(arguments, ("door", "yard"), folder, Hand(does), said.append)
    return code, said


def passes(folder: Path, camera: str) -> Callable[[], None]:
    """A test with the settings of this camera begins, and passes."""

    def does() -> None:
        keep(folder, SelfTestResult(result="passed", at=START, camera=camera, seconds=1.0))
        withdraw(folder)

    return does


@pytest.mark.parametrize("camera", ["yard", None])
def test_its_own_test_is_told(tmp_path: Path, camera: str | None) -> None:
    code, said = run(tmp_path, camera, passes(tmp_path, "yard"))
    assert (code, said[0]) == (0, "self test with the settings of yard: passed in 1.0 s")


def test_the_test_of_another_camera_is_not_told_as_its_own(tmp_path: Path) -> None:
    code, said = run(tmp_path, "door", passes(tmp_path, "yard"))
    assert code == 1
    assert "camera yard was begun instead" in said[0]


def test_a_wish_of_another_command_is_left_alone(tmp_path: Path) -> None:
    want(tmp_path, "yard")
    code, said = run(tmp_path, "door", lambda: None)
    assert (code, said[0].startswith("no self test: another command")) == (1, True)
    assert wanted(tmp_path) == Wanted("yard")


def test_a_wish_that_nobody_takes_is_withdrawn(tmp_path: Path) -> None:
    code, said = run(tmp_path, "door", lambda: write_health(tmp_path, "ok", {}))
    assert (code, "did not begin" in said[0]) == (1, True)
    assert wanted(tmp_path) is None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".self_test_wanted.json.part").mkdir()
    with pytest.raises(ConfigError) as refused:
        run(tmp_path, "door", lambda: None)
    assert "run it as" not in str(refused.value)


def test_a_wish_of_a_command_that_was_killed_is_forgotten_one_day(tmp_path: Path) -> None:
    clock = FakeClock()
    wishes = Wishes(tmp_path, clock)
    want(tmp_path, "a camera of yesterday")
    assert wishes.look() is not None
    clock.advance(FORGOTTEN_AFTER - 2.0)
    assert wishes.look() is not None
    clock.advance(2.0)
    assert wishes.look() is None
    assert wanted(tmp_path) is None
    want(tmp_path, "yard")  # a new one has its own time
    clock.advance(FORGOTTEN_AFTER)
    assert wishes.look() == Wanted("yard")
