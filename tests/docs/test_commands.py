"""The page of commands: nothing on it is empty."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"


def test_each_command_and_each_option_has_a_meaning() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[it.strip() for it in line.split(" | ")] for line in lines if line.startswith("| ")]
    assert len(rows) > 80
    assert [row[0] for row in rows if not row[-1].strip(" |")] == []
    titles = [n for n, line in enumerate(lines) if line.startswith("## ")]
    assert [lines[n] for n in titles if len(lines[n + 2]) < 10] == []
