"""A mistyped command is answered with the one that was meant, not with a list of all."""

from __future__ import annotations

import pytest

from agent import cli


@pytest.mark.parametrize(
    ("word", "hint"),
    [("helth", "did you mean health?"), ("selftest", "self-test?"), ("xyzzy", "--help lists all")],
)
def test_what_is_no_command_is_named_with_the_nearest_one(
    word: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run_command([word]) == cli.EXIT_CONFIG
    said = capsys.readouterr().err
    assert said.startswith(f"'{word}' is no command; ")
    assert said.count("\n") == 1
    assert hint in said
