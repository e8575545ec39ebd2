"""The one question to the kernel that can be asked without a real clock being moved."""

from __future__ import annotations

import sys

import pytest

from agent.runtime import clock
from agent.runtime.clock import SystemClock, clock_is_synchronised


def test_the_seconds_since_the_boot_go_on_while_the_machine_sleeps() -> None:
    system = SystemClock()
    assert system.monotonic() <= system.since_boot() <= system.since_boot()


@pytest.mark.skipif(sys.platform != "linux", reason="adjtimex is Linux's")
def test_this_machines_kernel_gives_an_answer() -> None:
    assert clock_is_synchronised() in {True, False}


@pytest.mark.parametrize(("answer", "good"), [(0, True), (4, True), (5, False), (-1, False)])
def test_only_a_clock_that_is_kept_right_is_synchronised(
    monkeypatch: pytest.MonkeyPatch,
    answer: int,
    good: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(clock, "adjtimex", lambda _: answer)
    assert clock_is_synchronised() is good


def test_where_it_cannot_be_asked_the_clock_is_not_to_be_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "adjtimex", None)
    assert not clock_is_synchronised()
